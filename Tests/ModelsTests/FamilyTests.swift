import Audio
import Foundation
import OrderedCollections
import StrataTestSupport
import Tensors
import Testing

@testable import Checkpoints
@testable import Models

/// Tiny models of every family in `Resources/families`, which scripts/families.py makes with transformers 5.24.0.
@Suite("Families") struct FamilyTests {
  static let texts: Set<String> = [
    "distilbert", "electra", "mpnet", "gpt2", "llama", "qwen2", "qwen3", "mistral", "t5", "t5_gated",
    "modernbert", "albert", "deberta_v2", "deberta_v3",
  ]
  static let all: [String] = {
    let folder = resource("families")
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }()
  static let sounds = all.filter { !texts.contains($0) }
  static let tokens = [5, 9, 12, 7, 30, 41, 3, 8, 11]

  /// The largest difference from what transformers has under the same name, over its largest value.
  private func check(_ name: String, _ found: [String: Tensor]) throws {
    let reference = try Checkpoint.open(resource("families/\(name)/reference.safetensors"))
    #expect(!reference.tensors.isEmpty)
    var worst: (error: Float, tap: String) = (0, "")
    for key in reference.tensors.keys {
      let parts = key.split(separator: "@")
      let tap = String(parts[0])
      let expected = try reference.tensor(key)
      guard let values = found[tap] else {
        Issue.record("\(name) has no \(tap)")
        continue
      }
      let ours = everyRow(parts.count > 1 ? try #require(Int(parts[1])) : 1, of: values)
      #expect(ours.shape == expected.shape, "\(name) \(tap)")
      guard ours.shape == expected.shape else { continue }
      let error = relativeError(ours, expected)
      #expect(error < ParityTests.tolerance, "\(name) \(tap): \(error)")
      if error >= worst.error { worst = (error, tap) }
    }
    print("\(name): worst relative error \(worst.error) at \(worst.tap)")
  }

  private func sound(_ name: String) throws -> Waveform {
    try .read(resource(name.hasPrefix("clap") ? "clap/input.wav" : "wav2vec2_base/input.wav"))
  }

  @Test("every value of transformers'", arguments: sounds)
  func sound(name: String) throws {
    let model = try SpeechModel.load(resource("families/\(name)"))
    let taps = Set(model.taps.map(\.name))
    let found = try values(of: model, sound(name), taps, threads: 2)
    #expect(Set(found.keys) == taps)
    for tap in model.taps { #expect(found[tap.name]?.width == tap.width, "\(name) \(tap.name)") }
    try check(name, found)
    // As many frames as its timing says, but for what padding at the ends adds.
    let attention = try #require(model.attentionTaps.last ?? model.taps.last)
    #expect(attention.timing?.samplingRate == model.samplingRate)
    #expect(throws: ModelError.self) {
      try model.forward(Waveform(samples: [], samplingRate: model.samplingRate), taps: taps) { _, _ in }
    }
  }

  @Test("every value of transformers' for text", arguments: all.filter { texts.contains($0) })
  func text(name: String) throws {
    let model = try TextModel.load(resource("families/\(name)"))
    var found: [String: Tensor] = [:]
    let taps = Set((model.taps + model.attentionTaps).map(\.name))
    try model.forward(tokens: Self.tokens, taps: taps) { found[$0] = $1 }
    #expect(Set(found.keys) == taps)
    try check(name, found)
    // Padding changes no token before it.
    var padded: [String: Tensor] = [:]
    try model.forward(tokens: Self.tokens + [0, 0], validTokens: Self.tokens.count, taps: taps) {
      padded[$0] = $1
    }
    let last = try #require(model.taps.last).name
    let rows = try #require(padded[last]).rows(0..<Self.tokens.count)
    #expect(relativeError(rows, try #require(found[last])) < 1e-5)
  }

  @Test(
    "what a decoder makes of a token does not hang on what comes after it",
    arguments: [
      "gpt2", "llama", "qwen2", "qwen3", "mistral",
    ].filter { all.contains($0) })
  func causal(name: String) throws {
    let model = try TextModel.load(resource("families/\(name)"))
    func last(_ tokens: [Int]) throws -> Tensor {
      var found: Tensor?
      try model.forward(tokens: tokens, taps: ["final_norm"]) { found = $1 }
      return try #require(found).rows(0..<4)
    }
    #expect(relativeError(try last(Array(Self.tokens.prefix(4))), try last(Self.tokens)) < 1e-5)
    #expect(model.tensorReport.notes.contains { $0.contains("only itself and those before it") })
  }

  @Test("an untrained twin has the same taps and its own values", arguments: all)
  func twin(name: String) throws {
    if Self.texts.contains(name) {
      let model = try TextModel.load(resource("families/\(name)"))
      func last(_ model: TextModel) throws -> Tensor {
        var found: Tensor?
        try model.forward(tokens: Self.tokens, taps: ["hidden.2"]) { found = $1 }
        return try #require(found)
      }
      let twin = try model.randomTwin(seed: 7)
      #expect(twin.taps == model.taps)
      #expect(try last(twin) == last(model.randomTwin(seed: 7)) && last(twin) != last(model))
      return
    }
    let model = try SpeechModel.load(resource("families/\(name)"))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps)
    let tap = try #require(model.taps.last { $0.name.hasPrefix("hidden") || $0.name == "embeds" }).name
    func last(_ model: SpeechModel) throws -> Tensor? { try values(of: model, sound(name), [tap])[tap] }
    #expect(try last(twin) == last(model.randomTwin(seed: 7)) && last(twin) != last(model))
  }
}

/// Every tensor that a model takes, missing or with one row more, in every model that lies among the tests' resources:
/// an error, never a crash.
@Suite("Damaged checkpoints") struct DamagedFamilyTests {
  static let folders = ["", "families/", "towers/"].flatMap { parent in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: resource(parent))) ?? []
    return names.sorted().map { parent + $0 }.filter { folder in
      ["config.json", "model.safetensors"].allSatisfy {
        FileManager.default.fileExists(atPath: resource("\(folder)/\($0)"))
      }
    }
  }

  @Test("are of every family") func folderCount() { #expect(Self.folders.count >= 60) }

  /// What building makes of the folder's tensors after `edit`; the report's names of what was left out.
  private func build(
    _ checkpoint: Checkpoint, _ edit: (inout OrderedDictionary<String, TensorEntry>) -> Void
  ) throws -> TensorReport {
    var tensors = checkpoint.tensors
    edit(&tensors)
    let changed = Checkpoint(
      path: checkpoint.path, format: checkpoint.format, tensors: tensors, metadata: checkpoint.metadata,
      skipped: checkpoint.skipped, foreignClasses: checkpoint.foreignClasses, files: checkpoint.files)
    let description = try ModelDescription(changed, LoadOptions())
    let isText = checkpoint.path.hasSuffix("clap_text") || description.modelType != "clap"
    if isText, TextModel.reads(modelType: description.modelType ?? "") {
      return try TextArchitectures.build(description).report
    }
    return try SpeechModel.build(description).report
  }

  /// What stands behind the encoder is left out as a whole where a part of it is not there, and listed so.
  private static func isHead(_ name: String) -> Bool {
    ["head", "projection", "classifier"].contains { name.contains($0) }
  }

  @Test("are refused by what is missing or of another shape", arguments: folders)
  func damaged(folder: String) throws {
    let checkpoint = try Checkpoint.open(resource(folder))
    let whole = try build(checkpoint) { _ in }
    let description = try ModelDescription(checkpoint, LoadOptions())
    let leftOut = Set(whole.leftOut + description.checkpoint.setAside)
    var tried = 0
    for (name, entry) in checkpoint.tensors where !leftOut.contains(name) {
      guard !leftOut.contains(where: { name.hasSuffix($0) }) else { continue }
      tried += 1
      do {
        let report = try build(checkpoint) { $0[name] = nil }
        #expect(
          report.leftOut.count >= whole.leftOut.count && Self.isHead(name), "\(folder) without \(name)")
      } catch let error as ModelError {
        #expect("\(error)".count > folder.count, "\(folder) without \(name)")
      }
      guard let rows = entry.shape.first else { continue }
      let longer = TensorEntry(
        name: name, shape: [rows + 1] + entry.shape.dropFirst(), type: entry.type, strides: entry.strides,
        offset: entry.offset, storage: entry.storage)
      do {
        let report = try build(checkpoint) { $0[name] = longer }
        #expect(
          report.leftOut.count >= whole.leftOut.count && Self.isHead(name), "\(folder), \(name) longer")
      } catch let error as ModelError {
        #expect("\(error)".count > folder.count, "\(folder), \(name) longer")
      }
    }
    #expect(tried > 10, "\(folder): \(tried) tensors")
  }
}
