import Foundation
import Foundations
import StrataTestSupport
import Tensors

@testable import Probing

func resource(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)")
}

/// The fits of `logistic.json`.
struct ReferenceSet: Decodable {
  struct Fit: Decodable {
    let coef: [[Double]]
    let interceptMeanZero: [Double]
    let objective: Double
    let testAccuracy, testBalancedAccuracy, testMacroF1, testLogLoss: Double
    let testConfusion: [[Double]]
    let testProbabilitiesFirst5: [[Double]]
  }

  let classes: Int
  let nTrain: Int
  let fits: [String: Fit]

  static func load(_ name: String) throws -> (set: ReferenceSet, x: Tensor, y: [Int]) {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let all = try decoder.decode(
      [String: ReferenceSet].self, from: Data(contentsOf: resource("logistic.json")))
    guard let set = all[name] else { throw CocoaError(.fileReadCorruptFile) }
    return (
      set, try readNumpy(resource("probe_\(name)_x.npy")),
      try readNumpy(resource("probe_\(name)_y.npy")).values.map { Int($0) }
    )
  }
}

/// Gaussian features `[count × width]`.
func gaussian(_ count: Int, _ width: Int, _ stream: String = "") -> Tensor {
  var numbers = RandomNumbers(seed: UInt64(count * 1000 + width), stream: stream)
  return Tensor(shape: [count, width]) { out in
    for i in out.indices { out[i] = Float(numbers.normal()) }
  }
}

/// Rows whose class is `i % classes` and whose feature `class` is raised by `signal`.
func planted(
  _ count: Int, width: Int, classes: Int, signal: Float, _ stream: String = ""
) -> (states: Tensor, labels: [Int]) {
  var states = gaussian(count, width, stream)
  let labels = (0..<count).map { $0 % classes }
  states.withUnsafeMutableBuffer { values in
    for (i, label) in labels.enumerated() { values[i * width + label] += signal }
  }
  return (states, labels)
}
