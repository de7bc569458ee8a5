import Models
import Synchronization
import Tensors

/// The operations of one recorded pass, to be gone through backwards.
///
/// Tensors are told apart by the memory they are in. Only those at tap points are kept (and those that a later
/// stretch needs); the others are made again, stretch by stretch, on the way back: memory is that of the tap points
/// and of one stretch, a block of a transformer as a rule. A tape that `keepsAll` makes nothing again, and one that
/// begins `from` a tap point hears of nothing before it.
final class Tape: OperationRecorder {
  typealias ID = Int

  struct Step: Sendable {
    let operation: any LayerOperation
    let inputs: [ID]
    /// As the operation took them in, which may be other shapes than they were made in.
    let inputShapes: [[Int]]
    let output: ID
  }

  /// A stretch of a model, up to and with a tap point.
  struct Stretch: Sendable {
    let tap: String
    var steps: Range<Int>
  }

  /// Where a tap's values are: an operation's output or its first rows.
  struct Place: Sendable {
    let id: ID
    let rows: Range<Int>
    /// Where a gradient of the tap is taken: its values or, of frames that are means of tokens, the tokens.
    var source: ID
    var frames: FrameOperation?

    init(id: ID, rows: Range<Int>) {
      (self.id, self.rows, source) = (id, rows, id)
    }
  }

  enum Origin: Sendable, Equatable {
    case step
    case input(String)
    case constant
    /// Nothing recorded has made it; it was asked for by this operation, in this stretch.
    case unknown(consumer: String, stretch: Int)
  }

  struct Record: Sendable {
    var steps: [Step] = []
    var stretches: [Stretch] = []
    var origins: [ID: Origin] = [:]
    var shapes: [ID: [Int]] = [:]
    var held: [ID: Tensor] = [:]
    var places: [String: Place] = [:]
    /// The stretch that a value is made in.
    var madeIn: [ID: Int] = [:]
    /// In the order in which they were declared.
    var inputs: [(name: String, id: ID)] = []
  }

  struct State {
    var record = Record()
    /// By the object that a tensor's memory belongs to.
    var known: [ObjectIdentifier: [(memory: TensorMemory, id: ID)]] = [:]
    let parameters: Set<ObjectIdentifier>
    /// Whether operations are recorded now.
    var isRecording: Bool
  }

  private let state: Mutex<State>
  private let keepsAll: Bool
  /// The tap point that the record begins behind; nil for all.
  private let first: String?

  /// `parameters` are constants wherever they come in.
  init(parameters: [Tensor], keepsAll: Bool = false, from first: String? = nil) {
    (self.keepsAll, self.first) = (keepsAll, first)
    let known = parameters.compactMap { $0.memory.storage.map(ObjectIdentifier.init) }
    state = Mutex(State(parameters: Set(known), isRecording: first == nil))
  }

  var isRecording: Bool { state.withLock { $0.isRecording } }

  /// Everything so far, for the way back.
  var snapshot: Record { state.withLock { $0.record } }
}

// MARK: - Recording

extension Tape {
  func record(_ operation: any LayerOperation, _ inputs: [Tensor], _ output: Tensor) {
    state.withLock { state in
      var ids = inputs.map { state.id(of: $0, for: operation.name) }
      var (operation, shapes) = (operation, inputs.map(\.shape))
      // What is before a nonlinearity is made once on the way back for both.
      if !keepsAll, let parts = (operation as? LinearOperation)?.parts {
        let before = state.add(shape: output.shape, .step)
        state.record.steps.append(
          Step(operation: parts.layer, inputs: ids, inputShapes: shapes, output: before))
        (operation, ids, shapes) = (parts.activation, [before], [output.shape])
      }
      let id = state.add(output, .step)
      if keepsAll { state.record.held[id] = output }
      state.record.steps.append(Step(operation: operation, inputs: ids, inputShapes: shapes, output: id))
    }
  }

  func declare(_ values: Tensor, as source: TensorSource) {
    state.withLock { state in
      switch source {
      case .constant: state.record.held[state.add(values, .constant)] = values
      case .input(let name):
        let id = state.add(values, .input(name))
        state.record.held[id] = values
        state.record.inputs.append((name, id))
      }
    }
  }

  /// Ends a stretch: `values` are those of a tap point.
  func mark(_ tap: String, _ values: Tensor) {
    state.withLock { state in
      guard state.isRecording else {
        if tap == first {
          state.isRecording = true
          state.record.held[state.add(values, .constant)] = values
        }
        return
      }
      let start = state.record.stretches.last?.steps.upperBound ?? 0
      state.record.stretches.append(Stretch(tap: tap, steps: start..<state.record.steps.count))
      guard var place = state.place(of: values) else { return }
      // Frames of tokens lead nowhere: the model goes on with the tokens.
      if let step = state.record.steps[start...].last(where: { $0.output == place.id }),
        let frames = step.operation as? FrameOperation, let tokens = step.inputs.first
      {
        (place.source, place.frames) = (tokens, frames)
      }
      state.record.places[tap] = place
      if place.rows.count == state.record.shapes[place.id]?.first { state.record.held[place.id] = values }
    }
  }
}

extension Tape.State {
  /// The stretch that is being recorded.
  private var current: Int { record.stretches.count }

  /// A value without memory of its own yet.
  mutating func add(shape: [Int], _ origin: Tape.Origin) -> Tape.ID {
    let id = record.origins.count
    record.origins[id] = origin
    record.shapes[id] = shape
    record.madeIn[id] = current
    return id
  }

  mutating func add(_ tensor: Tensor, _ origin: Tape.Origin) -> Tape.ID {
    let id = add(shape: tensor.shape, origin)
    let memory = tensor.memory
    if let storage = memory.storage {
      // Memory that has been given out again is another tensor's now.
      let living = known[ObjectIdentifier(storage)]?.filter { $0.memory.storage === storage } ?? []
      known[ObjectIdentifier(storage)] = living + [(memory, id)]
    }
    return id
  }

  /// The value that `tensor` is, with the rows that it has of it.
  func place(of tensor: Tensor) -> Tape.Place? {
    let memory = tensor.memory
    guard let storage = memory.storage, let entries = known[ObjectIdentifier(storage)] else { return nil }
    for (other, id) in entries.reversed() where other.storage === storage {
      if other.range == memory.range {
        return Tape.Place(id: id, rows: 0..<(record.shapes[id]?.first ?? 1))
      }
      let width = max(1, tensor.width)
      let offset = memory.range.lowerBound - other.range.lowerBound
      let isInside = offset >= 0 && memory.range.upperBound <= other.range.upperBound
      if isInside, record.shapes[id]?.dropFirst().reduce(1, *) == width, offset % width == 0 {
        return Tape.Place(id: id, rows: (offset / width)..<(offset / width + tensor.rows))
      }
    }
    return nil
  }

  /// The value that `consumer` takes in; rows of a value are a value of their own, made by an operation.
  mutating func id(of tensor: Tensor, for consumer: String) -> Tape.ID {
    guard let place = place(of: tensor) else {
      let isParameter = tensor.memory.storage.map { parameters.contains(ObjectIdentifier($0)) } ?? false
      let id = add(tensor, isParameter ? .constant : .unknown(consumer: consumer, stretch: current))
      record.held[id] = tensor
      return id
    }
    let shape = record.shapes[place.id] ?? tensor.shape
    guard place.rows.count != shape.first else {
      let isOlder = record.madeIn[place.id].map { $0 < current } ?? false
      // What outlives its stretch is kept.
      if isOlder, record.held[place.id] == nil { record.held[place.id] = tensor.reshaped(shape) }
      return place.id
    }
    let id = add(tensor, .step)
    record.steps.append(
      Tape.Step(
        operation: RowsOperation(rows: place.rows), inputs: [place.id], inputShapes: [shape], output: id))
    return id
  }
}

/// Some rows of a tensor.
struct RowsOperation: PropagatingOperation {
  let rows: Range<Int>
  var name: String { "choice of rows" }

  func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor { inputs[0].rows(rows) }

  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    Propagation(gradients: [gradient.placed(at: self.rows, of: inputs[0].shape)])
  }
}

extension Tensor {
  /// These rows in a tensor of `shape` that is zero otherwise.
  func placed(at rows: Range<Int>, of shape: [Int]) -> Tensor {
    guard rows.count != shape.first else { return reshaped(shape) }
    return withUnsafeBuffer { source in
      Tensor(shape: shape) { target in
        target.update(repeating: 0)
        _ = UnsafeMutableBufferPointer(rebasing: target[(rows.lowerBound * width)...]).update(from: source)
      }
    }
  }
}
