/// A figure on a page with what it shows in words, and its numbers.
struct FigureSection {
  let title: String
  let text: String
  let summary: String
  let svg: String
  /// Pixels: 1.5 a point whatever the figure, so that labels have one size on the page.
  let width: Int
  let drawing: PageContent.Drawing

  init(_ figure: any Figure, text: String) {
    title = figure.title
    self.text = text
    summary = figure.summary
    svg = figure.svg(.page)
    width = Int((figure.size.points.width * 1.5).rounded())
    drawing = PageContent.drawing(figure, note: "")
  }
}

extension PageTemplates {
  static let figureSection = """
    <section>
    <h2>{{title}}</h2>
    <p class="text">{{text}}</p>
    <figure style="max-width: max(42rem, {{width}}px)">
    <div class="drawing" tabindex="0" role="group" aria-label="{{title}}"><div style="width: {{width}}px">
    {{{svg}}}</div></div>
    <figcaption>{{summary}}</figcaption>
    {{#drawing}}{{>data}}{{/drawing}}
    </figure>
    </section>

    """
}
