import Tensors

/// One operation of a pass as it is recorded: what it is and all that it needs besides its inputs.
///
/// A pass that is recorded can be gone through backwards (`Attribution`), which takes a rule for each kind of
/// operation: an `Evaluation` function that makes a tensor notes one of these.
package protocol LayerOperation: Sendable {
  /// What messages call it, such as "linear layer".
  var name: String { get }

  /// The tensors that it has learned and that a gradient can be had of; none unless it says so.
  var parameters: [Tensor] { get }

  /// The output again, from the same inputs.
  func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor
}

extension LayerOperation {
  package var parameters: [Tensor] { [] }
}

/// What keeps the operations of a pass.
package protocol OperationRecorder: AnyObject, Sendable {
  /// Whether operations are wanted now; what leads only to the place from which a recording starts is not.
  var isRecording: Bool { get }

  func record(_ operation: any LayerOperation, _ inputs: [Tensor], _ output: Tensor)

  /// Declares `values` to be made from nothing that a gradient could flow to: the model's input (`name`), or
  /// something that depends on lengths alone, such as sinusoids of positions.
  func declare(_ values: Tensor, as source: TensorSource)
}

/// What a tensor is that no operation has made.
package enum TensorSource: Sendable, Equatable {
  case input(String)
  case constant
}

extension Evaluation {
  /// Tells the recorder, where there is one, how `output` was made.
  func note(
    _ operation: @autoclosure () -> any LayerOperation, _ inputs: @autoclosure () -> [Tensor],
    _ output: Tensor
  ) {
    guard let recorder, recorder.isRecording else { return }
    recorder.record(operation(), inputs(), output)
  }

  /// Whether a recorder wants to hear of operations.
  var isRecording: Bool { recorder?.isRecording == true }
}
