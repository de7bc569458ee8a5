import Foundation
import Results

/// How often the probe read spans of one class (rows) as another (columns), as shares of the row.
///
/// The colour grows with the square root of the share, so that one mistake in fifty is seen beside a diagonal near 1.
public struct ConfusionFigure: Figure {
  public let name: String
  private let analysis: ErrorAnalysis
  let heading: String
  /// Those that are drawn, in the level's order, and how many there are.
  private let classes: [String]
  private let all: Int
  private let cell: Double
  private let left: Double
  private let top: Double

  /// More would not be legible on a journal's page.
  static let mostClasses = 44
  private static let barSpace = 42.0
  private static let longestLabel = 60.0

  /// Nil where there is nothing to confuse. Of many classes those with the most tested spans are drawn.
  init?(_ analysis: ErrorAnalysis, classes: [String], title: String, name: String) {
    let tested = classes.map { (name: $0, count: analysis.tested($0)) }.filter { $0.count > 0 }
    guard tested.count > 1 else { return nil }
    let order = tested.indices.sorted { (tested[$1].count, $0) < (tested[$0].count, $1) }
    let kept = Set(order.prefix(Self.mostClasses))
    self.analysis = analysis
    self.name = name
    heading = title
    all = tested.count
    self.classes = tested.indices.filter(kept.contains).map { tested[$0].name }
    let labels = self.classes.map { Canvas.width(Self.label($0)) }.max() ?? 0
    left = labels + 10
    // Two lines of words, the columns' name, and the columns' labels on end.
    top = 32 + labels + 6
    let space = 180 * FigureSize.pointsPerMillimetre - left - Self.barSpace
    let column = 90 * FigureSize.pointsPerMillimetre - left - Self.barSpace
    let count = Double(self.classes.count)
    cell = min(max(min(column / count, 22), 8.4), space / count)
  }

  private static func label(_ name: String) -> String { Canvas.shortened(name, to: longestLabel) }

  public var title: String { "Confusions: \(heading) at \(analysis.layer.name)" }

  public var summary: String {
    let worst = analysis.mostConfused(3).map {
      "\($0.truth) predicted as \($0.guess) \($0.count) times (\(Self.percent($0.share)))"
    }
    return
      "A matrix of \(shown), a row a true class, a column what the probe on \(analysis.layer.name) read; bright "
      + "is often." + (worst.isEmpty ? "" : " Most often confused: \(worst.joined(separator: ", ")).")
  }

  private var shown: String {
    classes.count < all
      ? "the \(classes.count) commonest of \(all) classes" : count(all, "class", "classes")
  }

  static func percent(_ share: Double) -> String { NumberText.fixed(share * 100, 0) + " %" }

  /// Counts of spans.
  public var data: DataTable {
    DataTable(
      columns: ["class", "tested"] + classes, headings: ["class", "tested"] + classes,
      rows: classes.map { truth in
        [.text(truth), .plain(Double(analysis.tested(truth)), digits: 0)]
          + classes.map { .plain(Double(analysis.count(truth, as: $0)), digits: 0) }
      })
  }

  private var side: Double { cell * Double(classes.count) }

  public var size: FigureSize {
    let words =
      max(
        Canvas.width(words, size: Canvas.titleSize, isBold: true), Canvas.width(subtitle),
        left + Canvas.width(Self.columnsName)) + 8
    return FigureSize(points: max(left + side + Self.barSpace, words), top + max(side, 60) + 6)
  }

  private var words: String {
    Canvas.shortened("\(heading.capitalizedFirst) at \(analysis.layer.name)", to: 220, isBold: true)
  }
  private var subtitle: String { "share of each true class (row), \(shown)" }
  private static let columnsName = "predicted"

  // MARK: Drawing

  public func draw(on canvas: inout Canvas) {
    canvas.label(words, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(subtitle, 4, 19, fill: canvas.style.muted)
    canvas.label(Self.columnsName, left, 30, fill: canvas.style.muted)
    canvas.rectangle(left, top, side, side, fill: Colours.hex(Colours.ramp(0)))
    for (row, truth) in classes.enumerated() {
      let y = top + Double(row) * cell
      canvas.label(
        Self.label(truth), left - 4, y + cell / 2 + 2.5, anchor: .end, fill: canvas.style.muted,
        kind: "rl\(row)")
      canvas.label(
        Self.label(truth), left + (Double(row) + 0.5) * cell + 2.5, top - 4, fill: canvas.style.muted,
        kind: "cl\(row)", isUpright: true)
      canvas.open("g", [("class", "r\(row)")])
      for (column, guess) in classes.enumerated() {
        draw(truth, guess, row: row, column: column, on: &canvas)
      }
      canvas.close("g")
    }
    bar(on: &canvas)
  }

  /// What never happened is left the background's colour.
  private func draw(_ truth: String, _ guess: String, row: Int, column: Int, on canvas: inout Canvas) {
    let (count, tested) = (analysis.count(truth, as: guess), analysis.tested(truth))
    guard count > 0 else { return }
    let share = Double(count) / Double(tested)
    let words = truth == guess ? "\(truth), predicted correctly" : "\(truth) predicted as \(guess)"
    canvas.rectangle(
      left + Double(column) * cell, top + Double(row) * cell, cell, cell,
      fill: Colours.hex(Colours.ramp(share.squareRoot())), kind: "c\(column)",
      tip: "\(words): \(NumberText.grouped(count)) of \(NumberText.grouped(tested)), \(Self.percent(share))"
    )
  }

  private func bar(on canvas: inout Canvas) {
    let (x, length, steps) = (left + side + 8, min(max(side, 60), 130), 40)
    for step in (0..<steps).reversed() {
      let y = top + length * (1 - Double(step + 1) / Double(steps))
      // Reaches under the next, so that no seam shows between them.
      let height = length / Double(steps) + (step > 0 ? 0.4 : 0)
      canvas.rectangle(
        x, y, 6, height, fill: Colours.hex(Colours.ramp((Double(step) + 0.5) / Double(steps))))
    }
    for share in [0, 0.05, 0.25, 0.5, 1] {
      let y = top + length * (1 - share.squareRoot())
      canvas.segment(x + 6, y, x + 8, y, .init(colour: canvas.style.muted, width: 0.5))
      canvas.label(
        Self.percent(share), x + 10, min(y + 2.5, top + length + 1), fill: canvas.style.muted)
    }
  }
}
