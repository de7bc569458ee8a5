import Models
import Testing

@Suite("Tap kinds") struct TapKindTests {
  @Test(
    "are read from names",
    arguments: [
      ("conv.7", TapKind.convolution(7)), ("projection", .projection), ("hidden.0", .hidden(0)),
      ("attention.12", .attention(12)), ("final_norm", .finalNorm), ("logits", .logits),
      ("decoder.hidden.3", .tower("decoder", .hidden(3))), ("text.final_norm", .tower("text", .finalNorm)),
      ("decoder.cross_attention.2", .tower("decoder", .crossAttention(2))),
      ("hidden.x", .other("hidden.x")), ("pooled", .other("pooled")), ("", .other("")),
    ])
  func reading(name: String, kind: TapKind) {
    #expect(TapKind(name) == kind)
  }

  @Test("a second tower's layers are none of the first encoder's")
  func towers() {
    #expect(TapKind("hidden.3").isHidden && !TapKind("decoder.hidden.3").isHidden)
    #expect(TapKind("decoder.logits").isOfDecoder && !TapKind("logits").isOfDecoder)
    #expect(TapKind("conv.1").isConvolution && !TapKind("text.conv.1").isConvolution)
  }
}
