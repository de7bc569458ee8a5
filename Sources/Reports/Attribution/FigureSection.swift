/// A figure on a page with what it shows in words, and its numbers.
struct FigureSection {
  let title: String
  let text: String
  let summary: String
  let svg: String
  let leastWidth: Int
  let headings: [String]
  let rows: [Row]

  struct Row {
    let name: String
    let cells: [String]
  }

  /// Tables longer than this are in the files beside the page only.
  private static let longestTable = 400

  init(_ figure: any Figure, text: String) {
    let table = figure.data
    let shown = table.rows.count > Self.longestTable ? [] : table.rows
    title = figure.title
    self.text = text
    summary = figure.summary
    svg = figure.svg(.page)
    leastWidth = Int(figure.size.points.width * 1.5)
    headings = shown.isEmpty ? [] : table.headings
    rows = shown.map { Row(name: $0.first?.shown ?? "", cells: $0.dropFirst().map(\.shown)) }
  }
}

extension PageTemplates {
  static let figureSection = """
    <section>
    <h2>{{title}}</h2>
    <p class="text">{{text}}</p>
    <figure>
    <div class="drawing" tabindex="0" role="group" aria-label="{{title}}"><div style="min-width: min({{leastWidth}}px, 46rem)">
    {{{svg}}}</div></div>
    <figcaption>{{summary}}</figcaption>
    <details><summary>The numbers <span class="hidden">of {{title}}</span></summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Numbers: {{title}}">
    <table>
    <thead><tr>{{#headings}}<th scope="col">{{.}}</th>{{/headings}}</tr></thead>
    <tbody>
    {{#rows}}<tr><th scope="row">{{name}}</th>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table>
    </div></details>
    </figure>
    </section>

    """
}
