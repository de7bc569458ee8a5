import Foundation
import Results

/// Where each level is read best: a row per layer, a column per level. A cell's colour is how far its value
/// is from the majority class's to the level's peak, so that levels with other numbers of classes compare; its
/// text is the value.
public struct LayerMap: Figure {
  public let name = "layers-by-levels"
  private let table: StudyTable
  private let floors: [Double]
  private let ceilings: [Double]
  private let model: String
  private let left: Double
  private let column: Double
  private let row: Double
  private let top: Double

  private static let legend = 22.0

  init(_ study: StudyResult) {
    let table = StudyTable(study)
    self.table = table
    model = study.model.name
    floors = study.levels.map { $0.majority[$0.metric].value }
    ceilings = study.levels.indices.map { index in
      let level = study.levels[index]
      let best = table.layers.compactMap { $0.cells[index].estimate?.value }.max()
      return level.peak?.estimate.value ?? best ?? 1
    }
    left = (table.layers.map { Canvas.width(Canvas.name($0.name)) }.max() ?? 0) + 8
    let space = 90 * FigureSize.pointsPerMillimetre - left - 2
    column = min(max(space / Double(max(table.columns.count, 1)), 38), 72)
    row = table.layers.count <= 20 ? 12 : 9.8
    let column = column
    let lines = table.columns.map { Self.lines($0.metric.axisTitle, column).count }.max() ?? 1
    top = 17 + 8 * Double(lines)
  }

  /// No level has a number at any layer.
  var isEmpty: Bool { !table.layers.contains { $0.cells.contains { $0.estimate != nil } } }

  public var title: String { "Where each level is read best" }

  public var summary: String {
    let peaks = table.columns.indices.compactMap { index -> String? in
      guard let row = table.layers.first(where: { $0.cells[index].mark == .peak }) else { return nil }
      return "\(table.columns[index].title) at \(row.name)"
    }
    let found = peaks.isEmpty ? "" : " Peaks: \(peaks.joined(separator: ", "))."
    return "A heat map of \(count(table.layers.count, "layer")) of \(model) by "
      + "\(count(table.columns.count, "level")); each cell holds its value, and is brighter the nearer it is "
      + "to the level's peak.\(found)"
  }

  public var data: DataTable {
    DataTable(
      columns: ["layer"] + table.columns.map(\.title),
      headings: ["layer"] + table.columns.map { "\($0.title): \($0.metric.axisTitle)" },
      rows: (table.layers + table.references).map { row in
        [.text(row.name)]
          + zip(row.cells, table.columns).map { .number($0.estimate?.value, $1.format) }
      })
  }

  private var width: Double { max(left + column * Double(table.columns.count) + 2, left + 170) }
  private var bottom: Double { top + row * Double(table.layers.count) }

  public var size: FigureSize { FigureSize(points: width, bottom + Self.legend) }

  public func draw(on canvas: inout Canvas) {
    for (index, heading) in table.columns.enumerated() {
      let centre = left + (Double(index) + 0.5) * column
      let title = Canvas.shortened(heading.title.capitalizedFirst, to: column - 2, isBold: true)
      canvas.label(title, centre, 9, anchor: .middle, isBold: true)
      for (line, words) in Self.lines(heading.metric.axisTitle, column).enumerated() {
        let y = 19 + 8 * Double(line)
        canvas.label(words, centre, y, anchor: .middle, fill: canvas.style.muted, size: Self.unitSize)
      }
    }
    for (place, layer) in table.layers.enumerated() {
      let y = top + Double(place) * row
      canvas.label(
        Canvas.name(layer.name), left - 5, y + row / 2 + 2.5, anchor: .end, fill: canvas.style.muted)
      for (index, cell) in layer.cells.enumerated() {
        draw(cell, column: index, layer: layer.name, x: left + Double(index) * column, y: y, on: &canvas)
      }
    }
    legend(on: &canvas)
  }

  private static let unitSize = 6.5

  /// A metric's name on one line where it fits its column, else on two.
  private static func lines(_ title: String, _ column: Double) -> [String] {
    let words = title.split(separator: " ")
    guard Canvas.width(title, size: unitSize) > column - 1, let first = words.first, words.count > 1 else {
      return [title]
    }
    return [String(first), words.dropFirst().joined(separator: " ")]
  }

  private func draw(
    _ cell: StudyTable.Cell, column index: Int, layer: String, x: Double, y: Double,
    on canvas: inout Canvas
  ) {
    let (heading, format) = (table.columns[index], table.columns[index].format)
    let (width, height) = (column - 1, row - 0.6)
    guard let estimate = cell.estimate, estimate.value.isFinite else {
      canvas.rectangle(
        x, y, width, height, fill: canvas.style.paper, stroke: .init(colour: canvas.style.rule, width: 0.4),
        tip: "\(layer), \(heading.title): no number")
      canvas.label("—", x + width / 2, y + row / 2 + 2.2, anchor: .middle, fill: canvas.style.muted)
      return
    }
    let share = (estimate.value - floors[index]) / (ceilings[index] - floors[index])
    let colour = Colours.ramp(share)
    let ink = Colours.text(on: colour)
    canvas.rectangle(
      x, y, width, height, fill: Colours.hex(colour),
      tip: "\(layer), \(heading.title): \(format.intervalWithUnit(estimate))")
    let value = format.value(estimate.value)
    canvas.label(
      value, x + width / 2, y + row / 2 + 2.2, anchor: .middle, fill: ink, isBold: cell.mark == .peak)
    let mark = x + width / 2 - Canvas.width(value) / 2 - 5.5
    draw(cell.mark, mark, y + height / 2, ink, on: &canvas)
  }

  private func draw(
    _ mark: StudyTable.Mark, _ x: Double, _ y: Double, _ ink: String, on canvas: inout Canvas
  ) {
    switch mark {
    case .none: break
    case .peakSet: canvas.circle(x, y, radius: 1.7, fill: "none", stroke: .init(colour: ink, width: 0.7))
    case .peak: canvas.star(x, y, fill: ink)
    }
  }

  private func legend(on canvas: inout Canvas) {
    let (y, steps, length) = (bottom + 7, 24, 52.0)
    let style = canvas.style
    canvas.label("majority", left - 5, y + 5, anchor: .end, fill: style.muted)
    for step in 0..<steps {
      let x = left + Double(step) * length / Double(steps)
      let colour = Colours.ramp((Double(step) + 0.5) / Double(steps))
      let width = length / Double(steps) + (step + 1 < steps ? 0.4 : 0)
      canvas.rectangle(x, y, width, 6, fill: Colours.hex(colour))
    }
    draw(.peak, left + length + 7, y + 3, style.ink, on: &canvas)
    canvas.label("peak", left + length + 12.5, y + 5.4, fill: style.muted)
    guard table.layers.contains(where: { $0.cells.contains { $0.mark == .peakSet } }) else { return }
    draw(.peakSet, left + length + 38, y + 3, style.ink, on: &canvas)
    canvas.label("cannot be told from it", left + length + 42.5, y + 5.4, fill: style.muted)
  }
}
