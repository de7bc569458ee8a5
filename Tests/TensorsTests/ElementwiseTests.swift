import Foundation
import Foundations
import Tensors
import Testing

/// Each C loop beside its plain Swift version in double precision, at lengths around the width of a vector.
@Suite("Elementwise loops") struct ElementwiseTests {
  static let counts = [1, 7, 31, 32, 33, 100, 1027]

  private func spread(_ count: Int, _ range: ClosedRange<Double>) -> [Float] {
    (0..<count).map { i in
      let step = count > 1 ? Double(i) / Double(count - 1) : 0.3
      return Float(range.lowerBound + (range.upperBound - range.lowerBound) * step)
    }
  }

  private func applied(_ values: [Float], _ loop: (UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
    var values = values
    values.withUnsafeMutableBufferPointer { loop($0) }
    return values
  }

  @Test("exp", arguments: counts)
  func exponential(count: Int) {
    let x = spread(count, -86...86)
    let found = applied(x, Elementwise.exp)
    let errors = zip(found, x).map { abs(Double($0) / exp(Double($1)) - 1) }
    #expect(errors.max() ?? 1 < 2e-7)
    // exp(a)·exp(−a) = 1
    let inverse = applied(x.map { -$0 }, Elementwise.exp)
    #expect(zip(found, inverse).allSatisfy { abs($0 * $1 - 1) < 4e-7 })
  }

  @Test("activations", arguments: counts)
  func activations(count: Int) {
    let x = spread(count, -12...12)
    func worst(_ loop: (UnsafeMutableBufferPointer<Float>) -> Void, _ plain: (Double) -> Double) -> Double {
      zip(applied(x, loop), x).map { abs(Double($0) - plain(Double($1))) }.max() ?? 1
    }
    #expect(worst(Elementwise.gelu) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) } < 1e-6)
    #expect(
      worst(Elementwise.geluTanh) {
        0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
      } < 2e-6)
    #expect(worst(Elementwise.silu) { $0 / (1 + exp(-$0)) } < 2e-6)
    #expect(worst(Elementwise.relu) { max($0, 0) } == 0)
    #expect(worst(Elementwise.tanh) { tanh($0) } < 2e-7)
    #expect(worst(Elementwise.sigmoid) { 1 / (1 + exp(-$0)) } < 2e-7)
    // Derivatives, and what x is multiplied by.
    func normal(_ x: Double) -> Double { 0.5 * (1 + erf(x / 2.0.squareRoot())) }
    func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
    #expect(worst(Elementwise.normalCDF, normal) < 1e-6)
    #expect(worst(Elementwise.geluSlope) { normal($0) + $0 * density($0) } < 1e-6)
    let scale = (2 / Double.pi).squareRoot()
    func bend(_ x: Double) -> Double { tanh(scale * (x + 0.044715 * x * x * x)) }
    #expect(worst(Elementwise.geluTanhShare) { (1 + bend($0)) / 2 } < 1e-6)
    #expect(
      worst(Elementwise.geluTanhSlope) { x in
        (1 + bend(x)) / 2 + x / 2 * (1 - bend(x) * bend(x)) * scale * (1 + 0.134145 * x * x)
      } < 2e-6)
    #expect(
      worst(Elementwise.siluSlope) { x in
        let gate = 1 / (1 + exp(-x))
        return gate * (1 + x * (1 - gate))
      } < 2e-6)
    // gelu(x) − gelu(−x) = x, as Φ(x) + Φ(−x) = 1.
    let mirrored = applied(x.map { -$0 }, Elementwise.gelu)
    #expect(zip(zip(applied(x, Elementwise.gelu), mirrored), x).allSatisfy { abs($0.0 - $0.1 - $1) < 2e-6 })
  }

  @Test("a step of an LSTM and of a GRU", arguments: counts)
  func recurrentSteps(count: Int) {
    func sigmoid(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
    let gates = spread(4 * count, -6...6).enumerated().map { $1 * ($0 % 3 == 0 ? -1 : 1) }
    let before = spread(count, -1...1)
    var (cell, output) = (before, before)
    Elementwise.lstmStep(gates: gates, cell: &cell, into: &output, width: count)
    for unit in 0..<count {
      let kept = sigmoid(gates[count + unit]) * Double(before[unit])
      let state = kept + sigmoid(gates[unit]) * tanh(Double(gates[2 * count + unit]))
      #expect(abs(Double(cell[unit]) - state) < 1e-6)
      #expect(abs(Double(output[unit]) - sigmoid(gates[3 * count + unit]) * tanh(state)) < 1e-6)
    }
    let recurrent = Array(gates.prefix(3 * count).reversed())
    Elementwise.gruStep(
      input: gates, recurrent: recurrent, before: before, into: &output, width: count)
    for unit in 0..<count {
      let reset = sigmoid(gates[unit] + recurrent[unit])
      let update = sigmoid(gates[count + unit] + recurrent[count + unit])
      let new = tanh(
        Double(gates[2 * count + unit]) + reset * Double(recurrent[2 * count + unit]))
      #expect(abs(Double(output[unit]) - ((1 - update) * new + update * Double(before[unit]))) < 1e-6)
    }
  }

  @Test("what is not finite stays so, and the extremes are reached")
  func extremes() {
    for loop in [
      Elementwise.exp, Elementwise.gelu, Elementwise.geluTanh, Elementwise.silu, Elementwise.relu,
      Elementwise.tanh, Elementwise.sigmoid,
    ] {
      #expect(applied([.nan], loop)[0].isNaN)
      let many = applied(Array(repeating: .nan, count: 40), loop)
      #expect(many.allSatisfy { $0.isNaN })
    }
    #expect(applied([-200, -.infinity], Elementwise.exp).allSatisfy { $0 >= 0 && $0 < 2e-38 })
    #expect(
      applied([1e30, .greatestFiniteMagnitude], Elementwise.gelu) == [1e30, .greatestFiniteMagnitude])
    #expect(applied([-50, -1e20], Elementwise.gelu).allSatisfy { abs($0) < 1e-6 })
    #expect(applied([-100, 100], Elementwise.silu)[1] == 100)
  }

  @Test("softmax of rows", arguments: [1, 2, 31, 32, 33, 64, 499], [false, true])
  func softmax(width: Int, isBiased: Bool) {
    let (rows, stride) = (5, Elementwise.paddedWidth(width) + 32)
    var numbers = RandomNumbers(seed: UInt64(width))
    var x = (0..<(rows * stride)).map { _ in Float(numbers.normal() * 8) }
    for index in 0..<width { x[stride + index] += 1_000 }  // Only differences count.
    let gates = (0..<rows).map { _ in Float(numbers.normal()) }
    let bias = (0..<(rows + width - 1)).map { _ in Float(numbers.normal() * 3) }
    var found = x
    found.withUnsafeMutableBufferPointer { found in
      guard isBiased else {
        return Elementwise.softmaxRows(found, rows: rows, width: width, stride: stride)
      }
      gates.withUnsafeBufferPointer { gates in
        bias.withUnsafeBufferPointer { bias in
          Elementwise.softmaxRows(
            found, rows: rows, width: width, stride: stride, gates: gates, bias: bias)
        }
      }
    }
    for row in 0..<rows {
      let scores = (0..<width).map { j in
        Double(x[row * stride + j])
          + (isBiased ? Double(gates[row]) * Double(bias[rows - 1 + j - row]) : 0)
      }
      let largest = scores.max() ?? 0
      let sum = scores.reduce(0) { $0 + exp($1 - largest) }
      let tolerance = row == 1 ? 1e-4 : 2e-6  // A score near 1,000 has that much less after its point.
      for j in 0..<width {
        #expect(abs(Double(found[row * stride + j]) - exp(scores[j] - largest) / sum) < tolerance)
      }
      #expect(abs(found[(row * stride)..<(row * stride + width)].reduce(0, +) - 1) < 2e-6)
    }
    x[3] = .nan
    let last = x[(4 * stride)...].map { $0 }
    x.withUnsafeMutableBufferPointer {
      Elementwise.softmaxRows($0, rows: 4, width: width, stride: stride)
    }
    #expect(width <= 3 || x[..<width].allSatisfy { $0.isNaN })
    #expect(Array(x[(4 * stride)...]) == last, "a row that was not meant was written")
  }

  @Test("layer norm of rows", arguments: [1, 2, 15, 48, 768], [false, true])
  func layerNorm(width: Int, isInPlace: Bool) {
    let rows = 4
    var numbers = RandomNumbers(seed: UInt64(width))
    let x = (0..<(rows * width)).map { _ in Float(numbers.normal() * 3 + 2) }
    let weight = (0..<width).map { _ in Float(numbers.normal()) }
    let bias = (0..<width).map { _ in Float(numbers.normal()) }
    var found = isInPlace ? x : Array(repeating: 0, count: x.count)
    weight.withUnsafeBufferPointer { weight in
      bias.withUnsafeBufferPointer { bias in
        found.withUnsafeMutableBufferPointer { found in
          x.withUnsafeBufferPointer { x in
            guard let target = found.baseAddress, let source = x.baseAddress else { return }
            Elementwise.layerNormRows(
              isInPlace ? UnsafePointer(target) : source, into: target, rows: rows, width: width,
              weight: weight, bias: bias, epsilon: 1e-5)
          }
        }
      }
    }
    for row in 0..<rows {
      let values = x[(row * width)..<((row + 1) * width)].map(Double.init)
      let mean = values.reduce(0, +) / Double(width)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for j in 0..<width {
        let expected =
          (values[j] - mean) / (variance + 1e-5).squareRoot() * Double(weight[j]) + Double(bias[j])
        #expect(abs(Double(found[row * width + j]) - expected) < 1e-5)
      }
    }
  }

  @Test("rows filled and subtracted")
  func rows() {
    let x: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    let row: [Float] = [100, 200]
    var y = [Float](repeating: -1, count: 9)
    row.withUnsafeBufferPointer { row in
      Elementwise.fillRows(&y, stride: 3, rows: 3, with: row, adding: x, stride: 4)
      #expect(y == [101, 202, -1, 105, 206, -1, 109, 210, -1])
      Elementwise.fillRows(&y, stride: 3, rows: 2, with: row)
      #expect(y == [100, 200, -1, 100, 200, -1, 109, 210, -1])
    }
    Elementwise.subtractRows(x, x.map { 2 * $0 }, stride: 5, rows: 2, width: 3, into: &y)
    #expect(y == [-1, -2, -3, -6, -7, -8, 109, 210, -1])
  }

  @Test("windows of samples into channels", arguments: [1, 63, 64, 65, 200], [1, 3, 10])
  func convolveSamples(width: Int, kernel: Int) {
    let (rows, step) = (9, 5)
    let x = spread((rows - 1) * step + kernel, -1...2)
    let taps = spread(kernel * width, -1...1)
    let bias = spread(width, 3...4)
    var y = [Float](repeating: .nan, count: rows * width)
    taps.withUnsafeBufferPointer { taps in
      bias.withUnsafeBufferPointer { bias in
        Elementwise.convolveSamples(
          x, step: step, into: &y, rows: rows, taps: taps, kernel: kernel, bias: bias)
      }
    }
    for row in 0..<rows {
      for channel in 0..<width {
        let expected = (0..<kernel).reduce(Double(bias[channel])) {
          $0 + Double(taps[$1 * width + channel]) * Double(x[row * step + $1])
        }
        #expect(abs(Double(y[row * width + channel]) - expected) < 1e-5)
      }
    }
  }

  @Test("a single value that is not finite is found", arguments: counts)
  func finite(count: Int) {
    let finite = (0..<count).map { Float($0) * 1e30 - 3e32 } + [.greatestFiniteMagnitude, 0, -0.0, 1e-45]
    #expect(finite.withUnsafeBufferPointer(Elementwise.allFinite))
    for value in [Float.nan, .infinity, -.infinity] {
      for index in Set([0, count / 2, count - 1]) {
        var broken = finite
        broken[index] = value
        #expect(!broken.withUnsafeBufferPointer(Elementwise.allFinite))
        #expect(Tensor(broken, shape: [broken.count]).firstNonFinite() == index)
      }
    }
  }
}
