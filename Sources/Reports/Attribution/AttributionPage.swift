import Foundation
import Mustache
import Results

/// The page of one explanation: the figure, the recording to listen to, every map's checks, and what each method is.
struct AttributionPage {
  let version: String
  let css: String
  let title: String
  let lead: String
  let svg: String
  let leastWidth: Int
  let drawing: PageContent.Drawing
  let audio: String
  let hasAudio: Bool
  let maps: [Map]
  /// Further figures.
  let sections: [FigureSection]
  let warnings: [String]
  let hasWarnings: Bool
  let facts: [PageContent.Fact]

  struct Map {
    let name: String
    let explanation: String
    let checks: [Check]
  }

  struct Check {
    let name: String
    let value: String
    let sign: String
  }

  init(
    _ result: AttributionResult, figure: AttributionFigure, others: [(figure: any Figure, text: String)],
    sound: Data?, version: String
  ) {
    self.version = version
    css = PageStyle.sheet
    title = figure.title
    lead = figure.summary
    svg = figure.svg(.page)
    drawing = PageContent.drawing(figure, note: "")
    // Labels at the size of small print.
    leastWidth = Int(figure.size.points.width * 1.5)
    audio = sound.map { "data:audio/wav;base64," + $0.base64EncodedString() } ?? ""
    hasAudio = sound != nil
    maps = result.maps.map { map in
      Map(
        name: "\(AttributionFigure.words(map.method)), \(map.layer)",
        explanation: MethodWords.explanation(map.method),
        checks: map.checks.map {
          Check(
            name: $0.name, value: Self.spelt($0.value),
            sign: $0.limit == nil ? "" : $0.isPassed ? "✓" : "✗ (limit \(Self.spelt($0.limit ?? 0)))")
        })
    }
    sections = others.map { FigureSection($0.figure, text: $0.text) }
    warnings = result.warnings.map(\.capitalizedFirst)
    hasWarnings = !result.warnings.isEmpty
    facts =
      [
        ("model", "\(result.model) (\(result.family))"), ("weights", result.fingerprint),
        ("recording", "\(result.audio), \(NumberText.fixed(result.seconds, 2)) s"),
        ("target", "\(result.target), read at \(result.targetLayer)"),
        ("its value", NumberText.fixed(result.score, 4)), ("probe", result.probe),
      ].compactMap { name, value in value.map { PageContent.Fact(name: name, value: $0) } }
  }

  /// Four significant digits.
  static func spelt(_ value: Double) -> String {
    value == 0 || !value.isFinite
      ? NumberText.fixed(value, 0) : String(format: "%.3g", value).replacingOccurrences(of: "-", with: "−")
  }

  func html() throws -> String {
    guard let page = try ReportPage.library().render(self, withTemplate: "attribution") else {
      throw ReportError.brokenTemplate(name: "attribution", reason: "it is not registered")
    }
    return page
  }
}

/// What each method says, in a sentence or two.
enum MethodWords {
  static func explanation(_ method: String) -> String {
    switch method {
    case "Grad-CAM":
      "Frames of the layer, each channel weighed by the mean of the target's gradient (Selvaraju 2017); only what "
        + "speaks for the target is shown."
    case "Grad-CAM++":
      "As Grad-CAM, with positive gradients weighed frame by frame (Chattopadhay 2018)."
    case "CAM":
      "What each frame would give to the target, whose value is the mean over its span (Zhou 2016)."
    case "gradient × input":
      "Each part of the input times the target's gradient there, by time and frequency."
    case "SmoothGrad × input": "The mean gradient of noisy copies, times the input (Smilkov 2017)."
    case "integrated gradients":
      "Gradients along the straight way from a baseline, times the difference; they add up to how much the target "
        + "differs from the baseline's, which is checked (Sundararajan 2017)."
    case "guided backpropagation":
      "Gradient × input where only positive gradients pass a nonlinearity (Springenberg 2015). It shows what is in the "
        + "input more than what the model uses of it (Adebayo 2018)."
    case "layer-wise relevance propagation":
      "The target's value, shared out layer by layer so that nothing is lost (Bach 2015; Achtibat 2024 for attention), "
        + "which is checked. Parts of LRP are patented; it is free for research, a company asks first."
    case "occlusion":
      "How much the target falls when 50 ms are hidden, with no look inside the model (Zeiler 2014)."
    case "attention":
      "What the span's frames look at in the last block before the target, the mean over its heads; of a decoder's token, "
        + "at the sound. It knows of no class, and not of what other blocks have moved before."
    case "attention rollout":
      "What the frames that enter the first block have in the span's, when attention and residuals of all blocks are "
        + "multiplied (Abnar & Zuidema 2020). It knows of no class: every target of a span has the same map."
    case "attention flow":
      "The largest flow from each frame to the span through the attention of all blocks (Abnar & Zuidema 2020); the same "
        + "for every class."
    default: ""
    }
  }
}

extension PageTemplates {
  static let attribution = """
    {{>head}}
    <body>
    <header>
    <h1>{{title}}</h1>
    <p class="lead">{{lead}}</p>
    {{#hasAudio}}<p><audio controls preload="metadata" src="{{audio}}" aria-label="The recording"></audio></p>
    {{/hasAudio}}</header>
    <main>
    {{#hasWarnings}}<section aria-labelledby="trust-title">
    <h2 id="trust-title">Before you trust it</h2>
    <ul class="text">
    {{#warnings}}<li>{{.}}</li>
    {{/warnings}}</ul>
    </section>{{/hasWarnings}}
    <section aria-labelledby="maps-title">
    <h2 id="maps-title">The maps</h2>
    <div class="drawing" tabindex="0" role="group" aria-label="{{title}}"><div style="min-width: {{leastWidth}}px">
    {{{svg}}}</div></div>
    {{#drawing}}{{>data}}{{/drawing}}
    {{#maps}}<h3>{{name}}</h3>
    <p class="text">{{explanation}}</p>
    {{#checks}}<p class="text note">{{name}}: {{value}} {{sign}}</p>
    {{/checks}}{{/maps}}
    </section>
    {{#sections}}{{>figureSection}}{{/sections}}<section aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    <dl class="facts">
    {{#facts}}{{>facts}}{{/facts}}
    </dl>
    </section>
    </main>
    <footer>
    <p class="text note">A map shows what a target's value hangs on by one reading of one model; it is no proof of what the model would do with another sound.</p>
    </footer>
    </body>
    </html>

    """
}
