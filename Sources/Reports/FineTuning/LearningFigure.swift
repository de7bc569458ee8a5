import Foundation
import Results

/// The losses of a training over its steps, above, and the development part's errors, below.
public struct LearningFigure: Figure {
  public let name: String
  private let curve: LearningCurve
  private let measure: String
  private let steps: Int

  private static let width = 120 * FigureSize.pointsPerMillimetre
  private static let (left, right, top, plotHeight, gap) = (30.0, 62.0, 27.0, 84.0, 26.0)

  /// Nil of a training without a step. `measure` is what the errors are of, such as `phone error rate`.
  init?(_ curve: LearningCurve, measure: String) {
    guard let last = curve.loss.last else { return nil }
    name = "learning-" + slug(curve.name)
    (self.curve, self.measure, steps) = (curve, measure, max(1, last.step))
  }

  public var title: String { "Losses and \(measure) along \(curve.name)" }

  public var summary: String {
    var words =
      "Over \(count(steps, "step")) the loss of a batch went from \(Self.text(curve.loss.first?.value)) to "
      + "\(Self.text(curve.loss.last?.value))"
    if let first = curve.developmentErrors.first, let last = curve.developmentErrors.last {
      words +=
        ", and the development part's \(measure) from \(Self.text(first.value)) after step \(first.step) to "
        + "\(Self.text(last.value))"
    }
    return words + "."
  }

  public var data: DataTable {
    func rows(_ name: String, _ points: [LearningCurve.Point]) -> [[DataTable.Cell]] {
      points.map { [.text(name), .plain(Double($0.step), digits: 0), .plain($0.value, digits: 5)] }
    }
    return DataTable(
      columns: ["curve", "step", "value"], headings: ["curve", "step", "value"],
      rows: rows("loss of the batch", curve.loss)
        + rows("loss of the development part", curve.developmentLoss)
        + rows("\(measure) of the development part", curve.developmentErrors))
  }

  public var size: FigureSize {
    let panels = curve.developmentErrors.isEmpty ? 1.0 : 2.0
    return FigureSize(points: Self.width, Self.top + panels * (Self.plotHeight + Self.gap))
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 0, 10, size: Canvas.titleSize, isBold: true)
    let losses = [
      Line(name: "batch", colour: "#56b4e9", width: 0.6, points: curve.loss),
      Line(name: "development", colour: "#0072b2", width: 1.2, points: curve.developmentLoss),
    ]
    panel("loss", losses, top: Self.top, on: &canvas)
    guard !curve.developmentErrors.isEmpty else { return }
    panel(
      measure,
      [Line(name: "development", colour: "#d55e00", width: 1.2, points: curve.developmentErrors)],
      top: Self.top + Self.plotHeight + Self.gap, on: &canvas)
  }

  private struct Line {
    var name: String
    var colour: String
    var width: Double
    var points: [LearningCurve.Point]
  }

  private func panel(_ heading: String, _ lines: [Line], top: Double, on canvas: inout Canvas) {
    let values = lines.flatMap(\.points).map(\.value).filter(\.isFinite)
    let (least, most) = (min(0, values.min() ?? 0), max(values.max() ?? 1, 1e-9))
    let (start, end) = (Self.left, Self.width - Self.right)
    let bottom = top + Self.plotHeight
    func x(_ step: Int) -> Double { start + (end - start) * Double(step) / Double(steps) }
    func y(_ value: Double) -> Double { bottom - Self.plotHeight * (value - least) / (most - least) }
    canvas.label(heading, start, top - 5, fill: canvas.style.muted)
    for share in [0, 0.5, 1] {
      let value = least + share * (most - least)
      canvas.segment(start, y(value), end, y(value), .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(Self.text(value), start - 3, y(value) + 2.4, anchor: .end, fill: canvas.style.muted)
    }
    for share in [0, 0.5, 1] {
      let step = Int((share * Double(steps)).rounded())
      canvas.label(
        share == 1 ? "step \(step)" : "\(step)", x(step), bottom + 9, anchor: .middle,
        fill: canvas.style.muted)
    }
    var taken: [Double] = []
    for line in lines {
      let points = line.points.filter(\.value.isFinite)
      guard let last = points.last else { continue }
      if points.count == 1 {
        canvas.circle(
          x(last.step), y(last.value), radius: 1.4, fill: line.colour, stroke: .init(colour: line.colour))
      } else {
        canvas.path(
          points.map { (x($0.step), y($0.value)) }, .init(colour: line.colour, width: line.width))
      }
      var place = y(last.value) + 2.4
      while let other = taken.first(where: { abs($0 - place) < 8 }) { place = other - 8 }
      taken.append(place)
      canvas.label(line.name, end + 4, place, fill: line.colour)
    }
  }

  private static func text(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "—" }
    return NumberText.fixed(value, abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 3)
  }
}
