import Models
import Tensors

extension RecordedPass {
  /// The bytes that are held between the way there and the way back, parameters left out.
  var heldBytes: Int {
    let parameters = Set(
      model.parameterTensors.compactMap { $0.memory.storage.map(ObjectIdentifier.init) })
    var seen = parameters
    return state.held.values.reduce(0) { sum, tensor in
      guard let storage = tensor.memory.storage, seen.insert(ObjectIdentifier(storage)).inserted
      else {
        return sum
      }
      return sum + tensor.count * MemoryLayout<Float>.stride
    }
  }
}

extension RecordedPass {
  /// The most rows that attend to each other: on the way back some matrices of so many rows and columns are made for a head.
  package var attendingRows: Int {
    state.steps.filter { $0.operation is AttentionOperation || $0.operation is RelativeAttentionOperation }
      .compactMap { $0.inputShapes.first?.first }.max() ?? 0
  }

  /// The bytes of the largest tensor that an operation has made.
  package var largestBytes: Int {
    state.steps.map { (state.shapes[$0.output] ?? []).reduce(4, *) }.max() ?? 0
  }
}
