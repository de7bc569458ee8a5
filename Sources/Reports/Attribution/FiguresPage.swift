import Foundation
import Results

/// A page of figures with their numbers, and recordings to listen to.
public struct FiguresPage: Sendable {
  /// A recording to listen to.
  public struct Clip: Sendable {
    /// What is heard, in words.
    public var caption: String
    /// A WAV file.
    public var sound: Data

    public init(caption: String, sound: Data) {
      self.caption = caption
      self.sound = sound
    }
  }

  /// The page's heading.
  public var title: String
  /// The answer, above the first figure.
  public var lead: String
  /// The figures, each with what stands below it.
  public var figures: [(figure: any Figure, text: String)]
  /// The recordings, in their order; empty without any.
  public var clips: [Clip] = []
  /// What a reader must know before trusting a figure; whole sentences.
  public var warnings: [String] = []
  /// What may and may not be concluded.
  public var footnote =
    "Encoded is not used: what a probe's evidence or a head's attention lies on is one reading of the model, and no proof "
    + "of what it does."

  public init(title: String, lead: String, figures: [(figure: any Figure, text: String)]) {
    self.title = title
    self.lead = lead
    self.figures = figures
  }

  private struct Content {
    struct Sound {
      let caption: String
      let url: String
    }

    let version: String
    let css: String
    let title: String
    let lead: String
    let sections: [FigureSection]
    let clips: [Sound]
    let hasClips: Bool
    let warnings: [String]
    let hasWarnings: Bool
    let footnote: String
  }

  func html(version: String) throws -> String {
    let content = Content(
      version: version, css: PageStyle.sheet, title: title, lead: lead,
      sections: figures.map { FigureSection($0.figure, text: $0.text) },
      clips: clips.map {
        .init(caption: $0.caption, url: "data:audio/wav;base64," + $0.sound.base64EncodedString())
      }, hasClips: !clips.isEmpty, warnings: warnings, hasWarnings: !warnings.isEmpty,
      footnote: footnote)
    guard let page = try ReportPage.library().render(content, withTemplate: "figures") else {
      throw ReportError.brokenTemplate(name: "figures", reason: "it is not registered")
    }
    return page
  }

  /// Writes `report.html`, `figures/*.svg` and `.csv`, what the caller adds, and `records` of the run; all or none.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func write(
    extra: [(name: String, data: Data)], version: String, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    let files =
      [("report.html", Data(try html(version: version).utf8))]
      + figures.map { ("figures/\($0.figure.name).csv", Data($0.figure.data.csv.utf8)) } + extra
    _ = try StudyWriter.write(
      files, figures: figures.map(\.figure), records: records, to: folder, pictures: pictures)
  }
}

extension PageTemplates {
  static let figures = """
    {{>head}}
    <body>
    <header>
    <h1>{{title}}</h1>
    <p class="lead">{{lead}}</p>
    </header>
    <main>
    {{#hasWarnings}}<section aria-labelledby="warnings-title">
    <h2 id="warnings-title">Warnings</h2>
    <ul class="text">
    {{#warnings}}<li>{{.}}</li>
    {{/warnings}}</ul>
    </section>{{/hasWarnings}}
    {{#sections}}{{>figureSection}}{{/sections}}{{#hasClips}}<section aria-labelledby="clips-title">
    <h2 id="clips-title">To listen to</h2>
    {{#clips}}<p class="text">{{caption}}<br><audio controls preload="metadata" src="{{url}}" aria-label="{{caption}}"></audio></p>
    {{/clips}}</section>
    {{/hasClips}}</main>
    <footer>
    <p class="text note">{{{footnote}}} The files beside this page hold every number.</p>
    </footer>
    </body>
    </html>

    """
}
