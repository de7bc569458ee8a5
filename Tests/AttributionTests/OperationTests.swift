import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Attribution
@testable import Models

/// An operation with inputs that it takes, for every rule there is.
struct OperationCase: CustomTestStringConvertible, Sendable {
  let name: String
  let operation: any PropagatingOperation
  let shapes: [[Int]]
  var testDescription: String { name }

  static let all: [OperationCase] =
    Activation.allCases.map { activation in
      OperationCase(
        name: "linear, \(activation)",
        operation: LinearOperation(layer: linear(5, 4), activation: activation), shapes: [[6, 5]])
    } + [
      OperationCase(
        name: "linear and a residual", operation: LinearOperation(layer: linear(5, 4), activation: nil),
        shapes: [[6, 5], [6, 4]]),
      OperationCase(name: "norm", operation: NormOperation(layer: norm(7)), shapes: [[5, 7]]),
      OperationCase(
        name: "norm without weights",
        operation: NormOperation(layer: LayerNorm(weight: nil, bias: nil, epsilon: 1e-5)), shapes: [[5, 7]]),
      OperationCase(name: "sum", operation: SumOperation(), shapes: [[3, 4], [3, 4]]),
      OperationCase(name: "rows", operation: RowsOperation(rows: 1..<3), shapes: [[4, 2]]),
      OperationCase(
        name: "attention",
        operation: AttentionOperation(heads: 2, validFrames: 6, reach: .all, bias: nil),
        shapes: [[6, 8], [6, 8], [6, 8]]),
      OperationCase(
        name: "attention with padding",
        operation: AttentionOperation(heads: 2, validFrames: 4, reach: .all, bias: nil),
        shapes: [[6, 8], [6, 8], [6, 8]]),
      OperationCase(
        name: "causal attention",
        operation: AttentionOperation(heads: 2, validFrames: 6, reach: .causal, bias: nil),
        shapes: [[6, 8], [6, 8], [6, 8]]),
      OperationCase(
        name: "cross-attention",
        operation: AttentionOperation(heads: 2, validFrames: 7, reach: .all, bias: nil),
        shapes: [[3, 8], [7, 8], [7, 8]]),
      relativeAttention("attention with a distance's key a head", [11, 8], first: -5, validFrames: 6),
      OperationCase(
        name: "attention within blocks with a distance's key",
        operation: RelativeAttentionOperation(
          heads: 2, validFrames: 6, keys: RelativeKeys(table: sines([11, 8], step: 1.7), first: -5),
          reach: .blocks(size: 4)),
        shapes: [[6, 8], [6, 8], [6, 8], [6, 8]]),
      OperationCase(
        name: "disentangled attention",
        operation: RelativeAttentionOperation(
          heads: 2, validFrames: 5, keys: RelativeKeys(table: sines([11, 8], step: 1.7), first: -5),
          met: RelativeKeys(table: sines([11, 8], step: 1.3), first: -5)),
        shapes: [[6, 8], [6, 8], [6, 8], [6, 8]]),
      relativeAttention("attention with shared keys of near distances", [4, 4], first: -2, validFrames: 5),
      OperationCase(
        name: "shift", operation: ShiftOperation(row: sines([2, 3], step: 0.9)), shapes: [[4, 6]]),
      OperationCase(name: "dispatch", operation: DispatchOperation(), shapes: [[5, 4], [5, 3]]),
      OperationCase(name: "combination", operation: CombineOperation(), shapes: [[3, 4], [5, 3]]),
      OperationCase(name: "half step", operation: HalfStepOperation(), shapes: [[3, 4], [3, 4]]),
      OperationCase(name: "gated linear units", operation: GatingOperation(), shapes: [[5, 6]]),
      OperationCase(
        name: "rotation",
        operation: RotationOperation(rotation: Rotation(signal: rotations(frames: 5, pairs: 2))),
        shapes: [[5, 8]]),
      OperationCase(
        name: "rotation of a part of each head, pair by pair",
        operation: RotationOperation(
          rotation: Rotation(signal: rotations(frames: 5, pairs: 2), headSize: 6, isInterleaved: true)),
        shapes: [[5, 12]]),
      OperationCase(name: "product with gates", operation: ProductOperation(), shapes: [[3, 4], [3, 4]]),
      OperationCase(name: "scale", operation: ScaleOperation(factor: 1.7), shapes: [[3, 4]]),
      OperationCase(
        name: "root mean square norm",
        operation: NormOperation(
          layer: LayerNorm(
            weight: sines([7], step: 1.9), bias: Tensor(shape: [7]), epsilon: 1e-5, centres: false)),
        shapes: [[5, 7]]),
      OperationCase(
        name: "attention to near keys",
        operation: AttentionOperation(
          heads: 2, validFrames: 6, reach: .near(back: 2, ahead: 1), bias: nil),
        shapes: [[6, 8], [6, 8], [6, 8]]),
      depthwise("depthwise convolution", norm: nil, padding: 2),
      depthwise("causal depthwise convolution with a norm", norm: norm(3), padding: 4),
      plane("convolution over time and frequency", inputs: 1, .gelu),
      plane("depthwise convolution over time and frequency", inputs: 3, nil),
      OperationCase(name: "join", operation: JoinOperation(), shapes: [[2, 3], [4, 3]]),
      OperationCase(name: "mean of rows", operation: MeanOperation(rows: [0, 2]), shapes: [[4, 3]]),
      OperationCase(
        name: "patches",
        operation: PatchOperation(patch: 3, rows: 2, columns: 3, timeStride: 2, frequencyStride: 2),
        shapes: [[7, 5]]),
      OperationCase(
        name: "patches of all bands",
        operation: PatchOperation(
          patch: 2, height: 5, rows: 1, columns: 3, timeStride: 2, frequencyStride: 5), shapes: [[7, 5]]),
      OperationCase(
        name: "frames of tokens", operation: FrameOperation(leading: 2, rows: 2, columns: 3, frames: 2),
        shapes: [[8, 3]]),
      OperationCase(
        name: "attention with a gated bias",
        operation: AttentionOperation(
          heads: 2, validFrames: 5, reach: .all,
          bias: PositionBias(embedding: sines([8, 2], step: 0.9), frames: 6, maximumDistance: 8)),
        shapes: [[6, 8], [6, 8], [6, 8], [2, 6]]),
      OperationCase(
        name: "position gate",
        operation: PositionGateOperation(constant: Tensor([0.7, -1.3], shape: [2]), frames: 3),
        shapes: [[6, 8]]),
      convolution("convolution", .none, padding: 0), convolution("padded convolution", .none, padding: 1),
      convolution("convolution, norm over channels", .channels(norm(4)), padding: 0),
      OperationCase(
        name: "convolution, norm over time",
        operation: ConvolutionOperation(
          layer: Convolution(
            weight: sines([4, 3], step: 1.1), bias: sines([4]), norm: .time(norm(4)), activation: .gelu,
            inputs: 1, kernel: 3, stride: 2), padding: 0, validFrames: 13), shapes: [[13, 1]]),
      OperationCase(
        name: "positional convolution",
        operation: PositionalConvolutionOperation(
          layer: PositionalConvolution(
            weight: sines([6, 3, 4], step: 1.3), bias: sines([6]), groups: 2,
            inputScale: (sines([6], step: 2.1), sines([6], step: 0.7)), norm: norm(6), activation: .gelu),
          validFrames: 7), shapes: [[9, 6]]),
    ]

  private static func convolution(_ name: String, _ norm: Convolution.Norm, padding: Int) -> OperationCase {
    OperationCase(
      name: name,
      operation: ConvolutionOperation(
        layer: Convolution(
          weight: sines([4, 9], step: 1.1), bias: sines([4]), norm: norm, activation: .gelu, inputs: 3,
          kernel: 3, stride: 2), padding: padding, validFrames: 10), shapes: [[10, 3]])
  }

  private static func relativeAttention(
    _ name: String, _ table: [Int], first: Int, validFrames: Int
  ) -> OperationCase {
    OperationCase(
      name: name,
      operation: RelativeAttentionOperation(
        heads: 2, validFrames: validFrames,
        keys: RelativeKeys(table: sines(table, step: 1.7), first: first)),
      shapes: [[6, 8], [6, 8], [6, 8], [6, 8]])
  }

  private static func plane(_ name: String, inputs: Int, _ activation: Activation?) -> OperationCase {
    OperationCase(
      name: name,
      operation: PlaneConvolutionOperation(
        layer: PlaneConvolution(
          weight: sines([3, 1, 3, 3], step: 1.1), bias: sines([3]), inputs: inputs, stride: 2, padding: 1,
          activation: activation), frames: 5, bands: 4), shapes: [[20, inputs]])
  }

  private static func depthwise(_ name: String, norm: LayerNorm?, padding: Int) -> OperationCase {
    OperationCase(
      name: name,
      operation: DepthwiseConvolutionOperation(
        layer: DepthwiseConvolution(
          weight: sines([3, 1, 5], step: 1.1), bias: sines([3]), batchNorm: nil, norm: norm,
          padding: padding, activation: .silu), validFrames: 6), shapes: [[7, 3]])
  }

  /// Cosines and sines, side by side, of an angle a frame and pair.
  private static func rotations(frames: Int, pairs: Int) -> Tensor {
    let angles = (0..<frames).map { frame in (0..<pairs).map { Float(frame * ($0 + 1)) * 0.4 } }
    let rows = angles.flatMap { row in
      row.map { Float(cos(Double($0))) } + row.map { Float(sin(Double($0))) }
    }
    return Tensor(rows, shape: [frames, 2 * pairs])
  }

  private static func linear(_ inputs: Int, _ outputs: Int) -> Linear {
    Linear(weight: sines([outputs, inputs], step: 1.7), bias: sines([outputs]))
  }

  private static func norm(_ width: Int) -> LayerNorm {
    LayerNorm(weight: sines([width], step: 1.9), bias: sines([width], step: 0.4), epsilon: 1e-5)
  }

  var inputs: [Tensor] {
    shapes.enumerated().map { sines($1, step: 0.71 + 0.37 * Double($0)) }
  }

  func output(_ inputs: [Tensor]) -> Tensor {
    operation(inputs, on: Evaluation(threads: 1, pool: MemoryPool()))
  }
}

@Suite("Rules of operations") struct OperationTests {
  /// The derivative along a direction, by central differences of a weighted sum of the output, for every input.
  @Test("are the derivative", arguments: OperationCase.all + OperationCase.grids)
  func finiteDifferences(example: OperationCase) {
    let inputs = example.inputs
    let output = example.output(inputs)
    let weights = sines(output.shape, step: 0.53)
    let found = example.operation.propagate(
      weights, inputs: inputs, output: output, by: .gradient, threads: 2)
    #expect(found.gradients.count == inputs.count)
    #expect(found.absorbed == 0)
    for (number, input) in inputs.enumerated() {
      let direction = sines(input.shape, step: 0.91)
      func moved(_ step: Float) -> Double {
        var changed = inputs
        changed[number] = input.zipped(with: direction) { $0 + step * $1 }
        return example.output(changed).dot(weights)
      }
      let step: Float = 2e-3
      let expected = (moved(step) - moved(-step)) / Double(2 * step)
      let derivative = found.gradients[number].dot(direction)
      #expect(
        abs(derivative - expected) < 2e-3 * max(1, abs(expected)),
        "input \(number): \(derivative), by differences \(expected)")
    }
  }

  /// What the inputs and the biases get is what the output had: for every affine rule.
  @Test("conserve relevance", arguments: OperationCase.all + OperationCase.grids)
  func conservation(example: OperationCase) {
    let inputs = example.inputs
    let output = example.output(inputs)
    let weights = sines(output.shape, step: 0.53)
    for rule in [PropagationRules.Affine.derivative, .epsilon(0.01), .gamma(0.25), .positive] {
      let found = example.operation.propagate(
        weights, inputs: inputs, output: output, by: .relevance(rule), threads: 1)
      let before = output.dot(weights)
      let after = zip(inputs, found.gradients).reduce(found.absorbed) { $0 + $1.0.dot($1.1) }
      let size = output.zipped(with: weights) { abs($0 * $1) }.sum
      #expect(abs(before - after) < 1e-4 * size, "\(rule): \(before) became \(after)")
    }
  }

  /// γ = 0 is the gradient's share, and large γ approaches what counts positive contributions of positive outputs.
  @Test("every operation that a model is made of is among the cases")
  func complete() throws {
    let tried = Set((OperationCase.all + OperationCase.grids).map { "\(type(of: $0.operation))" })
    let folder = URL(filePath: repository("Sources/Models"))
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    var declared: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: /struct (\w+): LayerOperation/)
      {
        declared.insert(String(match.1))
      }
    }
    #expect(declared.count > 25)
    // A choice of a code has no rule and is refused by its name; what training changes at random is never explained.
    #expect(
      declared.subtracting(tried) == ["QuantisationOperation", "DropoutOperation", "MaskOperation"])
  }

  @Test("γ = 0 is ε = 0")
  func gammaZero() throws {
    let example = try #require(OperationCase.all.first { $0.name == "linear and a residual" })
    let (inputs, output) = (example.inputs, example.output(example.inputs))
    let weights = sines(output.shape)
    func gradient(_ rule: PropagationRules.Affine) -> Tensor {
      example.operation.propagate(
        weights, inputs: inputs, output: output, by: .relevance(rule), threads: 1
      ).gradients[0]
    }
    #expect(relativeError(gradient(.gamma(0)), gradient(.epsilon(0))) < 1e-5)
    #expect(relativeError(gradient(.gamma(0)), gradient(.derivative)) < 1e-5)
    #expect(relativeError(gradient(.gamma(1)), gradient(.derivative)) > 1e-2)
  }

  /// A rectifier's guided gradient passes only where it is on and what arrives is positive (Springenberg 2015).
  @Test("guided gradients of a rectifier")
  func guided() {
    let z = Tensor([-1, 2, 3, -4], shape: [1, 4])
    let g = Tensor([1, -1, 0.5, -2], shape: [1, 4])
    #expect(Activation.relu.propagate(g, z: z, by: .guided, threads: 1).values == [0, 0, 0.5, 0])
  }
}
