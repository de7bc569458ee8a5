import Results

/// What the page shows of the training that the model comes from.
struct TrainingSection {
  let sentences: [String]
  let drawings: [PageContent.Drawing]

  /// Nil where no other checkpoint is known.
  init?(_ study: StudyResult) {
    guard let comparison = study.alongTraining else { return nil }
    let place = comparison.models.firstIndex { $0.summary.fingerprint == study.model.fingerprint }
    let own = place.map { "This study's model is \(comparison.labels[$0])." } ?? ""
    sentences = comparison.levels.compactMap(comparison.peakSentence) + [own]
    drawings = comparison.strips.map {
      PageContent.drawing($0, note: "Star: the peak. Rings: layers that cannot be told from it.")
    }
  }
}

extension StudyResult {
  /// The study among those of the other checkpoints of its training, without what only paired studies tell.
  var alongTraining: ModelComparison? {
    guard let training, training.count > 1 else { return nil }
    func isOwn(_ point: TrainingPoint) -> Bool { point.fingerprint == model.fingerprint }
    let models = training.map { point in
      var summary = model
      (summary.name, summary.fingerprint) = (point.name, point.fingerprint)
      return ModelComparison.Model(name: point.name, step: point.step, summary: summary)
    }
    let probed = levels.map { level in
      ModelComparison.Probed(
        level: level.level, probe: level.probe,
        results: training.map { point in
          isOwn(point) ? level : point.levels.first { $0.level == level.level && $0.probe == level.probe }
        }, differences: [], errors: [])
    }
    return ModelComparison(
      models: models, corpus: corpus, settings: settings, levels: probed, drifts: [], driftUnit: "",
      driftRows: 0, warnings: [])
  }

  /// A strip a level; none where no other checkpoint is known.
  var trainingStrips: [PeakStrip] { alongTraining?.strips ?? [] }
}

extension PageTemplates {
  static let training = """
    <section id="training" aria-labelledby="training-title">
    <h2 id="training-title">Along training</h2>
    <p class="text">{{#sentences}}{{.}} {{/sentences}}What was gained and lost between checkpoints, with paired intervals, is told by probe-layers compare.</p>
    <div class="figures">
    {{#drawings}}{{>drawing}}{{/drawings}}
    </div>
    </section>

    """
}
