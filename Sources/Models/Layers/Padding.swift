import Tensors

/// Frames added before and behind: zeros, the frames inside mirrored at the first and the last, or these two repeated;
/// input: `[frames × width]`.
///
/// Mirroring needs more frames than it adds. Where there are fewer, zeros stand behind the sound while it is mirrored,
/// as in EnCodec (Défossez 2022) and what was made after it.
package struct PaddingOperation: LayerOperation {
  /// By the names that PyTorch has for them.
  package enum Filling: String, Sendable, Equatable, CaseIterable {
    case zeros = "constant"
    case mirrored = "reflect"
    case repeated = "replicate"

    static let knownNames = allCases.map(\.rawValue).joined(separator: ", ")
  }

  package let left, right: Int
  package let filling: Filling
  package var name: String { "padding" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.padded(inputs[0], self)
  }

  /// Which of `frames` frames stands at `place` of the output; nil for zeros.
  package func source(of place: Int, frames: Int) -> Int? {
    let frame = place - left
    if frame >= 0, frame < frames { return frame }
    switch filling {
    case .zeros: return nil
    case .repeated: return min(max(0, frame), frames - 1)
    case .mirrored:
      let extent = max(frames, max(left, right) + 1)
      let mirrored = frame < 0 ? -frame : frame >= extent ? 2 * (extent - 1) - frame : frame
      return mirrored < frames ? mirrored : nil
    }
  }
}

extension Evaluation {
  func padded(_ x: Tensor, _ operation: PaddingOperation) -> Tensor {
    guard operation.left > 0 || operation.right > 0 else { return x }
    let (frames, width) = (x.rows, x.width)
    let result = x.withUnsafeBuffer { x in
      Tensor(shape: [operation.left + frames + operation.right, width], from: pool) { result in
        guard let from = x.baseAddress, let to = result.baseAddress else { return }
        (to + operation.left * width).update(from: from, count: frames * width)
        let ends = [
          0..<operation.left, (operation.left + frames)..<(operation.left + frames + operation.right),
        ]
        for place in ends.joined() {
          if let source = operation.source(of: place, frames: frames) {
            (to + place * width).update(from: from + source * width, count: width)
          } else {
            (to + place * width).update(repeating: 0, count: width)
          }
        }
      }
    }
    note(operation, [x], result)
    return result
  }
}

/// A convolution over time with what is added at the ends of its input.
struct TimeConvolution: Sendable {
  /// What is added.
  enum Ends: Sendable, Equatable {
    /// The same for any length; what is left of the last step falls away.
    case fixed(left: Int, right: Int)
    /// So much that `frames` frames make ⌈frames / stride⌉, all of it before them where no frame may see a later
    /// one, else half on either side (the odd one before).
    case whole(isCausal: Bool)
  }

  var grid: GridConvolution  // without padding of its own
  var ends: Ends
  var filling = PaddingOperation.Filling.zeros

  private var stride: Int { grid.walk.time.stride }

  /// Frames from the first to the last that the kernel sees at once.
  private var span: Int { (grid.walk.time.kernel - 1) * grid.walk.time.dilation + 1 }

  /// Frames that are added before `frames` of them, and behind.
  func added(to frames: Int) -> (left: Int, right: Int) {
    switch ends {
    case .fixed(let left, let right): return (left, right)
    case .whole(let isCausal):
      let total = max(0, span - stride)
      let missing = (frames + stride - 1) / stride * stride - frames
      let right = isCausal ? 0 : total / 2
      return (total - right, right + missing)
    }
  }

  /// `[frames × inputs]` to `[output frames × outputs]`.
  func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
    let (left, right) = added(to: x.rows)
    let padded = run.padded(x, PaddingOperation(left: left, right: right, filling: filling))
    return run.convolution(padded, grid, frequencies: 1)
  }

  func addTiming(to timing: inout TimingBuilder) {
    timing.add(span: span, stride: stride, left: added(to: stride).left)
  }
}

/// Where the frames of layers with padding lie, worked out layer by layer.
struct TimingBuilder: Sendable {
  private(set) var stride = 1
  private(set) var field = 1
  private(set) var first = 0.0

  /// The step and the field, in samples, that the first layer's inputs have of their own.
  init(stride: Int = 1, field: Int = 1, first: Double = 0) {
    (self.stride, self.field, self.first) = (stride, field, first)
  }

  /// A layer whose frame sees `span` inputs, the first frame `left` of them before the first.
  mutating func add(span: Int, stride step: Int, left: Int) {
    first += (Double(span - 1) / 2 - Double(left)) * Double(stride)
    field += (span - 1) * stride
    stride *= step
  }

  func timing(samplingRate: Int, period: FrameTiming.Period? = nil) -> FrameTiming {
    FrameTiming(
      samplingRate: samplingRate, strideSamples: stride, receptiveFieldSamples: field,
      firstCentreSample: first, period: period)
  }
}

// MARK: - Parameters

extension ParameterReader {
  /// PyTorch's `Conv1d`, with or without weight norm.
  mutating func timeConvolution(
    _ name: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1,
    groups: Int = 1, ends: TimeConvolution.Ends, filling: PaddingOperation.Filling = .zeros,
    weight initial: Initialisation? = nil, bias: Initialisation? = .zeros
  ) throws -> TimeConvolution {
    let depth = inputs / groups * kernel
    let weight = try weightNormed(
      name, [outputs, inputs / groups, kernel], initial ?? .kaiming(inputs: depth), axis: 0)
    let bias = try bias.map { try tensor("\(name).bias", [outputs], $0) } ?? Tensor(shape: [outputs])
    return TimeConvolution(
      grid: GridConvolution(
        weight: weight.placeByPlace(), bias: bias, groups: groups,
        walk: GridWalk(time: .init(kernel: kernel, stride: stride, dilation: dilation))),
      ends: ends, filling: filling)
  }

  /// PyTorch's `LSTM` of one direction.
  mutating func lstm(_ name: String, inputs: Int, units: Int, layers: Int) throws -> [RecurrentLayer] {
    try recurrent(.lstm, name, inputs: inputs, units: units, layers: layers)
  }

  /// PyTorch's `LSTM` or `GRU` of one direction.
  mutating func recurrent(
    _ cell: RecurrentLayer.Cell, _ name: String, inputs: Int, units: Int, layers: Int
  ) throws -> [RecurrentLayer] {
    let drawn = Initialisation.uniform(inputs: units)
    return try (0..<layers).map { layer in
      func part(_ part: String, _ inputs: Int) throws -> Linear {
        Linear(
          weight: try tensor("\(name).weight_\(part)_l\(layer)", [cell.gates * units, inputs], drawn),
          bias: try tensor("\(name).bias_\(part)_l\(layer)", [cell.gates * units], drawn))
      }
      return RecurrentLayer(
        cell: cell,
        directions: [
          .init(input: try part("ih", layer == 0 ? inputs : units), recurrent: try part("hh", units))
        ])
    }
  }
}
