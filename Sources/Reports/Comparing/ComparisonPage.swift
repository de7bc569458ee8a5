import Foundation
import Mustache
import Results

/// The page of a comparison; the names of the properties are those in the template.
struct ComparisonPage {
  struct Section {
    let id: String
    let title: String
    let sentences: [String]
    let drawings: [DrawingChoice]
    let hasDrawings: Bool
    let tables: [Table]
  }

  struct Table {
    let title: String
    let notes: [String]
    let isShown: Bool
    let headings: [String]
    let rows: [PageContent.Row]
  }

  let version: String
  let css: String
  let title: String
  let lead: [String]
  let sections: [Section]
  let warnings: [String]
  let hasWarnings: Bool
  let warningCount: String
  let provenance: [PageContent.Fact]

  init(_ document: ComparisonDocument) {
    version = document.version
    let widest =
      document.figures.compactMap { $0 as? Heatmap }
      .flatMap { [$0.matrix.rowLayers.count, $0.matrix.columnLayers.count] }.max() ?? 0
    css = PageStyle.sheet + PageStyle.linking(rows: widest)
    title = document.title
    lead = document.lead.map(unbroken)
    sections = document.sections.map { section in
      Section(
        id: "section-" + slug(section.title), title: section.title,
        sentences: section.sentences.map(unbroken),
        drawings: DrawingChoice.all(section.figures),
        hasDrawings: !section.figures.isEmpty, tables: section.tables.map(Self.table))
    }
    warnings = document.warnings.map(unbroken)
    hasWarnings = !warnings.isEmpty
    warningCount = count(warnings.count, "warning")
    provenance = document.provenance.map { PageContent.Fact(name: $0.name, value: $0.value) }
  }

  private static func table(_ table: NamedTable) -> Table {
    Table(
      title: table.title, notes: table.notes.map(unbroken), isShown: !table.isDrawn,
      headings: table.columns,
      rows: table.rows.map { row in
        PageContent.Row(
          name: row.name, isReference: false, isFirstReference: false,
          cells: row.cells.map {
            PageContent.Cell(value: unbroken($0), interval: "", isPeak: false, isInPeakSet: false)
          })
      })
  }

  func html() throws -> String {
    guard let page = try ReportPage.library().render(self, withTemplate: "comparison") else {
      throw ReportError.brokenTemplate(name: "comparison", reason: "it is not registered")
    }
    return page
  }
}

extension PageTemplates {
  static let comparison = """
    {{>head}}
    <body>
    <header>
    <h1>{{title}}</h1>
    <p class="lead">{{#lead}}{{.}} {{/lead}}</p>
    <nav aria-label="Contents"><ul class="line">
    {{#sections}}<li><a href="#{{id}}">{{title}}</a></li>
    {{/sections}}{{#hasWarnings}}<li><a href="#warnings">{{warningCount}}</a></li>
    {{/hasWarnings}}<li><a href="#provenance">Provenance</a></li>
    </ul></nav>
    </header>
    <main>
    {{#sections}}<section id="{{id}}" aria-labelledby="{{id}}-title">
    <h2 id="{{id}}-title">{{title}}</h2>
    {{#sentences}}<p class="text">{{.}}</p>
    {{/sentences}}{{#hasDrawings}}<div class="figures">
    {{#drawings}}{{>choice}}{{/drawings}}
    </div>
    {{/hasDrawings}}{{#tables}}<h3>{{title}}</h3>
    {{#isShown}}<div class="scroll" tabindex="0" role="region" aria-label="{{title}}">
    <table>
    <caption class="hidden">{{title}}</caption>
    <thead><tr><th scope="col"></th>{{#headings}}<th scope="col">{{.}}</th>{{/headings}}</tr></thead>
    <tbody>
    {{#rows}}<tr><th scope="row">{{name}}</th>{{#cells}}<td>{{value}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table>
    </div>
    {{/isShown}}{{#notes}}<p class="text note">{{.}}</p>
    {{/notes}}
    {{/tables}}</section>
    {{/sections}}{{#hasWarnings}}<section id="warnings" aria-labelledby="warnings-title">
    <h2 id="warnings-title">Warnings</h2>
    <ul class="text">
    {{#warnings}}<li>{{.}}</li>
    {{/warnings}}</ul>
    </section>{{/hasWarnings}}
    <section id="provenance" aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    <dl class="facts">
    {{#provenance}}{{>facts}}{{/provenance}}
    </dl>
    </section>
    </main>
    </body>
    </html>

    """
}
