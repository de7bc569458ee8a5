import Foundations
import StrataTestSupport
import Tensors
import Testing

@testable import Models

/// Every layer beside its definition, written as loops in double precision.
@Suite("Layers against their definitions") struct LayerTests {
  let run = Evaluation(threads: 2, pool: MemoryPool())

  static func random(_ shape: [Int], seed: UInt64, scale: Double = 1) -> Tensor {
    var numbers = RandomNumbers(seed: seed)
    return Tensor(shape: shape) { for i in $0.indices { $0[i] = Float(numbers.normal() * scale) } }
  }

  private func random(_ shape: [Int], _ seed: UInt64, _ scale: Double = 1) -> Tensor {
    Self.random(shape, seed: seed, scale: scale)
  }

  /// `Σ w[o, i, k]·x[t·stride + k, i] + b[o]` for `w` as `[outputs × inputs × kernel]`.
  private func convolved(
    _ x: [Float], _ w: Tensor, _ b: Tensor, inputs: Int, stride: Int
  ) -> [[Double]] {
    let (outputs, kernel) = (w.shape[0], w.shape[2])
    let (weight, bias) = (w.values, b.values)
    let frames = (x.count / inputs - kernel) / stride + 1
    return (0..<frames).map { t in
      (0..<outputs).map { o in
        var sum = Double(bias[o])
        for i in 0..<inputs {
          for k in 0..<kernel {
            sum += Double(weight[(o * inputs + i) * kernel + k]) * Double(x[(t * stride + k) * inputs + i])
          }
        }
        return sum
      }
    }
  }

  private func worst(_ found: Tensor, _ expected: [[Double]]) -> Double {
    let expected = expected.flatMap { $0 }
    guard found.count == expected.count else { return .infinity }
    let scale = expected.map(abs).max() ?? 1
    return zip(found.values, expected).map { abs(Double($0) - $1) }.max().map { $0 / max(scale, 1e-30) }
      ?? 0
  }

  @Test(
    "one convolution",
    arguments: [
      (1, 10, 5), (3, 3, 2), (16, 3, 2), (4, 2, 2), (4, 4, 3), (3, 2, 5), (5, 1, 1), (2, 7, 2),
    ], [1, 2, 3, 37, 1100])
  func convolution(shape: (inputs: Int, kernel: Int, stride: Int), frames: Int) {
    let (inputs, kernel, stride) = shape
    let weight = random([6, inputs, kernel], 1)
    let bias = random([6], 2)
    let samples = (frames - 1) * stride + kernel
    let x = random([samples, inputs], 3)
    let layer = Convolution(
      weight: weight.tapByTap(), bias: bias, norm: .none, activation: .relu, inputs: inputs, kernel: kernel,
      stride: stride)
    let found = Tensor(shape: [frames, 6]) { y in
      x.withUnsafeBuffer { x in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        layer.apply(x, into: y, frames: frames, run.pool)
      }
    }
    let expected = convolved(x.values, weight, bias, inputs: inputs, stride: stride)
      .map { $0.map { max(0, $0) } }
    #expect(worst(found, expected) < 2e-6)
  }

  /// Three layers whose tiles overlap, long enough for several tiles, against each layer run over everything.
  @Test("the stack is the same tile by tile", arguments: [[0, 1, 2], [1], [2], [0]])
  func tiles(wanted: [Int]) {
    let shapes = [(1, 10, 5), (3, 3, 2), (4, 4, 3)]
    let widths = [3, 4, 5]
    let layers = zip(shapes, widths).enumerated().map { index, pair in
      Convolution(
        weight: random([pair.1, pair.0.0, pair.0.1], UInt64(index), 0.3).tapByTap(),
        bias: random([pair.1], UInt64(9 + index)),
        norm: .channels(LayerNorm(weight: nil, bias: nil, epsilon: 1e-5)), activation: .gelu,
        inputs: pair.0.0,
        kernel: pair.0.1, stride: pair.0.2)
    }
    let samples = random([50_007], 7).values
    let found = run.convolutions(
      samples, Array(layers.prefix((wanted.max() ?? 0) + 1)), wanted: Set(wanted))
    var input = Tensor(samples, shape: [samples.count, 1])
    for (index, layer) in layers.enumerated() {
      let frames = layer.frames(of: input.rows)
      let output = Tensor(shape: [frames, layer.outputs]) { y in
        input.withUnsafeBuffer { x in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          layer.apply(x, into: y, frames: frames, run.pool)
        }
      }
      if wanted.contains(index) {
        #expect(found[index]?.shape == output.shape)
        #expect(found[index].map { relativeError($0, output) } ?? 1 < 2e-6, "layer \(index)")
      } else {
        #expect(found[index] == nil)
      }
      input = output
    }
  }

  @Test("a norm over time worked into the weights", arguments: [0.0, 50.0])
  func folding(offset: Double) {
    let (kernel, stride, channels) = (10, 5, 7)
    let weight = random([channels, 1, kernel], 1)
    let bias = random([channels], 2)
    let norm = LayerNorm(weight: random([channels], 3), bias: random([channels], 4), epsilon: 1e-5)
    let samples = random([4_003], 5).values.map { $0 + Float(offset) }
    let layer = Convolution(
      weight: weight.tapByTap(), bias: bias, norm: .time(norm), activation: .relu, inputs: 1,
      kernel: kernel,
      stride: stride)
    let plain = convolved(samples, weight, bias, inputs: 1, stride: stride)
    let frames = Double(plain.count)
    let (scale, shift) = (norm.weight?.values ?? [], norm.bias?.values ?? [])
    let statistics = (0..<channels).map { channel in
      let mean = plain.reduce(0) { $0 + $1[channel] } / frames
      return (mean, plain.reduce(0) { $0 + ($1[channel] - mean) * ($1[channel] - mean) } / frames)
    }
    let expected = plain.map { row in
      row.indices.map { channel in
        let (mean, variance) = statistics[channel]
        let value = (row[channel] - mean) / (variance + 1e-5).squareRoot() * Double(scale[channel])
        return max(0, value + Double(shift[channel]))
      }
    }
    let encoder = FeatureEncoder(layers: [layer])
    let found = encoder(samples, validSamples: samples.count, wanted: [0], run)[0]
    // An offset of 50 deviations costs as many of a float's digits in the sums, as it would anywhere.
    #expect(found.map { worst($0, expected) } ?? 1 < (offset == 0 ? 2e-6 : 5e-5))
  }

  @Test("the positional convolution", arguments: [1, 2, 16, 19, 128], [1, 2, 5, 300])
  func positional(kernel: Int, frames: Int) {
    let (width, groups) = (12, 3)
    let channels = width / groups
    let weight = random([width, channels, kernel], 1)
    let bias = random([width], 2)
    let x = random([frames, width], 3)
    let (factor, summand) = (random([width], 4), random([width], 5))
    let layer = PositionalConvolution(
      weight: weight, bias: bias, groups: groups, inputScale: (factor, summand), norm: nil,
      activation: .relu)
    let (w, b, f, s, values) = (weight.values, bias.values, factor.values, summand.values, x.values)
    let expected = (0..<frames).map { t in
      (0..<width).map { o in
        var sum = Double(b[o])
        for k in 0..<kernel where (0..<frames).contains(t + k - kernel / 2) {
          for i in 0..<channels {
            let channel = o / channels * channels + i
            let input = Double(values[(t + k - kernel / 2) * width + channel]) * Double(f[channel])
            sum += Double(w[(o * channels + i) * kernel + k]) * (input + Double(s[channel]))
          }
        }
        return max(0, sum)
      }
    }
    #expect(worst(layer(x, validFrames: frames, run), expected) < 3e-6)
  }

  @Test("attention", arguments: [1, 3, 300], [true, false])
  func attention(frames: Int, isGated: Bool) {
    let (heads, size) = (3, 4)
    let width = heads * size
    let valid = frames - frames / 3
    let (q, k, v) = (random([frames, width], 1), random([frames, width], 2), random([frames, width], 3))
    let embedding = random([16, heads], 4)
    let bias = PositionBias(embedding: embedding, frames: frames, maximumDistance: 20)
    let gates = random([heads, frames], 5)
    var weights: Tensor? = Tensor(shape: [0])
    let found = run.attention(
      q, k, v, heads: heads, validFrames: valid, gated: isGated ? (bias, gates) : nil, weights: &weights)
    let (qs, ks, vs) = (q.values, k.values, v.values)
    let (table, gate) = (embedding.values, gates.values)
    var expected = [[Double]](repeating: [Double](repeating: 0, count: width), count: frames)
    var softmax: [[Double]] = []
    for head in 0..<heads {
      for i in 0..<frames {
        var scores = (0..<valid).map { j in
          (0..<size).reduce(0.0) { sum, c in
            sum + Double(qs[i * width + head * size + c]) * Double(ks[j * width + head * size + c])
          } / 2
        }
        if isGated {
          for j in scores.indices {
            let bucket = PositionBias.bucket(of: j - i, buckets: 16, maximumDistance: 20)
            scores[j] += Double(gate[head * frames + i]) * Double(table[bucket * heads + head])
          }
        }
        let exponentials = scores.map { Double.exp($0 - (scores.max() ?? 0)) }
        let total = exponentials.reduce(0, +)
        softmax.append(exponentials.map { $0 / total } + Array(repeating: 0, count: frames - valid))
        for c in 0..<size {
          expected[i][head * size + c] = (0..<valid).reduce(0.0) {
            $0 + exponentials[$1] / total * Double(vs[$1 * width + head * size + c])
          }
        }
      }
    }
    #expect(worst(found, expected) < 2e-6)
    #expect(weights?.shape == [heads, frames, frames])
    #expect(weights.map { worst($0, softmax) } ?? 1 < 2e-6)
    var none: Tensor?
    let again = run.attention(
      q, k, v, heads: heads, validFrames: valid, gated: isGated ? (bias, gates) : nil, weights: &none)
    #expect(again == found, "asking for the weights changed the output")
  }

  /// 320 buckets to distance 800, as published: single distances up to 79, then logarithmic, saturating; keys after
  /// the query in the upper half.
  @Test("relative position buckets")
  func buckets() {
    func bucket(_ distance: Int) -> Int {
      PositionBias.bucket(of: distance, buckets: 320, maximumDistance: 800)
    }
    #expect([0, -1, -79, -80, -800, -5000].map(bucket) == [0, 1, 79, 80, 159, 159])
    #expect([1, 79, 80, 800, 5000].map(bucket) == [161, 239, 240, 319, 319])
    let sizes = (0...2000).map { bucket(-$0) }
    #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 <= $1 })
    #expect((1...2000).allSatisfy { bucket($0) == bucket(-$0) + 160 })
  }

  @Test(
    "linear layers, whatever their size and however they are cut",
    arguments: [
      (1, 1, 1), (3, 5, 7), (40, 144, 576), (800, 64, 1100), (1600, 20, 33),
    ])
  func linear(shape: (rows: Int, inputs: Int, outputs: Int)) {
    let x = random([shape.rows, shape.inputs], 1)
    let residual = random([shape.rows, shape.outputs], 4)
    let layer = Linear(weight: random([shape.outputs, shape.inputs], 2), bias: random([shape.outputs], 3))
    let (values, weight, bias, added) = (x.values, layer.weight.values, layer.bias.values, residual.values)
    // A sample of the values: all of the largest would take a debug build minutes.
    let step = max(1, shape.rows * shape.outputs / 3_001)
    let found = layer(x, run, adding: residual).values
    let activated = layer(x, run, .silu).values
    var (worst, worstActivated) = (0.0, 0.0)
    for index in Swift.stride(from: 0, to: shape.rows * shape.outputs, by: step) {
      let (row, output) = (index / shape.outputs, index % shape.outputs)
      let sum = (0..<shape.inputs).reduce(Double(bias[output])) {
        $0 + Double(values[row * shape.inputs + $1]) * Double(weight[output * shape.inputs + $1])
      }
      worst = max(worst, abs(Double(found[index]) - sum - Double(added[index])))
      worstActivated = max(worstActivated, abs(Double(activated[index]) - sum / (1 + Double.exp(-sum))))
    }
    #expect(worst < 4e-6 * Double(shape.inputs).squareRoot() && worstActivated < worst * 3 + 1e-6)
  }
}
