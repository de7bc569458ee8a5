import Foundations
import Tensors

/// What is drawn anew in each pass of a model that is being trained, so that it does not learn to rely on single values:
/// dropout (Srivastava 2014), layer drop (Fan 2020) and masked frames and channels (SpecAugment, Park 2019).
///
/// Everything drawn hangs on `seed` and on the name of the place alone, so that the way back draws the same again and no
/// number of threads changes it.
package struct PassNoise: Sendable, Equatable {
  package var seed: UInt64
  /// The probability that a value is set to zero; the others are multiplied by `1 / (1 − dropout)`.
  package var dropout = 0.0
  /// The probability that a block is left out.
  package var layerDrop = 0.0
  /// The frames that the model's own mask vector stands in for, and the channels that are set to zero, before the first
  /// block.
  package var frames = Masking()
  package var channels = Masking()

  package init(seed: UInt64) { self.seed = seed }

  /// Spans that are masked.
  package struct Masking: Sendable, Equatable {
    /// About which share of places, if spans did not overlap.
    package var share = 0.0
    /// Of a span.
    package var length = 10

    package init(share: Double = 0, length: Int = 10) { (self.share, self.length) = (share, length) }

    /// The masked ones of `count` places. As in transformers: `share·count/length` spans, rounded up or down at random,
    /// begin at different places.
    package func places(of count: Int, seed: UInt64) -> [Int] {
      guard share > 0, length <= count else { return [] }
      var random = RandomNumbers(seed: seed)
      let spans = min(Int(share * Double(count) / Double(length) + random.uniform()), count / length)
      let starts = random.permutation(count - length + 1).prefix(spans)
      return Set(starts.flatMap { $0..<($0 + length) }).sorted()
    }
  }

  /// The seed of one place.
  package func seed(of place: String) -> UInt64 {
    let name = place.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return SplitMix64.finish(seed ^ name)
  }

  package func leavesOut(_ block: String) -> Bool {
    guard layerDrop > 0 else { return false }
    var random = RandomNumbers(seed: seed(of: block))
    return random.uniform() < layerDrop
  }
}

/// Values set to zero at random, the others scaled up; input: any. What goes back is dropped alike.
package struct DropoutOperation: LayerOperation {
  package let probability: Double
  package let seed: UInt64
  package var name: String { "dropout" }

  package init(probability: Double, seed: UInt64) { (self.probability, self.seed) = (probability, seed) }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { self(inputs[0]) }

  package func callAsFunction(_ x: Tensor) -> Tensor {
    let threshold = UInt64(probability * 0x1p24)
    let scale = Float(1 / (1 - probability))
    return x.withUnsafeBuffer { x in
      Tensor(shape: [x.count]) { y in
        var counter = seed
        for index in y.indices {
          counter &+= 0x9e37_79b9_7f4a_7c15
          y[index] = SplitMix64.finish(counter) >> 40 < threshold ? 0 : x[index] * scale
        }
      }
    }.reshaped(x.shape)
  }
}

/// Rows replaced by one vector, and columns by zeros; input: `[frames × width]`.
package struct MaskOperation: LayerOperation {
  package let rows: [Int]
  package let columns: [Int]
  package let vector: Tensor  // [width]
  package var name: String { "mask" }
  package var parameters: [Tensor] { [vector] }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    let width = inputs[0].width
    var y = inputs[0].reshaped(inputs[0].shape)
    let values = vector.values
    y.withUnsafeMutableBuffer { y in
      for row in rows { for column in 0..<width { y[row * width + column] = values[column] } }
      for start in stride(from: 0, to: y.count, by: width) {
        for column in columns { y[start + column] = 0 }
      }
    }
    return y
  }
}

extension Evaluation {
  /// `x` with values dropped where the pass is noisy.
  func dropped(_ x: Tensor, _ place: String) -> Tensor {
    guard let noise, noise.dropout > 0 else { return x }
    let operation = DropoutOperation(probability: noise.dropout, seed: noise.seed(of: place))
    let output = operation(x)
    note(operation, [x], output)
    return output
  }

  /// `x` with frames replaced by `vector`, of zeros where there is none, and channels by zeros, where the pass is noisy.
  func masked(_ x: Tensor, by vector: Tensor?) -> Tensor {
    guard let noise else { return x }
    let operation = MaskOperation(
      rows: noise.frames.places(of: x.rows, seed: noise.seed(of: "masked frames")),
      columns: noise.channels.places(of: x.width, seed: noise.seed(of: "masked channels")),
      vector: vector ?? Tensor(shape: [x.width]))
    guard !operation.rows.isEmpty || !operation.columns.isEmpty else { return x }
    let output = operation([x], on: self)
    note(operation, [x], output)
    return output
  }
}
