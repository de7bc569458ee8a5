import Corpora
import Results

/// Where the evidence for each level lies, along the layers: the share inside the labelled span, the share of spans
/// that hold the peak, and how far the rest lies on each side. Dashed: by chance.
public struct LocalisationFigure: Figure {
  public let name = "evidence"
  private let result: RelevanceLocalisation
  private let layers: [String]
  private let levels: [Level]
  private let axis: LayerAxis

  private static let (width, start, plotHeight, gap, top) = (300.0, 40.0, 78.0, 26.0, 34.0)

  /// `layers` in the order of the data. Nil without a row.
  public init?(_ result: RelevanceLocalisation, layers order: [String]) {
    guard !result.rows.isEmpty else { return nil }
    self.result = result
    layers = order.filter { name in result.rows.contains { $0.layer == name } }
    levels = Level.allCases.filter { level in result.rows.contains { $0.level == level } }
    axis = LayerAxis(names: layers, start: Self.start, length: Self.width - Self.start - 70)
  }

  public var title: String { "Where the evidence for each level lies" }

  public var summary: String {
    levels.map { level in
      let rows = result.rows.filter { $0.level == level }
      let best = rows.max { $0.inside.value < $1.inside.value }
      return best.map {
        "\(level.rawValue): most inside its span at \($0.layer), \(NumberText.fixed($0.inside.value * 100, 0)) % "
          + "(chance \(NumberText.fixed($0.insideByChance * 100, 0)) %)"
      } ?? level.rawValue
    }.joined(separator: "; ") + ". Relevance by \(result.method)."
  }

  public var data: DataTable {
    let columns = [
      "level", "layer", "spans", "utterances", "inside", "inside_low", "inside_high", "chance",
      "peak_inside",
      "before_ms", "after_ms",
    ]
    let headings = [
      "Level", "Layer", "Spans", "Recordings", "Inside", "low", "high", "Chance", "Peak inside",
      "Before, ms",
      "After, ms",
    ]
    let rows = result.rows.map { row -> [DataTable.Cell] in
      [
        .text(row.level.rawValue), .text(row.layer), .plain(Double(row.spans), digits: 0),
        .plain(Double(row.utterances), digits: 0), .plain(row.inside.value, digits: 3),
        .plain(row.inside.low, digits: 3), .plain(row.inside.high, digits: 3),
        .plain(row.insideByChance, digits: 3), .plain(row.pointed, digits: 3),
        .plain(row.before, digits: 0),
        .plain(row.after, digits: 0),
      ]
    }
    return DataTable(columns: columns, headings: headings, rows: rows)
  }

  public var size: FigureSize {
    FigureSize(
      points: Self.width, Self.top + 3 * (Self.plotHeight + Self.gap) + axis.height)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "relevance by \(result.method), \(result.corpus); dashed: by chance", 4, 20, fill: canvas.style.muted)
    let panels:
      [(
        title: String, low: Bool, value: (RelevanceLocalisation.Row) -> Double,
        chance: ((RelevanceLocalisation.Row) -> Double)?
      )] = [
        ("relevance inside the span, %", true, { $0.inside.value * 100 }, { $0.insideByChance * 100 }),
        ("spans that hold the peak, %", false, { $0.pointed * 100 }, { $0.insideByChance * 100 }),
      ]
    for (number, panel) in panels.enumerated() {
      let y = Self.top + Double(number) * (Self.plotHeight + Self.gap)
      canvas.label(panel.title, Self.start, y - 3, fill: canvas.style.muted)
      let scale = Scale(0...100, y)
      grid(scale, on: &canvas)
      for level in levels {
        series(level, scale, panel.value, panel.chance, ribbon: panel.low, on: &canvas)
      }
      labels(y, on: &canvas)
    }
    let y = Self.top + 2 * (Self.plotHeight + Self.gap)
    canvas.label(
      "mean distance of the rest, ms: before (below 0), after", Self.start, y - 3,
      fill: canvas.style.muted)
    let reach = max(result.rows.flatMap { [$0.before, $0.after] }.filter(\.isFinite).max() ?? 1, 1)
    let scale = Scale(-reach...reach, y)
    grid(scale, on: &canvas)
    for level in levels {
      series(level, scale, \.after, nil, ribbon: false, on: &canvas)
      series(level, scale, { -$0.before }, nil, ribbon: false, on: &canvas)
    }
    axis.draw(on: &canvas, below: y + Self.plotHeight)
  }

  private struct Scale {
    let range: ClosedRange<Double>
    let top: Double

    init(_ range: ClosedRange<Double>, _ top: Double) {
      self.range = range
      self.top = top
    }

    func y(_ value: Double) -> Double {
      let inside = min(max(value, range.lowerBound), range.upperBound)
      return top + plotHeight * (range.upperBound - inside) / (range.upperBound - range.lowerBound)
    }
  }

  private func grid(_ scale: Scale, on canvas: inout Canvas) {
    let ticks = Ticks.round(scale.range, count: 4)
    for tick in ticks {
      let y = scale.y(tick)
      canvas.segment(
        Self.start, y, Self.start + axis.length, y, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), Self.start - 4, y + 2.5, anchor: .end,
        fill: canvas.style.muted)
    }
  }

  private func series(
    _ level: Level, _ scale: Scale, _ value: (RelevanceLocalisation.Row) -> Double,
    _ chance: ((RelevanceLocalisation.Row) -> Double)?, ribbon: Bool, on canvas: inout Canvas
  ) {
    let colour = Colours.of(level)
    let rows = layers.enumerated().compactMap { slot, layer in
      result.rows.first { $0.layer == layer && $0.level == level }.map { (axis.centre(slot), $0) }
    }
    if ribbon, rows.count > 1 {
      let upper = rows.map { ($0.0, scale.y($0.1.inside.high * 100)) }
      let lower = rows.reversed().map { ($0.0, scale.y($0.1.inside.low * 100)) }
      canvas.area(upper + lower, fill: colour, opacity: 0.15)
    }
    if let chance {
      canvas.path(
        rows.map { ($0.0, scale.y(chance($0.1))) }, .init(colour: colour, width: 0.7, dashes: "2 1.5"))
    }
    canvas.path(rows.map { ($0.0, scale.y(value($0.1))) }, .init(colour: colour, width: 1.2))
    for (x, row) in rows {
      canvas.circle(x, scale.y(value(row)), radius: 1.6, fill: colour, stroke: .init(colour: colour))
    }
  }

  private func labels(_ y: Double, on canvas: inout Canvas) {
    for (number, level) in levels.enumerated() {
      let base = y + 8 + Double(number) * 10
      canvas.rectangle(Self.start + axis.length + 8, base - 5, 5, 5, fill: Colours.of(level))
      canvas.label(level.rawValue, Self.start + axis.length + 16, base)
    }
  }
}
