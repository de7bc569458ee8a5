import Foundations
import Activations
import Foundation
import Tensors

/// Moments of many rows against a float64 reference in two passes over the same rows: the mean first, then the
/// products around it. Rows have an offset of a hundred deviations, where sums of squares in float32 have lost
/// everything.
func accuracy(rows: Int, width: Int) throws {
  let offset = 100.0
  func block(_ number: Int, _ count: Int) -> [Tensor] {
    (0..<2).map { layer in
      var random = RandomNumbers(seed: UInt64(number), stream: "layer \(layer)")
      return Tensor(
        (0..<(count * width)).map { _ in Float(random.uniform() - 0.5 + offset) }, shape: [count, width])
    }
  }
  let size = 4096
  let blocks = (rows + size - 1) / size
  func length(_ number: Int) -> Int { min(size, rows - number * size) }

  var moments = Moments(layers: [("a", width), ("b", width)])
  var means = [[Double]](repeating: Array(repeating: 0, count: width), count: 2)
  for number in 0..<blocks {
    let states = block(number, length(number))
    moments.add(states, labels: Array(repeating: nil, count: length(number)))
    for (layer, tensor) in states.enumerated() {
      tensor.withUnsafeBuffer { values in
        for index in values.indices { means[layer][index % width] += Double(values[index]) }
      }
    }
  }
  for layer in 0..<2 { for j in 0..<width { means[layer][j] /= Double(rows) } }

  var reference = [[Double]](repeating: Array(repeating: 0, count: width * width), count: 2)
  for number in 0..<blocks {
    let states = block(number, length(number))
    for (slot, other) in [(0, 0), (1, 1)] {
      states[0].withUnsafeBuffer { x in
        states[other].withUnsafeBuffer { y in
          for row in 0..<length(number) {
            for i in 0..<width {
              let a = Double(x[row * width + i]) - means[0][i]
              for j in 0..<width {
                reference[slot][i * width + j] += a * (Double(y[row * width + j]) - means[other][j])
              }
            }
          }
        }
      }
    }
  }
  let found = [try moments.secondMoment(of: "a"), try moments.crossMoment("a", "b")]
  for (slot, name) in ["XᵀX", "XᵀY"].enumerated() {
    let scale = reference[slot].map { abs($0) }.max() ?? 1
    let difference = zip(found[slot].values, reference[slot]).map { abs($0 - $1) }.max() ?? 0
    print(row: [name, "\(rows)", "\(width)", String(format: "%.1e", difference / scale)])
  }
}
