import Results

/// The verdict on one level at one layer (docs/Methods.md, From encoded to used).
struct VerdictReading {
  let isEnough: Bool
  let beyond: BeyondControls
  let decisive: InterventionResult.Effect?
  let row: InterventionResult.Row

  /// What is less is no use worth the name, however sure it is: a hundredth of a nat, or of all spans.
  static let leastEffect = 0.01

  var verdict: InterventionResult.Verdict {
    let back = row.returned.first(where: \.isBack)?.layer
    func verdict(
      _ kind: InterventionResult.Verdict.Kind, _ reason: InterventionResult.Verdict.Reason? = nil
    ) -> InterventionResult.Verdict {
      InterventionResult.Verdict(kind: kind, reason: reason, returnsAt: back)
    }
    guard let decisive else { return verdict(.undecided, .nothingAfter) }
    guard isEnough else { return verdict(.undecided, .tooFew) }
    guard decisive.atRandom != nil else {
      // What costs nothing needs no other subspace beside it.
      guard decisive.cost.high < Self.leastEffect else { return verdict(.undecided, .wholeLayer) }
      return verdict(back == nil ? .notShown : .redundant, .costsNothing)
    }
    guard (decisive.beyondRandom?.value ?? 0) >= Self.leastEffect, beyond.random else {
      return verdict(back == nil ? .notShown : .redundant, .atRandom)
    }
    guard beyond.task ?? true else { return verdict(.notShown, .controlTask) }
    guard beyond.untrained ?? true else { return verdict(.notShown, .untrainedModel) }
    return verdict(.used)
  }
}
