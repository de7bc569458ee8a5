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
}
