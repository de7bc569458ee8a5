import Audio
import Checkpoints
import Foundation
import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// What wav2vec 2.0 with conformer blocks and w2v-BERT have of their own; the former's values are in `ParityTests`.
@Suite("Conformers") struct ConformerTests {
  private func noise(_ count: Int, seed: UInt64 = 1) -> Waveform {
    var numbers = RandomNumbers(seed: seed)
    return Waveform(samples: (0..<count).map { _ in Float(numbers.normal() * 0.1) }, samplingRate: 16_000)
  }

  // MARK: w2v-BERT

  @Test("w2v-BERT's features are the stored ones")
  func features() throws {
    let sound = try Waveform.read(resource("w2v_bert/input.wav"))
    let expected = try readNumpy(URL(fileURLWithPath: resource("w2v_bert/input_features.npy")))
    #expect(relativeError(try KaldiFilterBank.w2vBert(of: sound), expected) < 1e-4)
    let model = try SpeechModel.load(resource("w2v_bert"))
    #expect(model.family == "wav2vec2-bert" && model.inputNormalisation.contains("two frames side by side"))
  }

  @Test("every value of w2v-BERT")
  func everyTap() throws {
    let model = try SpeechModel.load(resource("w2v_bert"))
    let reference = try Checkpoint.open(resource("w2v_bert/hidden_states.safetensors"))
    let found = try values(
      of: model, .read(resource("w2v_bert/input.wav")), Set((model.taps + model.attentionTaps).map(\.name)),
      threads: 2)
    var worst: Float = 0
    for key in reference.tensors.keys {
      let tap =
        key == "proj"
        ? "projection"
        : key == "last_hidden_state"
          ? "hidden.3"
          : key.hasPrefix("attn.")
            ? "attention.\(try #require(Int(key.dropFirst(5))) + 1)" : "hidden.\(key)"
      var ours = try #require(found[tap])
      if key.hasPrefix("attn.") { ours = ours.everyQuery(8) }
      let error = relativeError(ours, try reference.tensor(key))
      #expect(error < ParityTests.tolerance, "\(key): \(error)")
      worst = max(worst, error)
    }
    print("w2v_bert: worst relative error \(worst)")
    #expect(worst > 0)
  }

  @Test("behind an adapter transformers' last state is the adapter's")
  func adapterName() throws {
    let model = try loadChanged("w2v_bert") {
      $0.append(("adapter.layers.0.residual_conv.weight", Tensor(shape: [2])))
    }
    let plain = try SpeechModel.load(resource("w2v_bert"))
    let last = try #require(plain.taps.last { $0.name.hasPrefix("hidden.") }).name
    #expect(plain.transformersName(of: last)?.contains("last_hidden_state") == true)
    let name = try #require(model.transformersName(of: last))
    #expect(name.hasPrefix("hidden_states[") && !name.contains("last_hidden_state"))
  }

  @Test("w2v-BERT's frames lie every 20 ms", arguments: [559, 560, 879, 880, 25_599])
  func timing(samples: Int) throws {
    let model = try SpeechModel.load(resource("w2v_bert"))
    let timing = try #require(model.taps.first?.timing)
    #expect(timing.strideSamples == 320 && timing.receptiveFieldSamples == 560)
    #expect(timing.firstCentreSample == 279.5 && model.minimumSamples == 560)
    guard samples >= 560 else {
      #expect(throws: ModelError.tooShort(samples: samples, minimum: 560, samplingRate: 16_000)) {
        try model.forward(noise(samples), taps: ["projection"]) { _, _ in }
      }
      return
    }
    let rows = try values(of: model, noise(samples), ["hidden.3"])["hidden.3"]?.rows
    #expect(rows == timing.frames(forSamples: samples))
  }

  @Test("a causal depthwise convolution sees no later frame, a centred one sees as many")
  func causality() {
    let run = Evaluation(threads: 2, pool: MemoryPool())
    func output(padding: Int, changing frame: Int?) -> Tensor {
      let convolution = DepthwiseConvolution(
        weight: Tensor((0..<15).map { Float($0 % 5) - 1.5 }, shape: [3, 1, 5]), bias: nil, batchNorm: nil,
        norm: nil, padding: padding, activation: .silu)
      var x = [Float](repeating: 0.5, count: 300)
      if let frame { x[3 * frame + 1] = 2 }
      return convolution(Tensor(x, shape: [100, 3]), validFrames: 100, run)
    }
    for (padding, moved) in [(4, 70...74), (2, 68...72)] {
      let (plain, changed) = (
        output(padding: padding, changing: nil), output(padding: padding, changing: 70)
      )
      let different = (0..<100).filter { plain[row: $0] != changed[row: $0] }
      #expect(different == Array(moved), "padding \(padding)")
    }
  }

  // MARK: Positions

  /// Beside the plain sum over every query and key, for vectors a head and shared, near and far.
  @Test("keys of distances are what each query and key add", arguments: [1, 5, 40])
  func relativeKeys(frames: Int) {
    let (heads, size) = (2, 4)
    var numbers = RandomNumbers(seed: 3)
    func drawn(_ rows: Int, _ width: Int) -> Tensor {
      Tensor((0..<(rows * width)).map { _ in Float(numbers.normal()) }, shape: [rows, width])
    }
    let run = Evaluation(threads: 2, pool: MemoryPool())
    let inputs = (0..<4).map { _ in drawn(frames, heads * size) }
    for (table, first) in [(drawn(2 * frames - 1, heads * size), 1 - frames), (drawn(4, size), -2)] {
      var weights: Tensor? = Tensor(repeating: 0, shape: [0])
      _ = run.attention(
        inputs[0], inputs[1], inputs[2], heads: heads, validFrames: frames,
        relative: (RelativeKeys(table: table, first: first), inputs[3]), weights: &weights)
      let found = weights?.values ?? []
      for head in 0..<heads {
        for query in 0..<frames {
          let scores = (0..<frames).map { key in
            let row = min(max(key - query - first, 0), table.rows - 1)
            let own = table.width == size ? 0 : head * size
            return (0..<size).reduce(0.0) { sum, index in
              let place = head * size + index
              return sum + Double(inputs[0][row: query][place]) * Double(inputs[1][row: key][place])
                + Double(inputs[3][row: query][place]) * Double(table[row: row][own + index])
            } / 2
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          for key in 0..<frames {
            let weight = Double(found[(head * frames + query) * frames + key])
            #expect(abs(weight - exp(scores[key]) / total) < 1e-5)
          }
        }
      }
    }
  }

  /// A rotation changes no length, and of two frames only their distance counts (Su 2021, eq. 16).
  @Test("turned values keep their products where their distance is the same")
  func rotation() throws {
    let run = Evaluation(threads: 1, pool: MemoryPool())
    let attention = ConformerAttention(
      query: plain, key: plain, value: plain, output: plain, heads: 2, positions: .rotary(base: 100))
    let signal = try #require(attention.signal(frames: 9, width: 8, run))
    let x = Tensor((0..<72).map { sin(Float($0 % 8) * 1.3 + 0.2) }, shape: [9, 8])
    let turned = run.rotated(x, by: Rotation(signal: signal))
    func product(_ i: Int, _ j: Int) -> Float {
      zip(turned[row: i], turned[row: j]).reduce(0) { $0 + $1.0 * $1.1 }
    }
    for frame in 0..<6 {
      #expect(abs(product(frame, frame) - product(0, 0)) < 1e-5)
      #expect(abs(product(frame, frame + 3) - product(0, 3)) < 1e-5)
    }
    #expect(abs(product(0, 3) - product(0, 0)) > 1e-2)
  }

  private var plain: Linear { Linear(weight: Tensor(shape: [8, 8]), bias: Tensor(shape: [8])) }

  @Test("padding changes no frame before it", arguments: ["conformer_rel", "conformer_rope"])
  func padding(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let samples = noise(9_000).samples
    let taps: Set<String> = ["hidden.3", "final_norm"]
    var (short, long): ([String: Tensor], [String: Tensor]) = ([:], [:])
    try model.forward(inputValues: samples, taps: taps) { short[$0] = $1 }
    try model.forward(
      inputValues: samples + noise(4_000, seed: 2).samples, validSamples: samples.count, taps: taps
    ) { long[$0] = $1 }
    for tap in taps {
      let own = try #require(short[tap])
      #expect(relativeError(try #require(long[tap]).rows(0..<own.rows), own) < 1e-5)
    }
  }

  @Test(
    "the same bits for any number of threads and whatever else is asked for",
    arguments: ["conformer_rel", "conformer_rope", "w2v_bert"])
  func determinism(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let all = Set((model.taps + model.attentionTaps).map(\.name))
    let one = try values(of: model, noise(8_000), all)
    #expect(one.count == all.count)
    #expect(try values(of: model, noise(8_000), all, threads: 3) == one)
    for tap in ["hidden.2", "attention.3"] {
      #expect(try values(of: model, noise(8_000), [tap])[tap] == one[tap], "\(tap)")
    }
  }

  // MARK: Heads and twins

  @Test(
    "a CTC head gives logits",
    arguments: [
      ("conformer_rel", "wav2vec2_conformer.", "final_norm"), ("w2v_bert", "wav2vec2_bert.", "hidden.3"),
    ])
  func logits(name: String, prefix: String, last: String) throws {
    let weight = Tensor((0..<(5 * 48)).map { sin(Float($0)) }, shape: [5, 48])
    let bias = Tensor([0.1, -0.2, 0.3, -0.4, 0.5], shape: [5])
    let model = try loadChanged(name) { tensors in
      tensors =
        tensors.map { (prefix + $0.name, $0.tensor) } + [
          ("lm_head.weight", weight), ("lm_head.bias", bias),
        ]
    }
    let found = try values(of: model, noise(8_000), [last, "logits"])
    let (states, logits) = (try #require(found[last]), try #require(found["logits"]))
    var expected = matrixProduct(states, .none, weight, .transposed)
    expected.withUnsafeMutableBuffer { x in for index in x.indices { x[index] += bias.values[index % 5] } }
    #expect(relativeError(logits, expected) < 1e-5)
    #expect(model.taps.last?.width == 5)
    let bare = try values(of: .load(resource(name)), noise(8_000), [last])
    #expect(bare[last] == states)
  }

  @Test(
    "untrained twins start as transformers' do", arguments: ["conformer_rel", "conformer_rope", "w2v_bert"])
  func twin(name: String) throws {
    let model = try SpeechModel.load(resource(name))
    let twin = try model.randomTwin(seed: 7)
    #expect(twin.taps == model.taps && twin.parameters == model.parameters)
    let found = try values(of: twin, noise(6_000), ["hidden.3"])
    #expect(try values(of: model.randomTwin(seed: 7), noise(6_000), ["hidden.3"]) == found)
    #expect(try values(of: model.randomTwin(seed: 8), noise(6_000), ["hidden.3"]) != found)
    let blocks =
      (twin.architecture as? Wav2Vec2Conformer)?.blocks ?? (twin.architecture as? W2vBert)?.blocks ?? []
    let block = try #require(blocks.first)
    func deviation(_ tensor: Tensor) -> Double {
      (tensor.values.reduce(0) { $0 + Double($1) * Double($1) } / Double(tensor.count)).squareRoot()
    }
    #expect(abs(deviation(block.first.up.weight) - 0.02) < 0.001)
    // He's deviation of 48 inputs, and of the 15 of a channel.
    #expect(abs(deviation(block.convolution.gate.weight) - (2.0 / 48).squareRoot()) < 0.01)
    #expect(abs(deviation(block.convolution.depthwise.weight) - (2.0 / 15).squareRoot()) < 0.03)
    switch block.attention.positions {
    case .sinusoids(_, let content, let distance):
      let bound = Float((6.0 / 16).squareRoot())
      for value in content.values + distance.values { #expect(abs(value) <= bound) }
      #expect(content != distance)
    case .keys(let keys): #expect(abs(deviation(keys.table) - 0.02) < 0.003)
    default: #expect(name == "conformer_rope")
    }
  }

  // MARK: Refusals

  @Test(
    "hostile and impossible configurations",
    arguments: [
      ("conformer_rel", "position_embeddings_type", "\"relative_key\"", "relative, rotary or null"),
      ("conformer_rel", "position_embeddings_type", "\"rotary\"", "without a place"),
      ("conformer_rope", "position_embeddings_type", "\"relative\"", "missing: encoder.layers.0"),
      ("conformer_rope", "rotary_embedding_base", "0", "rotary_embedding_base"),
      ("conformer_rope", "num_attention_heads", "16", "an even number of values"),
      ("conformer_rel", "conv_depthwise_kernel_size", "14", "an odd number"),
      ("conformer_rel", "conv_depthwise_kernel_size", "1000000", "1 to 1023"),
      ("conformer_rel", "conv_depthwise_kernel_size", "17", "the model needs [48, 1, 17]"),
      ("conformer_rel", "num_attention_heads", "5", "a divisor of hidden_size"),
      ("w2v_bert", "feature_projection_input_dim", "81", "two frames of as many bands"),
      ("w2v_bert", "left_max_position_embeddings", "17", "the model needs [22, 12]"),
      ("w2v_bert", "right_max_position_embeddings", "1e12", "right_max_position_embeddings"),
      ("w2v_bert", "position_embeddings_type", "\"learned\"", "relative_key, rotary or null"),
      ("w2v_bert", "conv_depthwise_kernel_size", "16", "an odd number"),
      ("w2v_bert", "num_attention_heads", "7", "a divisor of hidden_size"),
      ("w2v_bert", "hidden_act", "\"gelu_x\"", "gelu_new, gelu_python"),
      ("w2v_bert", "num_hidden_layers", "2", "without a place"),
    ])
  func hostile(name: String, key: String, json: String, expected: String) throws {
    try expectRefusal(of: name, key, json, expected)
  }

  @Test("without a configuration", arguments: ["conformer_rel", "w2v_bert"])
  func unstated(name: String) {
    let words = message { _ = try loadChanged(name, configuration: nil) }
    #expect(words.contains("how its conformer blocks tell positions") && words.contains("--config"))
  }
}
