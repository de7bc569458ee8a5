import Audio
import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Names that nothing recognises, and files that hold more than one model.
@Suite("Prefixes and maps of names") struct NameMapTests {
  static let name = "wav2vec2_base"

  /// The hidden state before the head, from the reference's input.
  private func lastState(_ model: SpeechModel) throws -> Tensor {
    let waveform = try Waveform.read(resource("\(Self.name)/input.wav"))
    return try #require(try values(of: model, waveform, ["hidden.3"])["hidden.3"])
  }

  /// As one's own training code might call them: `net.stem.3.conv.weight`, `net.blocks.0.att.k_proj.bias` …
  private func ownName(_ name: String) -> String {
    let own = name.replacing("wav2vec2.", with: "")
      .replacing("feature_extractor.conv_layers", with: "stem")
      .replacing("encoder.layers", with: "blocks").replacing(".attention.", with: ".att.")
    return "net." + own
  }

  private static let rules = """
    # from our names to Hugging Face's
    stem.**: feature_extractor.conv_layers.**
    blocks.*.att.**: encoder.layers.*.attention.**
    blocks.*.*.**: encoder.layers.*.*.**
    """

  private func load(_ options: LoadOptions) throws -> SpeechModel {
    try loadChanged(Self.name, options: options) { tensors in
      tensors = tensors.map { (ownName($0.name), $0.tensor) }
    }
  }

  @Test("a prefix and a map lead to the same numbers")
  func mapped() throws {
    let names = try withMap(Self.rules) { try NameTable(contentsOf: $0) }
    let model = try load(LoadOptions(prefix: "net", names: names))
    let whole = try SpeechModel.load(resource(Self.name))
    #expect(try lastState(model) == lastState(whole))
    #expect(model.taps == whole.taps)
    #expect(model.tensorReport.used == whole.tensorReport.used)
  }

  @Test("without them the file is not known, and the words say what there is to do")
  func unmapped() throws {
    let words = message { _ = try load(LoadOptions(modelType: "wav2vec2")) }
    #expect(words.contains("--map renames"))
    #expect(
      words.contains(
        "net.blocks.0.att.k_proj.bias (the nearest missing: encoder.layers.0.attention.k_proj.bias)"),
      "\(words)")
    let unknown = message {
      _ = try loadChanged(Self.name, configuration: nil) {
        $0 = $0.enumerated().map { ("x.\($0.offset)", $0.element.tensor) }
      }
    }
    #expect(unknown.contains("--prefix and --map") && unknown.contains("x.0"), "\(unknown)")
  }

  @Test("of two models in a file the one that is named, under a fingerprint of its own")
  func twoModels() throws {
    func load(_ prefix: String?) throws -> SpeechModel {
      try loadChanged(Self.name, options: LoadOptions(prefix: prefix)) { tensors in
        tensors = tensors.flatMap { name, tensor in
          [
            ("student.\(name)", tensor),
            ("teacher.\(name)", Tensor(tensor.values.map { $0 / 2 }, shape: tensor.shape)),
          ]
        }
      }
    }
    let words = message { _ = try load(nil) }
    #expect(words.contains("name it with --prefix (student.wav2vec2, teacher.wav2vec2)"), "\(words)")
    let (student, teacher) = (try load("student"), try load("teacher."))
    #expect(try lastState(student) == lastState(SpeechModel.load(resource(Self.name))))
    #expect(try lastState(student) != lastState(teacher))
    #expect(student.fingerprint != teacher.fingerprint)
    #expect(student.tensorReport.leftOut.contains("teacher.lm_head.bias"))
    #expect(student.taps.last?.name == "logits")
  }

  @Test("a prefix that nothing has lists what there is")
  func unknownPrefix() throws {
    let path = ContainerTests.path("lightning.ckpt")
    let words = message { _ = try SpeechModel.load(path, options: LoadOptions(prefix: "module")) }
    #expect(
      words
        == "\(path): no tensor's name begins with module.; they begin with model (67 tensors), head (2 tensors)"
    )
    #expect(
      message { _ = try SpeechModel.load(path, options: LoadOptions(prefix: "")) }.contains("begins with"))
  }

  @Test("each rule must fit; those that do not are listed with the nearest names")
  func idleRules() throws {
    let table = NameTable([("model.encodr.layers.*.**", "encoder.layers.*.**"), ("head.**", "lm_head.**")])
    let path = ContainerTests.path("lightning.ckpt")
    let words = message { _ = try SpeechModel.load(path, options: LoadOptions(names: table)) }
    #expect(
      words.contains("rules that fit no tensor")
        && words.contains("model.encodr.layers.*.** (the nearest: model.encoder"))
    #expect(!words.contains("head.**"))
    // A rule behind one that takes all its tensors never fits.
    let shadowed = NameTable([("head.**", "a.**"), ("head.weight", "b")])
    #expect(
      message { _ = try SpeechModel.load(path, options: LoadOptions(names: shadowed)) }.contains(
        "  head.weight"))
    // Two tensors under one name.
    let colliding = NameTable([("head.weight", "head.bias")])
    #expect(
      message { _ = try SpeechModel.load(path, options: LoadOptions(names: colliding)) }.contains(
        "each name once"))
  }

  @Test(
    "what is no map is refused, by line",
    arguments: [
      ("a.*.b: c.b", "line 1"), ("ok: fine\na.**: b.*", "line 2"), ("a*: b*", "no part may have a star"),
      ("a.**.c: b.**.c", "no part may have a star"), ("[1, 2]", "no rule"), ("", "no rule"),
      ("a: [b]", "line 1"),
      ("a:\nb: c", "not two names"), ("a: b: c", "YAML"), ("a: x\na: y", "YAML"),
      ("a: \"\"", "no part may"),
      (".: a", "no part may"),
    ])
  func malformedMaps(yaml: String, expected: String) throws {
    let words = try withMap(yaml) { path in message { _ = try NameTable(contentsOf: path) } }
    #expect(words.contains("names.yaml") && words.contains(expected), "\(words)")
  }

  @Test func missingMap() {
    #expect(message { _ = try NameTable(contentsOf: "/nowhere/names.yaml") }.contains("cannot be read"))
  }

  private func withMap<R>(_ yaml: String, _ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("names.yaml")
    try Data(yaml.utf8).write(to: path)
    return try body(path.path)
  }
}
