import Results

/// A table drawn in colours: layers down, levels or other layers across, a value and a mark in each cell.
struct EffectGrid: Figure {
  enum Mark { case none, star, ring }

  struct Cell {
    /// Nil where nothing was measured.
    var value: Double?
    var text = "—"
    /// Where on the ramp it is, 0…1.
    var share = 0.0
    var mark = Mark.none
    var tip = ""
  }

  /// The end of a ramp of costs, in nats or accuracy, at least: what rounds to nothing is drawn as nothing.
  static let leastCost = 0.05

  let name: String
  let title: String
  let summary: String
  let data: DataTable
  let columns: [String]
  let rows: [(name: String, cells: [Cell])]
  /// What the ends of the ramp are, and what the marks say; an empty one is left out.
  var ends = (low: "0", high: "most")
  /// What stands down and across, and what the colours are of.
  var axes = (down: "layer", across: "")
  var scale = ""
  var marks = (star: "", ring: "")
  private let left: Double
  /// Room for what stands down and for the ramp's lower end.
  private static let leastLeft = Canvas.width("commonest class")
  private let column: Double

  private static let (row, line, legend) = (12.0, 9.0, 33.0)

  init(
    name: String, title: String, summary: String, columns: [String], rows: [(name: String, cells: [Cell])],
    data: DataTable
  ) {
    (self.name, self.title, self.summary, self.data) = (name, title, summary, data)
    (self.columns, self.rows) = (columns, rows)
    left = (rows.map { Canvas.width(Canvas.name($0.name)) } + [Self.leastLeft]).max().map { $0 + 8 } ?? 8
    let space = 170 * FigureSize.pointsPerMillimetre - left - 2
    column = min(max(space / Double(max(columns.count, 1)), 24), 70)
  }

  /// Headings may have two lines.
  private var top: Double {
    7 + Self.line * (axes.across.isEmpty ? 0 : 1) + Self.line
      * Double(columns.map { $0.split(separator: "\n").count }.max() ?? 1)
  }
  private var bottom: Double { top + Self.row * Double(rows.count) }
  private var width: Double {
    let named = [marks.star, marks.ring].filter { !$0.isEmpty }.reduce(0.0) { $0 + Canvas.width($1) + 21 }
    let words = [axes.across, scale].map { Canvas.width($0) + 4 } + [68 + Canvas.width(ends.high) + named]
    return left + max(column * Double(columns.count) + 2, words.max() ?? 0)
  }
  var size: FigureSize { FigureSize(points: width, bottom + Self.legend) }

  func draw(on canvas: inout Canvas) {
    if !axes.across.isEmpty { canvas.label(axes.across, left, 10, fill: canvas.style.muted) }
    canvas.label(axes.down, left - 5, top - 5, anchor: .end, fill: canvas.style.muted)
    let first = axes.across.isEmpty ? 11 : 11 + Self.line
    for (index, heading) in columns.enumerated() {
      for (line, words) in heading.split(separator: "\n").enumerated() {
        canvas.label(
          Canvas.shortened(String(words), to: column - 2, isBold: true),
          left + (Double(index) + 0.5) * column,
          first + Self.line * Double(line), anchor: .middle, isBold: true)
      }
    }
    for (place, line) in rows.enumerated() {
      let y = top + Double(place) * Self.row
      canvas.label(
        Canvas.name(line.name), left - 5, y + Self.row / 2 + 2.5, anchor: .end, fill: canvas.style.muted)
      for (index, cell) in line.cells.enumerated() {
        draw(cell, left + Double(index) * column, y, on: &canvas)
      }
    }
    legend(on: &canvas)
  }

  private func draw(_ cell: Cell, _ x: Double, _ y: Double, on canvas: inout Canvas) {
    let (width, height) = (column - 1, Self.row - 0.6)
    guard cell.value?.isFinite == true else {
      canvas.rectangle(
        x, y, width, height, fill: canvas.style.paper, stroke: .init(colour: canvas.style.rule, width: 0.4),
        tip: cell.tip)
      if !cell.text.isEmpty {
        canvas.label(
          cell.text, x + width / 2, y + Self.row / 2 + 2.2, anchor: .middle, fill: canvas.style.muted)
      }
      return
    }
    let colour = Colours.ramp(cell.share)
    let ink = Colours.text(on: colour)
    canvas.rectangle(x, y, width, height, fill: Colours.hex(colour), tip: cell.tip)
    canvas.label(
      cell.text, x + width / 2, y + Self.row / 2 + 2.2, anchor: .middle, fill: ink,
      isBold: cell.mark == .star)
    draw(cell.mark, x + width / 2 - Canvas.width(cell.text) / 2 - 5, y + height / 2, ink, on: &canvas)
  }

  private func draw(_ mark: Mark, _ x: Double, _ y: Double, _ ink: String, on canvas: inout Canvas) {
    switch mark {
    case .none: break
    case .star: canvas.star(x, y, fill: ink)
    case .ring: canvas.circle(x, y, radius: 1.7, fill: "none", stroke: .init(colour: ink, width: 0.7))
    }
  }

  private func legend(on canvas: inout Canvas) {
    let (y, steps, length) = (bottom + 7, 24, 52.0)
    let style = canvas.style
    canvas.label(ends.low, left - 5, y + 5, anchor: .end, fill: style.muted)
    for step in 0..<steps {
      let colour = Colours.ramp((Double(step) + 0.5) / Double(steps))
      canvas.rectangle(
        left + Double(step) * length / Double(steps), y,
        length / Double(steps) + (step + 1 < steps ? 0.4 : 0), 6, fill: Colours.hex(colour))
    }
    if !scale.isEmpty { canvas.label(scale, left, y + 16, fill: style.muted) }
    var x = left + length + 4
    canvas.label(ends.high, x, y + 5.4, fill: style.muted)
    x += Canvas.width(ends.high) + 12
    for (mark, words) in [(Mark.star, marks.star), (.ring, marks.ring)] where !words.isEmpty {
      draw(mark, x, y + 3, style.ink, on: &canvas)
      canvas.label(words, x + 5, y + 5.4, fill: style.muted)
      x += Canvas.width(words) + 16
    }
  }
}
