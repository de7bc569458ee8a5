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
    /// Of each map how much of it lies inside the span, and what was tried to find out whether it is true.
    let checks: [String]
    let warnings: [String]
  }

  let remarks: [String]
  let examples: [Example]

  init(_ maps: ActivationMaps) throws {
    let unchecked = maps.examples.count { $0.explained.trust.isEmpty }
    let remark =
      "\(count(unchecked, "map")) of an earlier version, without checks, \(unchecked == 1 ? "is" : "are") not shown."
    remarks = (maps.remarks + (unchecked > 0 ? [remark] : [])).map(unbroken)
    let checked = zip(maps.examples, try maps.figures()).filter { !$0.0.explained.trust.isEmpty }
    examples = checked.enumerated().map { index, entry in
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
        checks: explained.maps.map { unbroken(explained.words(of: $0)) },
        warnings: explained.warnings.map(unbroken))
    }
  }
}

extension AttributionResult {
  /// How much of a map lies inside the span, and its checks, in a sentence.
  func words(of map: Map) -> String {
    func percent(_ share: Double) -> String { "\(NumberText.fixed(100 * share, 0)) %" }
    var parts = [
      map.share(inside: span).map {
        "\(percent($0.share)) of what speaks for it lies inside the span, which fills \(percent($0.ofTime)) of the stretch"
      } ?? "nothing in it speaks for the label"
    ]
    if let trust = trust.first(where: { $0.method == map.method }) {
      if let gain = trust.gain, let random = trust.randomGain {
        parts.append(
          "insertion less deletion in its order \(NumberText.fixed(gain, 2)), in random orders "
            + "\(NumberText.fixed(random, 2))")
      }
      if let last = trust.randomisation.last {
        parts.append(
          "rank correlation with the map of random weights \(NumberText.fixed(last.correlation, 2))")
      }
      parts.append(trust.doubts.isEmpty ? "nothing speaks against it" : "not to be trusted here")
    }
    return "\(AttributionFigure.words(map.method)): \(parts.joined(separator: "; "))."
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
    <ul class="text">
    {{#checks}}<li>{{.}}</li>
    {{/checks}}</ul>
    </article>
    {{/examples}}</section>

    """
}
