import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

/// A CLAP and a Whisper with small random weights, each with a tokeniser of letters, so that their texts can be read.
@Suite("Two towers, as a command") struct InterveneTowerTests {
  private let resources = Repository.path("Tests/ModelsTests/Resources")

  /// The five shortest sentences of five voices: the decoder takes forty tokens.
  private func corpus(in folder: TemporaryFolder) throws -> String {
    for speaker in ["awb", "kal", "ked", "kef", "slt"] {
      for sentence in ["s135", "s155", "s165", "s195", "s245"] {
        for kind in ["flac", "TextGrid"] {
          let name = "\(speaker)/\(speaker)_\(sentence).\(kind)"
          let data = try Data(contentsOf: URL(filePath: Repository.path("fixtures/unseen/\(name)")))
          try folder.write(data, to: "corpus/\(name)")
        }
      }
    }
    return folder.path + "/corpus"
  }

  private static let merges = ["Ġ t", "Ġt h", "Ġth e", "i n", "o n", "e r", "a s", "Ġ a", "Ġ w", "i s"]

  /// Letters from `first` on, and some that often follow each other.
  private func pieces(after first: Int) -> [String: Int] {
    let letters = "abcdefghijklmnopqrstuvwxyz'".map(String.init) + ["Ġ"]
    let pieces = letters + Self.merges.map { $0.replacing(" ", with: "") }
    return Dictionary(uniqueKeysWithValues: pieces.enumerated().map { ($0.element, first + $0.offset) })
  }

  private func write(_ vocabulary: [String: Int], to model: String, in folder: TemporaryFolder) throws {
    try folder.write(try JSONSerialization.data(withJSONObject: vocabulary), to: model + "/vocab.json")
    let lines = ["#version: 0.2"] + Self.merges
    try folder.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: model + "/merges.txt")
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
    try write(special.merging(pieces(after: 4)) { first, _ in first }, to: "clap", in: folder)
    return folder.path + "/clap"
  }

  private func whisper(in folder: TemporaryFolder) throws -> String {
    for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
      try folder.write(
        Data(contentsOf: URL(filePath: "\(resources)/whisper/\(name)")), to: "whisper/\(name)")
    }
    try write(pieces(after: 0), to: "whisper", in: folder)
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
      clap(in: folder), erasing: "word", corpus(in: folder), folder.path + "/out")
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

  @Test("a Whisper's decoder loses tokens when a level is erased in its encoder, and is compared with it")
  func whisper() throws {
    let folder = try TemporaryFolder()
    let json = try result(
      whisper(in: folder), erasing: "phoneme", corpus(in: folder), folder.path + "/out")
    #expect(json["headUnit"] as? String == "token")
    #expect((json["effect"] as? String)?.contains("decoder's loss of each token") == true)
    let cost = try cost(json)
    #expect(try #require(cost["low"]) <= #require(cost["value"]) && cost["value"] != 0)
    #expect((json["retrievals"] as? [Any])?.isEmpty == true)
    #expect((json["towers"] as? [Any])?.count == 2)
  }
}
