import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

/// A CLAP and a Whisper with small random weights, each with a tokeniser of letters, so that their texts can be read.
@Suite("Two towers, as a command") struct InterveneTowerTests {
  private let resources = Repository.path("Tests/ModelsTests/Resources")

  /// Short sentences of two voices: the decoder takes forty letters.
  private func corpus(in folder: TemporaryFolder, shorterThan seconds: Double) throws -> String {
    var count = 0
    for speaker in ["awb", "kal", "ked", "kef", "slt"] {
      var own = 0
      let names = try FileManager.default.contentsOfDirectory(
        atPath: Repository.path("fixtures/unseen/\(speaker)")
      )
      .filter { $0.hasSuffix(".TextGrid") }.sorted()
      for name in names where own < 5 {
        let grid = Repository.path("fixtures/unseen/\(speaker)/\(name)")
        let text = try String(contentsOfFile: grid, encoding: .utf8)
        let end = text.split(separator: "xmax = ").dropFirst().first?.prefix { "0123456789.".contains($0) }
        guard let end, let length = Double(end), length < seconds else { continue }
        let stem = name.replacingOccurrences(of: ".TextGrid", with: "")
        for kind in ["flac", "TextGrid"] {
          let data = try Data(
            contentsOf: URL(filePath: Repository.path("fixtures/unseen/\(speaker)/\(stem).\(kind)")))
          try folder.write(data, to: "corpus/\(speaker)/\(stem).\(kind)")
        }
        (own, count) = (own + 1, count + 1)
      }
    }
    try #require(count >= 10, "\(count) recordings are shorter than \(seconds) s")
    return folder.path + "/corpus"
  }

  private func letters(after first: Int) -> [String: Int] {
    let letters = "abcdefghijklmnopqrstuvwxyz'".map(String.init) + ["Ġ"]
    return Dictionary(uniqueKeysWithValues: letters.enumerated().map { ($0.element, first + $0.offset) })
  }

  private func write(_ vocabulary: [String: Int], to model: String, in folder: TemporaryFolder) throws {
    try folder.write(try JSONSerialization.data(withJSONObject: vocabulary), to: model + "/vocab.json")
    try folder.write(Data("#version: 0.2\n".utf8), to: model + "/merges.txt")
  }

  private func clap(in folder: TemporaryFolder) throws -> String {
    var tensors: [(name: String, tensor: Tensor)] = []
    for half in ["clap", "clap_text"] {
      let checkpoint = try Checkpoint.open("\(resources)/\(half)/model.safetensors")
      for name in checkpoint.tensors.keys where !tensors.contains(where: { $0.name == name }) {
        tensors.append((name, try checkpoint.tensor(name)))
      }
    }
    for name in ["config.json", "preprocessor_config.json"] {
      try folder.write(Data(contentsOf: URL(filePath: "\(resources)/clap/\(name)")), to: "clap/\(name)")
    }
    try SafetensorsWriter.write(tensors, to: try folder.file("clap/model.safetensors"))
    let special = ["<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3]
    try write(special.merging(letters(after: 4)) { first, _ in first }, to: "clap", in: folder)
    return folder.path + "/clap"
  }

  private func whisper(in folder: TemporaryFolder) throws -> String {
    for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
      try folder.write(
        Data(contentsOf: URL(filePath: "\(resources)/whisper/\(name)")), to: "whisper/\(name)")
    }
    try write(letters(after: 0), to: "whisper", in: folder)
    let added = ["<|endoftext|>": 110, "<|startoftranscript|>": 111, "<|notimestamps|>": 112]
    try folder.write(
      try JSONSerialization.data(withJSONObject: added), to: "whisper/added_tokens.json")
    return folder.path + "/whisper"
  }

  private func result(
    _ model: String, erasing level: String, _ corpus: String, _ output: String
  ) throws -> [String: Any] {
    let run = try CommandRun([
      "intervene", model, "--corpus", corpus, "--erase", level, "--layers", "1", "--controls", "2",
      "--no-untrained", "--towers", "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("Where two towers meet"))
    let data = try Data(contentsOf: URL(filePath: output + "/intervene.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// What the erasure costs, with its interval.
  private func cost(_ json: [String: Any]) throws -> [String: Double] {
    let row = try #require((json["rows"] as? [[String: Any]])?.first)
    let effect = try #require(
      (row["head"] as? [[String: Any]])?.first { $0["quantity"] as? String == "loss" })
    return try #require(effect["cost"] as? [String: Double])
  }

  @Test("a CLAP finds texts by sounds and sounds by texts, with intervals, and an erasure changes that")
  func clap() throws {
    let folder = try TemporaryFolder()
    let json = try result(
      clap(in: folder), erasing: "word", corpus(in: folder, shorterThan: 2.8), folder.path + "/out")
    #expect(json["headUnit"] as? String == "retrieval")
    let searches = try #require(json["retrievals"] as? [[String: Any]])
    #expect(searches.map { $0["direction"] as? String } == ["recording to text", "text to recording"])
    for search in searches {
      let first = try #require(search["first"] as? [String: Double])
      let (value, low, high) = (
        try #require(first["value"]), try #require(first["low"]), try #require(first["high"])
      )
      #expect(low <= value && value <= high && (0...1).contains(value))
      #expect(try #require(search["firstByChance"] as? Double) > 0)
    }
    let cost = try cost(json)
    #expect(try #require(cost["low"]) <= #require(cost["value"]) && cost["value"] != 0)
    let towers = try #require(json["towers"] as? [[String: Any]])
    #expect(towers.count == 2, "CKA and mutual neighbours")
  }

  @Test("a Whisper's encoder is compared with its decoder, and what its decoder cannot take is told")
  func whisper() throws {
    let folder = try TemporaryFolder()
    let json = try result(
      whisper(in: folder), erasing: "phoneme", corpus(in: folder, shorterThan: 2.8), folder.path + "/out")
    #expect(json["headUnit"] as? String == "token")
    #expect((json["effect"] as? String)?.contains("decoder's loss of each token") == true)
    // The decoder of the resources takes no more than a few letters.
    let warnings = try #require(json["warnings"] as? [String])
    #expect(warnings.contains { $0.contains("more than its decoder takes") }, "\(warnings)")
    #expect((json["retrievals"] as? [Any])?.isEmpty == true)
    #expect((json["towers"] as? [Any])?.count == 2)
  }
}
