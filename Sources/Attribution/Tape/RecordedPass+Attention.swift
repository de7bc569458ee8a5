import Models
import Tensors

/// The softmax attention of one block of a recorded pass.
public struct AttentionPlace: Sendable {
  /// The tap point of the block.
  public let layer: String
  /// The number of its heads.
  public let heads: Int
  /// What its heads give, side by side, `[frames × width]`.
  let context: Tape.ID
  let step: Int
  let stretch: Int
}

extension RecordedPass {
  /// The attention of the block whose output `tap` is; nil where none is between it and the tap point before, or more
  /// than one.
  public func attention(of tap: String) -> AttentionPlace? {
    guard let stretch = state.stretches.firstIndex(where: { $0.tap == tap }) else { return nil }
    let found = state.stretches[stretch].steps.compactMap { step -> AttentionPlace? in
      let heads: Int? =
        switch state.steps[step].operation {
        case let attention as AttentionOperation: attention.heads
        case let attention as RelativeAttentionOperation: attention.heads
        default: nil
        }
      return heads.map {
        AttentionPlace(
          layer: tap, heads: $0, context: state.steps[step].output, step: step, stretch: stretch)
      }
    }
    return found.count == 1 ? found.first : nil
  }

  /// What the heads give, `[frames × width]`, each in its own columns.
  /// - Throws: `AttributionError.untraced` where the pass does not hold it.
  public func context(of attention: AttentionPlace) throws -> Tensor {
    guard let context = try stretchValues(attention.stretch)[attention.context] else {
      throw AttributionError.notRepeatable(tap: attention.layer)
    }
    return context
  }

  /// What each of `results`, the block's own tap point or deeper ones, would be were `context` what the heads give.
  ///
  /// Throws `AttributionError` as `values(of:replacing:with:)` does.
  public func values(
    of results: [String], changing attention: AttentionPlace, to context: Tensor
  ) throws -> [String: Tensor] {
    try values(of: results, changing: attention.context, to: context, "the attention of \(attention.layer)")
  }
}
