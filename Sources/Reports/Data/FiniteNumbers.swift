import Results

extension StudyResult {
  /// The study as it can be written: similarities that are not finite become nil, and a warning names every
  /// number that stands as an empty cell, so that no not-a-number is passed on in silence.
  /// Doing it twice changes nothing.
  var announcingGaps: StudyResult {
    var study = self
    // Two warnings, since a nil in a matrix says nothing when it is read again, and an estimate does.
    study.warn(of: levels.flatMap { gaps(in: $0) })
    study.warn(of: similarity.flatMap(Self.gaps))
    for index in similarity.indices {
      study.similarity[index].values = similarity[index].values.map { row in
        row.map { value in value.flatMap { $0.isFinite ? $0 : nil } }
      }
    }
    return study
  }

  private mutating func warn(of places: [String]) {
    guard !places.isEmpty else { return }
    let shown = places.prefix(6).joined(separator: "; ")
    let rest = places.count > 6 ? "; and \(places.count - 6) more" : ""
    let warning =
      "\(count(places.count, "number is", "numbers are")) not finite and left empty (null in study.json): "
      + "\(shown)\(rest)."
    if !warnings.contains(warning) { warnings.append(warning) }
  }

  private func gaps(in level: LevelResult) -> [String] {
    let title = title(of: level)
    func gaps(_ name: String, _ table: MetricTable?) -> [String] {
      guard let table else { return [] }
      return table.metrics.filter { !table[$0].isFinite }.map { "\(title), \(name), \($0.words)" }
    }
    func gap(_ name: String, _ estimate: Estimate?) -> [String] {
      estimate.map { $0.isFinite } ?? true ? [] : ["\(title), \(name)"]
    }
    let references =
      [("majority", level.majority), ("shuffled", level.shuffled), (level.baseline, level.mel)]
      + (level.plain ?? []).map { ($0.name, $0.metrics) }
    let nulls =
      references
      .flatMap { gaps($0.0, $0.1) }
    let layers = level.layers.flatMap { layer in
      gaps(layer.layer.name, layer.metrics) + gaps(layer.layer.name + "@untrained", layer.twin)
        + gap("\(layer.layer.name), gain over the untrained model", layer.gainOverTwin)
        + gap("\(layer.layer.name), gain over \(level.baseline)", layer.gainOverMel)
        + gap("\(layer.layer.name), selectivity", layer.selectivity)
    }
    return nulls + layers + gap("peak", level.peak?.estimate)
  }

  private static func gaps(in matrix: SimilarityMatrix) -> [String] {
    zip(matrix.rowLayers, matrix.values).flatMap { row, values in
      zip(matrix.columnLayers, values).compactMap { column, value in
        guard let value, !value.isFinite else { return nil }
        return "\(matrix.measure), \(row) × \(column)"
      }
    }
  }
}
