import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Every value inside tiny encoders against the reference implementation's, computed in float64.
@Suite("Text encoders") struct TextModelTests {
  static let names = ["bert", "clap_text", "roberta_variant"]
  static let tolerance: Float = 1e-4

  /// A row of a batch: its tokens, their types where the folder says any, and how many are no padding.
  private func batch(_ name: String) throws -> [(ids: [Int], types: [Int]?, valid: Int)] {
    func rows(_ file: String) throws -> [[Int]]? {
      let path = resource("\(name)/\(file).npy")
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      let table = try readNumpy(URL(filePath: path))
      return (0..<table.rows).map { table[row: $0].map { Int($0) } }
    }
    let ids = try #require(try rows("input_ids"))
    let masks = try #require(try rows("attention_mask"))
    let types = try rows("token_type_ids")
    return ids.indices.map { (ids[$0], types?[$0], masks[$0].reduce(0, +)) }
  }

  private func values(
    _ model: TextModel, _ ids: [Int], types: [Int]? = nil, valid: Int? = nil, threads: Int = 1
  ) throws -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    let taps = Set((model.taps + model.attentionTaps).map(\.name))
    try model.forward(tokens: ids, types: types, validTokens: valid, taps: taps, threads: threads) {
      found[$0] = $1
    }
    return found
  }

  @Test("every tap of a padded batch", arguments: names)
  func everyTap(name: String) throws {
    let model = try TextModel.load(resource(name))
    let reference = try Checkpoint.open(resource("\(name)/hidden_states.safetensors"))
    let prefix = name == "clap_text" ? "text." : ""
    #expect(model.taps.count == (name == "roberta_variant" ? 4 : 5))
    var worst: Float = 0
    for (row, input) in try batch(name).enumerated() {
      let found = try values(model, input.ids, types: input.types, valid: input.valid, threads: 2)
      for key in reference.tensors.keys where !["last_hidden_state", "pooler_output"].contains(key) {
        let layer = try #require(key.split(separator: ".").last.flatMap { Int($0) })
        let isAttention = key.hasPrefix("attn")
        let tap = prefix + (isAttention ? "attention.\(layer + 1)" : "hidden.\(layer)")
        let ours = try #require(found[tap])
        let all = try reference.tensor(key)
        let theirs = all.rows(row..<(row + 1)).reshaped(Array(all.shape.dropFirst()))
        let error = relativeError(try valid(input.valid, ours), try valid(input.valid, theirs))
        #expect(error < Self.tolerance, "\(name) \(key): \(error)")
        worst = max(worst, error)
      }
    }
    print("\(name): worst relative error \(worst)")
    #expect(worst > 0)
  }

  /// The rows, and in attention the columns, of what is no padding.
  private func valid(_ count: Int, _ tensor: Tensor) throws -> Tensor {
    if tensor.shape.count == 2 { return tensor.rows(0..<count) }
    let (heads, tokens) = (tensor.shape[0], tensor.shape[1])
    let values = tensor.values
    return Tensor(
      (0..<(heads * count * count)).map { index in
        let (head, row, column) = (index / (count * count), index / count % count, index % count)
        return values[(head * tokens + row) * tokens + column]
      }, shape: [heads, count, count])
  }

  @Test("padding changes nothing, nor does the number of threads", arguments: names)
  func padding(name: String) throws {
    let model = try TextModel.load(resource(name))
    for input in try batch(name) {
      let ids = Array(input.ids.prefix(input.valid))
      let alone = try values(model, ids)
      let threaded = try values(model, ids, threads: 3)
      let padded = try values(model, ids + [model.parameters % 7, 5], valid: input.valid)
      for (tap, expected) in alone {
        #expect(threaded[tap] == expected)
        let found = try valid(input.valid, try #require(padded[tap]))
        #expect(relativeError(found, expected) < 1e-5, "\(name) \(tap)")
      }
      // Attention sums to one over what is there.
      let weights = try #require(alone.first { $0.key.contains("attention.1") }?.value)
      for start in stride(from: 0, to: weights.count, by: ids.count) {
        #expect(abs(weights.values[start..<(start + ids.count)].reduce(0, +) - 1) < 1e-5)
      }
    }
  }

  @Test("an embedding is the token's row of the table, wherever it stands")
  func staticEmbedding() throws {
    let model = try TextModel.load(resource("bert"))
    let table = try Checkpoint.open(resource("bert")).tensor("embeddings.word_embeddings.weight")
    let found = try #require(try values(model, [2, 17, 9, 17, 3])["embedding"])
    #expect(found == table.selectingRows([2, 17, 9, 17, 3]))
    #expect(Array(found[row: 1]) == Array(found[row: 3]))
  }

  @Test("an untrained twin is drawn as the library draws it, and by its seed", arguments: names)
  func twin(name: String) throws {
    let model = try TextModel.load(resource(name))
    let (one, again, other) = (
      try model.randomTwin(seed: 1), try model.randomTwin(seed: 1), try model.randomTwin(seed: 2)
    )
    let ids = Array(10..<20)
    let tap = try #require(model.taps.last?.name)
    #expect(try values(one, ids)[tap] == values(again, ids)[tap])
    #expect(try values(one, ids)[tap] != values(other, ids)[tap])
    #expect(one.parameters == model.parameters && one.fingerprint != other.fingerprint)
    let drawn = try #require(try values(one, Array(0..<16))[model.taps[0].name]).values.map(Double.init)
    let deviation = (drawn.reduce(0) { $0 + $1 * $1 } / Double(drawn.count)).squareRoot()
    #expect(abs(deviation - 0.02) < 0.004)
    // What a norm with weight 1 and bias 0 gives.
    let states = try #require(try values(one, ids)[tap])
    for row in 0..<states.rows {
      let values = states[row: row].map(Double.init)
      #expect(abs(values.reduce(0, +) / Double(values.count)) < 1e-5)
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } / Double(values.count) - 1) < 1e-2)
    }
  }

  private func load(
    _ name: String, _ settings: [String: Any?] = [:], rename: (String) -> String = { $0 }
  ) throws -> TextModel {
    let checkpoint = try Checkpoint.open(resource(name))
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(
      try checkpoint.tensors.keys.map { (name: rename($0), tensor: try checkpoint.tensor($0)) },
      to: try folder.file("model.safetensors"))
    let data = try Data(contentsOf: URL(fileURLWithPath: resource("\(name)/config.json")))
    var all = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    for (key, value) in settings { all[key] = value }
    try folder.write(JSONSerialization.data(withJSONObject: all), to: "config.json")
    return try TextModel.load(folder.path)
  }

  @Test("the names of the first BERTs, and those under a prefix, are known")
  func otherNames() throws {
    let model = try TextModel.load(resource("bert"))
    let ids = [2, 17, 54, 3]
    let old = try load("bert") { name in
      "bert."
        + name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
        .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    }
    #expect(try values(old, ids) == values(model, ids))
    #expect(old.tensorReport.leftOut == ["bert.pooler.dense.bias", "bert.pooler.dense.weight"])
  }

  @Test(
    "refuse hostile and foreign configurations by key",
    arguments: [
      (["num_attention_heads": 5], "num_attention_heads is 5, expected a divisor of hidden_size"),
      (["hidden_size": 1 << 40], "hidden_size is 1099511627776"),
      (["num_hidden_layers": -1], "num_hidden_layers is -1"),
      (["vocab_size": 1 << 30], "vocab_size is 1073741824"),
      (["pad_token_id": 150], "pad_token_id is 150"),
      (["hidden_act": "softmax"], "hidden_act is \"softmax\""),
      (["is_decoder": true], "is_decoder is true"),
      (["position_embedding_type": "relative_key"], "position_embedding_type is \"relative_key\""),
      (["vocab_size": 151], "has shape [150, 48], the model needs [151, 48]"),
      (["num_hidden_layers": 4], "missing: encoder.layer.3.attention.self.query.weight"),
      (["num_hidden_layers": 2], "without a place in the model"),
      (["model_type": "xlnet"], "its model type is xlnet"),
    ] as [([String: any Sendable], String)])
  func refuses(settings: [String: any Sendable], expected: String) throws {
    let words = message { _ = try load("bert", settings) }
    #expect(words.contains(expected), "\(words)")
  }

  @Test("refuse texts that they cannot read")
  func refusesTexts() throws {
    let model = try TextModel.load(resource("bert"))
    func forward(_ ids: [Int]) throws { try model.forward(tokens: ids, taps: ["hidden.1"]) { _, _ in } }
    #expect(throws: ModelError.tooManyTokens(found: 65, maximum: 64)) {
      try forward(Array(repeating: 1, count: 65))
    }
    #expect(throws: ModelError.tooManyTokens(found: 0, maximum: 64)) { try forward([]) }
    #expect(throws: ModelError.unknownToken(id: 150, vocabulary: 150)) { try forward([150]) }
    #expect(throws: ModelError.unknownToken(id: -1, vocabulary: 150)) { try forward([-1]) }
    #expect(message { _ = try model.tokens(of: "a") }.contains("tokenizer.json"))
    #expect(throws: ModelError.unknownLayer(name: "mel", nearest: ["embedding", "hidden.0", "hidden.1"])) {
      try model.forward(tokens: [1], taps: ["mel"]) { _, _ in }
    }
    // RoBERTa's first positions are the padding's.
    #expect(try TextModel.load(resource("roberta_variant")).maximumTokens == 16)
    #expect(try TextModel.load(resource("clap_text")).maximumTokens == 62)
    let layers = try TextModel.load(resource("clap_text")).taps.resolve(layers: "0,-1")
    #expect(layers.map(\.name) == ["text.hidden.0", "text.hidden.3"])
  }
}
