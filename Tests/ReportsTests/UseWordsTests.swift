import Results
import Testing

@testable import Reports

@Suite("What is used, in sentences") struct UseWordsTests {
  private func estimate(_ value: Double, _ error: Double = 0.05) -> Estimate {
    Estimate(value: value, low: value - error, high: value + error)
  }

  /// Phones erased at hidden.3, which cost 1.4 and at random 0.6.
  private func result(
    _ quantity: InterventionResult.Quantity = .symbol, unit: InterventionResult.HeadUnit? = .phone,
    _ verdict: InterventionResult.Verdict = .init(kind: .used),
    _ change: (inout InterventionResult) -> Void = { _ in }
  ) -> InterventionResult {
    var effect = InterventionResult.Effect(quantity: quantity, intact: 0.2, cost: estimate(1.4))
    (effect.atRandom, effect.beyondRandom) = (estimate(0.6), estimate(0.8))
    var row = InterventionResult.Row(level: "phoneme", layer: "hidden.3", verdict: verdict)
    (row.rank, row.width) = (37, 144)
    if quantity == .accuracy {
      row.readers = [.init(layer: "hidden.6", level: "phoneme", effect: effect)]
    } else {
      row.head = [effect]
    }
    var encoded = InterventionResult.Encoded(
      accuracy: estimate(0.8), overMajority: estimate(0.7), isReadable: true)
    (encoded.beyondBaseline, encoded.isBeyondBaseline) = (estimate(0.3), true)
    row.encoded = encoded
    var result = InterventionResult(
      seed: 0, model: "m", fingerprint: "", corpus: "c", quantity: quantity, intervalUnit: "utterances",
      controls: 20,
      erased: [
        .init(name: "phoneme", classes: 38, spans: 900, majority: 0.1, utterances: 20, hasControl: true)
      ],
      layers: ["hidden.3"], readLayers: ["hidden.3", "hidden.6"], rows: [row], wholePasses: 3,
      partialPasses: 6)
    result.headUnit = unit
    change(&result)
    return result.inWords
  }

  private func sentence(_ result: InterventionResult) -> String { result.rows[0].verdict.sentence }

  @Test("minus signs are true ones, and zero has none")
  func numbers() {
    let text = InterventionResult.interval(Estimate(value: -0.001, low: -0.42, high: 0.31))
    #expect(text == "0.00 (−0.42 to 0.31)")
  }

  @Test("what is readable comes first, then whether it is used, with both costs in their unit")
  func used() {
    #expect(
      sentence(result())
        == "Phoneme is readable at hidden.3 (accuracy 0.80), beyond what is simpler by 0.30 (0.25 to 0.35). Used: erasing phoneme "
        + "at hidden.3 costs the head 1.40 (1.35 to 1.45) nats a phone, and erasing as much of its variance at random 0.60 "
        + "(0.55 to 0.65).")
    let back = sentence(result(.symbol, unit: .phone, .init(kind: .used, returnsAt: "hidden.5")))
    #expect(back.hasSuffix(" It is read again from hidden.5 on."))
    let unread = result { result in
      result.rows[0].encoded?.isReadable = false
    }
    #expect(
      sentence(unread).hasPrefix("Phoneme is not shown to be readable at hidden.3 (accuracy 0.80). Used:"))
    let simple = result { $0.rows[0].encoded?.isBeyondBaseline = false }
    #expect(sentence(simple).contains("(accuracy 0.80), not shown beyond what is simpler."))
  }

  @Test("every reason has a sentence of its own", arguments: InterventionResult.Verdict.Reason.allCases)
  func reasons(_ reason: InterventionResult.Verdict.Reason) {
    let expected =
      switch reason {
      case .cannotBeErased: "hidden.3 does not vary"
      case .nothingAfter: "Nothing comes after hidden.3"
      case .tooFew: "Fewer than ten recordings"
      case .wholeLayer: "go with all 37 directions of hidden.3"
      case .costsNothing, .atRandom: "Redundant: erasing phoneme at hidden.3 costs the head"
      case .controlTask: "but erasing a control task of the same classes costs as much"
      case .untrainedModel: "but it costs an untrained model as much"
      }
    let kind: InterventionResult.Verdict.Kind =
      switch reason {
      case .costsNothing, .atRandom: .redundant
      case .controlTask, .untrainedModel: .notShown
      default: .undecided
      }
    let own = sentence(
      result(
        .symbol, unit: .phone,
        .init(
          kind: kind, reason: reason, obstacle: reason == .cannotBeErased ? "hidden.3 does not vary" : nil,
          returnsAt: kind == .redundant ? "hidden.5" : nil)))
    #expect(own.contains(expected), "\(own)")
    #expect(kind != .redundant || own.hasSuffix("; hidden.5 reads phoneme again."), "\(own)")
  }

  @Test("what an effect is says its unit, of every kind of head and without one")
  func effects() {
    func effect(_ quantity: InterventionResult.Quantity, _ unit: InterventionResult.HeadUnit?) -> String {
      result(quantity, unit: unit) { $0.frameLevel = unit == .frame ? "phoneme" : nil }.effect
    }
    #expect(effect(.symbol, .letter) == "the head's loss of each letter where it emits one, nats a letter")
    #expect(effect(.loss, .phone) == "the head's loss of the transcript, nats a phone")
    #expect(
      effect(.loss, .frame) == "the head's cross-entropy on the phoneme label of each frame, nats a frame")
    #expect(effect(.loss, .token) == "the decoder's loss of each token of the words, nats a token")
    #expect(effect(.loss, .retrieval).hasSuffix("nats a retrieval"))
    #expect(effect(.divergence, .phone) == "how far the head's output moves, nats a frame")
    #expect(effect(.divergence, .token) == "how far the head's output moves, nats a token")
    #expect(effect(.accuracy, nil) == "accuracy of linear readers of hidden.6")
    #expect(
      sentence(result(.accuracy, unit: nil)).contains(
        "costs linear readers of hidden.6 1.40 (1.35 to 1.45) in accuracy"))
    #expect(sentence(result(.loss, unit: .token)).contains("costs the decoder 1.40"))
    #expect(sentence(result(.divergence, unit: .frame)).contains("moves the head's output by 1.40"))
  }

  @Test("what was left out, has no control, or could not be asked is told")
  func warnings() {
    let own = result { result in
      (result.leftOut, result.headUnit, result.headObstacle) = (3, .token, "it has no names")
      result.erased[0].hasControl = false
    }
    #expect(own.warnings.count == 4)
    #expect(
      own.warnings[0].hasPrefix("3 recordings were not changed") && own.warnings[0].contains("decoder"))
    #expect(own.warnings[1].hasPrefix("phoneme has no control task"))
    #expect(own.warnings[2].contains("it has no names"))
    #expect(result().warnings.count == 1)
  }
}
