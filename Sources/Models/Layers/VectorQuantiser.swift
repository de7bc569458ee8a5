import Tensors

/// A table of vectors, one of which stands for each frame.
package struct Codebook: Sendable {
  /// What is given on for a frame, `[codes × width]`.
  package let vectors: Tensor
  /// What frames are compared with: the vectors, or the vectors at length 1 where directions are compared.
  private let compared: Tensor
  /// Half the square of each compared vector's length.
  private let halfSquares: [Double]
  private let comparesDirections: Bool

  package init(vectors: Tensor, comparesDirections: Bool = false) {
    self.vectors = vectors
    self.comparesDirections = comparesDirections
    let quiet = Evaluation(threads: 1, pool: MemoryPool())
    let compared = comparesDirections && vectors.count > 0 ? quiet.atUnitLength(vectors) : vectors
    self.compared = compared
    halfSquares = (0..<compared.rows).map { row in
      guard compared.count > 0 else { return 0 }
      let square = compared[row: row].reduce(0.0) { $0 + Double($1) * Double($1) }
      // A vector of zeros has no direction.
      return comparesDirections ? (square > 0 ? 0 : .infinity) : square / 2
    }
  }

  package var width: Int { vectors.width }

  /// The number of the vector nearest to each frame of `[frames × width]`, of equally near ones the first.
  ///
  /// A product in single precision finds those that can be it; between them double precision decides, so that a code does
  /// not hang on the order in which a product is summed up.
  package func nearest(to x: Tensor) -> [Int] {
    let (frames, codes, width) = (x.rows, vectors.rows, width)
    precondition(x.width == width, "\(x.shape) among codes of \(vectors.shape)")
    let products = matrixProduct(x, .none, compared, .transposed)  // [frames × codes]
    let largest = comparesDirections ? 0.5 : halfSquares.max() ?? 0
    return products.withUnsafeBuffer { products in
      x.withUnsafeBuffer { x in
        compared.withUnsafeBuffer { compared in
          (0..<frames).map { frame in
            let row = (frame * width)..<((frame + 1) * width)
            let square = row.reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) }
            var best = -Double.infinity
            for code in 0..<codes {
              best = max(best, Double(products[frame * codes + code]) - halfSquares[code])
            }
            // Beyond what rounding can come to.
            let margin = 1e-5 * ((2 * largest * square).squareRoot() + largest)
            var (chosen, score) = (0, -Double.infinity)
            for code in 0..<codes
            where Double(products[frame * codes + code]) - halfSquares[code] >= best - margin {
              var exact = -halfSquares[code]
              for column in 0..<width {
                exact += Double(x[row.lowerBound + column]) * Double(compared[code * width + column])
              }
              if exact > score { (chosen, score) = (code, exact) }
            }
            return chosen
          }
        }
      }
    }
  }
}

/// For each frame the vector of the nearest code; input: `[frames × width]`. It is a choice, which no gradient and no
/// relevance goes through.
package struct QuantisationOperation: LayerOperation {
  package let codebook: Codebook
  package var name: String { "vector quantiser" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.quantised(inputs[0], codebook)
  }
}

/// `x − y`; inputs: x and y.
package struct DifferenceOperation: LayerOperation {
  package var name: String { "difference" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.difference(inputs[0], inputs[1])
  }
}

extension Evaluation {
  func quantised(_ x: Tensor, _ codebook: Codebook) -> Tensor {
    let result = codebook.vectors.selectingRows(codebook.nearest(to: x))
    note(QuantisationOperation(codebook: codebook), [x], result)
    return result
  }

  func difference(_ x: Tensor, _ y: Tensor) -> Tensor {
    precondition(x.shape == y.shape, "\(x.shape) and \(y.shape) have no difference")
    let result = x.withUnsafeBuffer { x in
      y.withUnsafeBuffer { y in
        Tensor(shape: [x.count], from: pool) { result in
          for index in result.indices { result[index] = x[index] - y[index] }
        }
      }
    }.reshaped(x.shape)
    note(DifferenceOperation(), [x, y], result)
    return result
  }
}

/// Quantisers of which each codes what those before it have left over (Zeghidour 2021).
struct ResidualQuantiser: Sendable {
  /// One step: its code, and the layers that lead to the codes' width and back where there are any.
  struct Step: Sendable {
    var input: Linear?
    var codebook: Codebook
    var output: Linear?
  }

  /// Of all steps, where they have them in common.
  var input: Linear?
  var steps: [Step]
  var output: Linear?

  /// Offers `visit` of each step `codes.k`, the vector of its code, and `quantised.k`, the sum up to it in the width of
  /// `x`, which is `before` already; `first` is the number before the first step's. nil where nothing deeper is wanted.
  func forward(
    _ x: Tensor, from first: Int = 0, before: Tensor? = nil, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var rest = input?(x, run) ?? x
    var inner: Tensor?
    var sum = before
    for (number, step) in zip((first + 1)..., steps) {
      let codes = run.quantised(step.input?(rest, run) ?? rest, step.codebook)
      guard try visit("codes.\(number)", codes) else { return nil }
      let restored = step.output?(codes, run) ?? codes
      let own = inner.map { run.sum($0, restored) } ?? restored
      inner = own
      let outer = output?(own, run) ?? own
      let total = before.map { run.sum($0, outer) } ?? outer
      guard try visit("quantised.\(number)", total) else { return nil }
      sum = total
      if number < first + steps.count { rest = run.difference(rest, restored) }
    }
    return sum
  }

  /// `codes.k` and `quantised.k` of each step, the latter of `width`.
  func taps(from first: Int = 0, width: Int, timing: FrameTiming) -> [TapPoint] {
    zip((first + 1)..., steps).flatMap { number, step in
      [
        TapPoint(name: "codes.\(number)", width: step.codebook.width, timing: timing),
        TapPoint(name: "quantised.\(number)", width: width, timing: timing),
      ]
    }
  }
}
