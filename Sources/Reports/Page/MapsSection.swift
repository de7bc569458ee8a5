import Foundation
import Results

/// What the page shows of a study's activation maps: each span's figure with the sound to listen to.
struct MapsSection {
  struct Example {
    let id: String
    let title: String
    let drawing: PageContent.Drawing
    let audio: String
    /// What the player plays.
    let sound: String
    let warnings: [String]
  }

  let remarks: [String]
  let examples: [Example]

  init(_ maps: ActivationMaps) throws {
    remarks = maps.remarks.map(unbroken)
    examples = try zip(maps.examples, maps.figures()).enumerated().map { index, entry in
      let (example, figure) = entry
      let explained = example.explained
      let isRight = example.label == example.guess
      let stretch = explained.stretch.isEmpty ? [0, explained.seconds] : explained.stretch
      let span = explained.span.map { NumberText.fixed($0, 2) }.joined(separator: "–")
      return Example(
        id: "map-\(index + 1)-heading",
        title: "\(example.label) in \(explained.audio), "
          + (isRight ? "which the probe reads rightly" : "which the probe reads as \(example.guess)"),
        drawing: PageContent.drawing(
          figure,
          note:
            "The span between the dashed lines, \(span) s, is what is read; what lies outside it that is dark counts too."
        ),
        audio: "data:audio/wav;base64," + example.sound.base64EncodedString(),
        sound: "\(explained.audio), \(stretch.map { NumberText.fixed($0, 2) }.joined(separator: "–")) s",
        warnings: explained.warnings.map(unbroken))
    }
  }
}

extension ActivationMaps {
  /// A figure for each example.
  /// - Throws: `ReportError.conversionFailed` where a picture cannot be made.
  func figures() throws -> [AttributionFigure] {
    try examples.enumerated().map { try AttributionFigure($1.whole, name: "map-\($0 + 1)") }
  }
}

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
  static let maps = """
    <section id="maps" aria-labelledby="maps-title">
    <h2 id="maps-title">Where in the sound it is found</h2>
    {{#remarks}}<p class="text">{{.}}</p>
    {{/remarks}}{{#examples}}<article class="map" aria-labelledby="{{id}}">
    <h3 id="{{id}}">{{title}}</h3>
    {{#warnings}}<p class="text note">{{.}}</p>
    {{/warnings}}<p><audio controls preload="metadata" src="{{audio}}" aria-label="Listen to {{sound}}"></audio></p>
    {{#drawing}}{{>drawing}}{{/drawing}}
    </article>
    {{/examples}}</section>

    """

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
