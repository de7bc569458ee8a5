import Foundation
import Results

/// The verdict on one level at one layer (docs/Methods.md, From encoded to used).
struct VerdictReading {
  let level: String
  let layer: String
  let effectUnit: String
  let isEnough: Bool
  let unit: String
  let beyond: BeyondControls
  let decisive: InterventionResult.Effect?
  let row: InterventionResult.Row

  /// What is less is no use worth the name, however sure it is: a hundredth of a nat, or of all spans.
  static let leastEffect = 0.01

  var verdict: InterventionResult.Verdict {
    let back = row.returned.first(where: \.isBack)?.layer
    func verdict(_ kind: InterventionResult.Verdict.Kind, _ sentence: String) -> InterventionResult.Verdict
    {
      InterventionResult.Verdict(kind: kind, returnsAt: back, sentence: reading + sentence)
    }
    guard let decisive else {
      return verdict(.undecided, "Nothing comes after \(layer) on which an effect could be measured.")
    }
    guard isEnough else {
      return verdict(
        .undecided, "Fewer than ten \(unit) were tested: too few to tell an effect from chance.")
    }
    guard let random = decisive.atRandom else {
      // What costs nothing needs no other subspace beside it.
      if decisive.cost.high < Self.leastEffect {
        let costs = "erasing \(level) at \(layer) costs \(Self.text(decisive.cost)) (\(effectUnit))"
        if let back { return verdict(.redundant, "Redundant: \(costs), and \(back) reads \(level) again.") }
        return verdict(.notShown, "Not shown to be used: \(costs).")
      }
      return verdict(
        .undecided,
        "The labels of \(level) go with all \(row.rank) directions of \(layer): erasing them leaves nothing, and no random "
          + "subspace of that rank is another one.")
    }
    let costs =
      "erasing \(level) at \(layer) costs \(Self.text(decisive.cost)) (\(effectUnit)), as much at random "
      + Self.text(random)
    let isLarge = (decisive.beyondRandom?.value ?? 0) >= Self.leastEffect
    guard isLarge, beyond.random else {
      if let back { return verdict(.redundant, "Redundant: \(costs), and \(back) reads \(level) again.") }
      return verdict(.notShown, "Not shown to be used: \(costs).")
    }
    guard beyond.task ?? true else {
      return verdict(
        .notShown,
        "Not shown to be used: \(costs), but erasing a control task of the same classes costs as much.")
    }
    guard beyond.untrained ?? true else {
      return verdict(.notShown, "Not shown to be used: \(costs), but it costs an untrained model as much.")
    }
    return verdict(.used, "Used: \(costs)." + (back.map { " It is read again from \($0) on." } ?? ""))
  }

  /// Whether the level can be read off the layer at all, and beyond what is simpler, with a blank at its end.
  private var reading: String {
    guard let encoded = row.encoded else { return "" }
    let accuracy = String(format: "%.2f", encoded.accuracy.value)
    guard encoded.isReadable else {
      return "\(level) is not shown to be readable at \(layer) (accuracy \(accuracy)). ".firstUppercased
    }
    var words = "\(level) is readable at \(layer) (accuracy \(accuracy))"
    if let beyond = encoded.beyondBaseline {
      words +=
        encoded.isBeyondBaseline == true
        ? ", beyond what is simpler by \(Self.text(beyond))" : ", not shown beyond what is simpler"
    }
    return words.firstUppercased + ". "
  }

  /// `0.42 (0.31 to 0.55)`, with a true minus sign, and none before zero.
  static func text(_ estimate: Estimate) -> String {
    func number(_ value: Double) -> String {
      let digits = String(format: "%.2f", abs(value))
      return value < 0 && digits != "0.00" ? "−" + digits : digits
    }
    return "\(number(estimate.value)) (\(number(estimate.low)) to \(number(estimate.high)))"
  }
}

extension String {
  fileprivate var firstUppercased: String { prefix(1).uppercased() + dropFirst() }
}
