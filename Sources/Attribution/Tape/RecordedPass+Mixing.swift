import Models
import Tensors

/// How far each frame of a layer is made of each other frame.
public enum MixingMethod: String, Sendable, CaseIterable, Codable {
  /// What becomes of a frame when another one's values are zero in all heads of the block: the cosine distance of the
  /// block's output from what it was (Mohebbi et al. 2023).
  case zeroing = "value zeroing"
  /// The norm of the sum over heads of attention times value times the head's part of the output projection (Kobayashi et
  /// al. 2020).
  case norms = "weighted values"
  /// The mean of the heads' attention.
  case attention
  /// Attention multiplied through all blocks up to this one, half of each being the residual (Abnar & Zuidema 2020).
  case rollout
}

extension RecordedPass {
  /// `[frames × frames]`, rows sum to one: what each frame of the block's output is made of, by value zeroing.
  ///
  /// Throws `AttributionError.notRepeatable` where the block is not all recorded.
  public func zeroedValues(of attention: AttentionPlace) throws -> [Double] {
    let values = try stretchValues(attention.stretch)
    let step = state.steps[attention.step]
    guard let place = state.places[attention.layer], let inputs = inputs(of: step, values),
      inputs.count > 2, let whole = values[place.id]?.rows(place.rows)
    else { throw AttributionError.notRepeatable(tap: attention.layer) }
    let changed = dependents(of: [attention.context])
    let later = state.stretches[attention.stretch].steps.filter {
      $0 != attention.step && changed.contains(state.steps[$0].output)
    }
    let fixed = values.filter { !changed.contains($0.key) }
    let run = Evaluation(threads: threads, pool: pool)
    let frames = whole.rows
    var scores = [Double](repeating: 0, count: frames * frames)
    for frame in 0..<frames {
      var (known, zeroed) = (fixed, inputs)
      zeroed[2] = inputs[2].withoutRow(frame)
      known[attention.context] = step.operation(zeroed, on: run)
      for index in later {
        let step = state.steps[index]
        guard let inputs = self.inputs(of: step, known) else {
          throw AttributionError.notRepeatable(tap: attention.layer)
        }
        known[step.output] = step.operation(inputs, on: run)
      }
      guard let moved = known[place.id]?.rows(place.rows) else {
        throw AttributionError.notRepeatable(tap: attention.layer)
      }
      for row in 0..<frames { scores[row * frames + frame] = whole.cosineDistance(from: moved, row: row) }
    }
    return scores.rowsSummingToOne(frames)
  }

  /// The same by norms of weighted values; `weights` are the block's attention, `[heads × frames × frames]`.
  ///
  /// Throws `AttributionError.notApplicable` where no linear layer comes after the heads.
  public func weightedValues(of attention: AttentionPlace, _ weights: Tensor) throws -> [Double] {
    let values = try stretchValues(attention.stretch)
    let steps = state.steps[state.stretches[attention.stretch].steps]
    let after = steps.first { $0.inputs.first == attention.context }?.operation as? LinearOperation
    guard let inputs = inputs(of: state.steps[attention.step], values), inputs.count > 2, let after else {
      throw AttributionError.notApplicable(
        method: MixingMethod.norms.rawValue,
        reason: "no linear layer comes after the heads of \(attention.layer)")
    }
    let (v, projection, heads) = (inputs[2], after.layer.weight, attention.heads)
    let (frames, width, size) = (v.rows, projection.rows, v.width / heads)
    // Of each head the values through its part of the projection, `[frames × width]`.
    let moved = (0..<heads).map { head in
      let columns = (head * size)..<((head + 1) * size)
      return matrixProduct(v.columns(columns), .none, projection.columns(columns), .transposed)
    }
    var norms = [Double](repeating: 0, count: frames * frames)
    var sum = [Float](repeating: 0, count: width)
    for row in 0..<frames {
      for key in 0..<frames {
        for k in sum.indices { sum[k] = 0 }
        for head in 0..<heads {
          let weight = weights.values[(head * frames + row) * frames + key]
          let own = moved[head][row: key]
          for (k, value) in own.enumerated() { sum[k] += weight * value }
        }
        norms[row * frames + key] = sum.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      }
    }
    return norms.rowsSummingToOne(frames)
  }

  /// The mean of heads' attention of the last of some blocks, and rollout through all of them, both `[frames × frames]`;
  /// `weights` are each block's, from the first up.
  public static func attention(through weights: [Tensor]) -> (last: [Double], rollout: [Double]) {
    guard let last = weights.last else { return ([], []) }
    let frames = last.shape[1]
    var graph = AttentionGraph(rows: frames)
    for own in weights { graph.add(AttentionLayer(own)) }
    return (AttentionLayer(last).weights, (0..<frames).flatMap { graph.rollout(from: [$0]) })
  }
}

extension [Double] {
  /// A square matrix whose rows sum to one; a row of zeros stays.
  fileprivate func rowsSummingToOne(_ width: Int) -> [Double] {
    var scaled = self
    for row in 0..<width {
      let range = (row * width)..<((row + 1) * width)
      let sum = self[range].reduce(0, +)
      for index in range { scaled[index] = sum > 0 ? self[index] / sum : 0 }
    }
    return scaled
  }
}

extension Tensor {
  /// With zeros in one row.
  fileprivate func withoutRow(_ row: Int) -> Tensor {
    var zeroed = self
    let range = (row * width)..<((row + 1) * width)
    zeroed.withUnsafeMutableBuffer { values in for index in range { values[index] = 0 } }
    return zeroed
  }

  fileprivate func cosineDistance(from other: Tensor, row: Int) -> Double {
    var (dot, own, theirs) = (0.0, 0.0, 0.0)
    for (x, y) in zip(self[row: row], other[row: row]) {
      dot += Double(x) * Double(y)
      own += Double(x) * Double(x)
      theirs += Double(y) * Double(y)
    }
    let lengths = (own * theirs).squareRoot()
    // Rounding must not make a distance negative.
    return lengths > 0 ? max(0, 1 - dot / lengths) : 0
  }

  /// Some columns, copied.
  fileprivate func columns(_ range: Range<Int>) -> Tensor {
    let width = width
    return withUnsafeBuffer { x in
      Tensor(shape: [rows, range.count]) { y in
        for i in y.indices { y[i] = x[i / range.count * width + range.lowerBound + i % range.count] }
      }
    }
  }
}
