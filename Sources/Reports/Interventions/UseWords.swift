import Results

/// What a study of interventions says in sentences, from its values.
///
/// ```swift
/// UseWords(result).sentence(of: row)
/// // "Phoneme is readable at hidden.3 (accuracy 0.80), … Used: erasing phoneme at hidden.3 costs the head 1.43 …"
/// ```
public struct UseWords {
  private let result: InterventionResult

  /// The words for one result.
  public init(_ result: InterventionResult) { self.result = result }

  // MARK: - What an effect is

  /// What verdicts are about: `the head's loss of each phone where it emits one, nats a phone`.
  public var effect: String {
    let unit = (result.headUnit ?? .frame).rawValue
    return switch (result.quantity, result.headUnit) {
    case (.accuracy, _): "accuracy of linear readers of \(result.readLayers.last ?? "the last layer")"
    case (.loss, .retrieval):
      "the loss of finding a recording's text and a text's recording among all, nats a retrieval"
    case (.loss, .token): "the decoder's loss of each token of the words, nats a token"
    case (.loss, .frame):
      "the head's cross-entropy on the \(result.frameLevel ?? "") label of each frame, nats a frame"
    case (.loss, _): "the head's loss of the transcript, nats a \(unit)"
    case (.symbol, _): "the head's loss of each \(unit) where it emits one, nats a \(unit)"
    case (.divergence, .retrieval), (.divergence, .token): "how far the head's output moves, nats a \(unit)"
    case (.divergence, _): "how far the head's output moves, nats a frame"
    case (.errors, _), (.wordErrors, _): "errors of the head"
    }
  }

  // MARK: - Verdicts

  /// Whether a level is readable at a layer, and what follows of its use there.
  public func sentence(of row: InterventionResult.Row) -> String {
    [reading(row), use(row)].compactMap(\.self).joined(separator: " ")
  }

  /// Nil where the layer has no vectors of the level.
  private func reading(_ row: InterventionResult.Row) -> String? {
    guard let encoded = row.encoded else { return nil }
    let accuracy = InterventionResult.number(encoded.accuracy.value)
    let subject = row.level.prefix(1).uppercased() + row.level.dropFirst()
    guard encoded.isReadable else {
      return "\(subject) is not shown to be readable at \(row.layer) (accuracy \(accuracy))."
    }
    var words = "\(subject) is readable at \(row.layer) (accuracy \(accuracy))"
    if let beyond = encoded.beyondBaseline {
      words +=
        encoded.isBeyondBaseline == true
        ? ", beyond what is simpler by \(InterventionResult.interval(beyond))"
        : ", not shown beyond what is simpler"
    }
    return words + "."
  }

  private func use(_ row: InterventionResult.Row) -> String {
    let (verdict, level) = (row.verdict, row.level)
    switch verdict.reason {
    case .cannotBeErased: return verdict.obstacle ?? "No recording that was changed has a span of \(level)."
    case .nothingAfter: return "Nothing comes after \(row.layer) on which an effect could be measured."
    case .tooFew: return "Fewer than ten recordings were tested: too few to tell an effect from chance."
    case .wholeLayer:
      return
        "The labels of \(level) go with all \(row.rank) directions of \(row.layer): erasing them leaves nothing, and no "
        + "random subspace of that rank is another one."
    case .costsNothing, .atRandom, .controlTask, .untrainedModel, nil: break
    }
    guard let decisive = result.decisive(row) else { return "" }
    let cost = "erasing \(level) at \(row.layer) \(costs(decisive.cost))"
    let random = decisive.atRandom.map {
      ", and erasing as much of its variance at random \(InterventionResult.interval($0))"
    }
    let costs = cost + (random ?? "")
    switch (verdict.kind, verdict.reason) {
    case (.used, _):
      return "Used: \(costs)." + (verdict.returnsAt.map { " It is read again from \($0) on." } ?? "")
    case (.redundant, _):
      return "Redundant: \(costs); \(verdict.returnsAt ?? "a later layer") reads \(level) again."
    case (_, .controlTask):
      return "Not shown to be used: \(costs), but erasing a control task of the same classes costs as much."
    case (_, .untrainedModel):
      return "Not shown to be used: \(costs), but it costs an untrained model as much."
    default: return "Not shown to be used: \(costs)."
    }
  }

  /// `costs the head 1.43 (1.31 to 1.55) nats a phone`
  private func costs(_ cost: Estimate) -> String {
    let amount = InterventionResult.interval(cost)
    switch result.quantity {
    case .accuracy:
      return "costs linear readers of \(result.readLayers.last ?? "the last layer") \(amount) in accuracy"
    case .divergence: return "moves the head's output by \(amount) \(result.unit)"
    default:
      let whom =
        switch result.headUnit {
        case .token: "the decoder"
        case .retrieval: "the search"
        default: "the head"
        }
      return "costs \(whom) \(amount) \(result.unit)"
    }
  }

  // MARK: - What a reader must know

  /// Whole sentences.
  public var warnings: [String] {
    var warnings: [String] = []
    if result.leftOut > 0 {
      warnings.append(
        "\(result.leftOut) recordings were not changed: they are longer than the model reads at once"
          + (result.headUnit == .token ? ", or have no words, or more than its decoder takes." : "."))
    }
    warnings += result.erased.filter { !$0.hasControl }.map {
      "\($0.name) has no control task: its types are hardly more than its classes, so that random classes would be the "
        + "same erasure; what it costs is compared with random subspaces alone."
    }
    if let obstacle = result.headObstacle {
      warnings.append("The head's loss could not be had, its divergence is used: \(obstacle).")
    }
    warnings.append(
      "Erased is what a linear reader could find: what is stored otherwise stays, and an effect is this model's on these "
        + "recordings.")
    return warnings
  }
}

extension InterventionResult {
  /// With its effect, its verdicts and its warnings in words.
  public var inWords: InterventionResult {
    var result = self
    result.effect = UseWords(self).effect
    let words = UseWords(result)
    for index in result.rows.indices {
      result.rows[index].verdict.sentence = words.sentence(of: result.rows[index])
    }
    result.warnings = words.warnings
    return result
  }
}
