/// What a tap point is: its name, read.
///
/// ```swift
/// TapKind("hidden.7")                    // .hidden(7)
/// TapKind("decoder.cross_attention.2")   // .tower("decoder", .crossAttention(2))
/// ```
public enum TapKind: Hashable, Sendable {
  /// The output of a convolution of the front end, from 1.
  case convolution(Int)
  case projection
  /// What enters the first block (0), or the output of a block, from 1.
  case hidden(Int)
  /// The attention weights of a block, from 1.
  case attention(Int)
  /// A decoder's attention over the encoder's frames, from 1.
  case crossAttention(Int)
  /// After the norm that follows the last block.
  case finalNorm
  case logits
  /// The same of a second tower or a decoder.
  indirect case tower(String, TapKind)
  /// A name of one architecture's own.
  case other(String)

  /// The kind of a tap point by its name; `.other` for a name that follows no pattern.
  public init(_ name: String) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let number = parts.count == 2 ? Int(parts[1]) : nil
    self =
      switch (parts.first, number) {
      case ("conv", let number?): .convolution(number)
      case ("hidden", let number?): .hidden(number)
      case ("attention", let number?): .attention(number)
      case ("cross_attention", let number?): .crossAttention(number)
      case ("projection", nil) where parts.count == 1: .projection
      case ("final_norm", nil) where parts.count == 1: .finalNorm
      case ("logits", nil) where parts.count == 1: .logits
      case (let tower?, nil) where parts.count == 2 && Self.towers.contains(tower):
        .tower(tower, TapKind(parts[1]))
      default: .other(name)
      }
  }

  /// Prefixes of what is not the model's first encoder.
  private static let towers: Set = ["decoder", "text"]

  /// Whether it is a layer of the convolutional front end.
  public var isConvolution: Bool { if case .convolution = self { true } else { false } }
  /// Hidden layers of the first encoder.
  public var isHidden: Bool { if case .hidden = self { true } else { false } }
  /// Whether it is a layer of the decoder.
  public var isOfDecoder: Bool { if case .tower("decoder", _) = self { true } else { false } }
}

extension TapPoint {
  /// What kind of layer it is, by its name.
  public var kind: TapKind { TapKind(name) }
}
