import Results

/// The table that every report shows: a row per layer, a column per level, and below it the rows that the
/// layers have to beat. The terminal, Markdown, LaTeX and HTML each spell it in their own way.
struct StudyTable {
  enum Mark { case none, peak, peakSet }

  struct Cell {
    /// Nil where there is no number; the reason is in `missing`.
    var estimate: Estimate?
    var mark = Mark.none
  }

  struct Column {
    var title: String
    var metric: Metric
    /// "39 of 45 classes, 1,234 of 1,500 spans"; nil in a study of an earlier version.
    var scope: String?
    /// The same, a line each: "39/45 classes", "1,234/1,500 spans".
    var scopeLines: [String]
    var format: MeasureFormat { MeasureFormat(metric) }
  }

  struct Row {
    var name: String
    /// One cell a column.
    var cells: [Cell]
  }

  let columns: [Column]
  /// In the order of the data, the input side first.
  let layers: [Row]
  /// Majority class, shuffled labels, mel, the untrained model at each level's peak layer, and the joint baseline without
  /// and with that layer.
  let references: [Row]
  /// What the probe of the baseline's row reads.
  let baselineWords: String
  /// Which layers have no number for which level, and why; whole sentences.
  let missing: [String]
  /// What the intervals were resampled over: "speakers".
  let intervalUnits: [String]

  static let twinName = "untrained model"
  static let jointName = "joint baseline"
  static let besideJointName = "joint + peak"

  init(_ study: StudyResult) {
    columns = study.levels.map {
      Column(
        title: study.title(of: $0), metric: $0.metric, scope: $0.scope?.words,
        scopeLines: $0.scope?.lines ?? [])
    }
    let all = Set(study.levels.flatMap { $0.layers.map(\.layer) }).sorted {
      ($0.depth, $0.name) < ($1.depth, $1.name)
    }
    layers = all.map { layer in
      Row(name: layer.name, cells: study.levels.map { Self.cell(of: layer, in: $0) })
    }
    let references: [(String, (LevelResult) -> MetricTable?)] = [
      ("majority", { $0.tested > 0 ? $0.majority : nil }), ("shuffled", { $0.shuffled }),
      (study.levels.first?.baseline ?? "mel", { $0.mel }),
      (Self.twinName, { $0.peakResult?.twin }), (Self.jointName, { $0.joint?.baseline }),
      (Self.besideJointName, { $0.joint?.withLayer }),
    ]
    self.references = references.compactMap { name, table in
      let cells = study.levels.map { Cell(estimate: table($0)?[$0.metric]) }
      return cells.contains { $0.estimate != nil } ? Row(name: name, cells: cells) : nil
    }
    baselineWords =
      study.corpus.isText ? "the n-grams of the text's characters" : "log-mel spans"
    missing = zip(study.levels, columns).flatMap { Self.missing(in: $0, title: $1.title) }
    intervalUnits = study.levels.map(\.intervalUnit).reduce(into: []) { units, unit in
      if !units.contains(unit) { units.append(unit) }
    }
  }

  private static func cell(of layer: Layer, in level: LevelResult) -> Cell {
    guard let estimate = level.layers.first(where: { $0.layer == layer })?.metrics?[level.metric] else {
      return Cell()
    }
    guard let peak = level.peak else { return Cell(estimate: estimate) }
    let mark: Mark = peak.layer == layer ? .peak : peak.peakSet.contains(layer) ? .peakSet : .none
    return Cell(estimate: estimate, mark: mark)
  }

  /// One sentence a reason.
  private static func missing(in level: LevelResult, title: String) -> [String] {
    var reasons: [(reason: String, layers: [Layer])] = []
    for result in level.layers where result.metrics == nil {
      let reason = result.reason ?? "no reason was given"
      if let known = reasons.firstIndex(where: { $0.reason == reason }) {
        reasons[known].layers.append(result.layer)
      } else {
        reasons.append((reason, [result.layer]))
      }
    }
    return reasons.map {
      "\(title.capitalizedFirst) has no number at \(level.ranges(of: $0.layers)): \($0.reason)."
    }
  }

  /// "95 % intervals by bootstrap over speakers".
  var intervalNote: String { "95 % interval, bootstrap over \(list(intervalUnits))" }
}
