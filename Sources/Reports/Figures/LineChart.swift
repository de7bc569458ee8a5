import Results

/// Lines over slots that have names (layers, moments, numbers of examples), each point with its interval.
public struct LineChart: Figure {
  /// One line of the chart.
  public struct Line: Sendable {
    var name: String
    /// Nil for the ink's.
    var colour: String?
    var dashes: String?
    /// A value for each slot; nil where there is none.
    var values: [Estimate?]
    var hasIntervals = true
  }

  public let name: String
  public let title: String
  private let axisTitle: String
  /// What a slot is, as the first column's name: "layer".
  private let slot: String
  private let format: MeasureFormat
  private let lines: [Line]
  private let axis: LayerAxis
  private let range: ClosedRange<Double>

  private static let width = 120 * FigureSize.pointsPerMillimetre
  private static let plotHeight = 122.0
  private static let top = 27.0
  static let dotted = "0.8 2"
  static let dashed = "4 2"

  /// Nil where no line has a value. `values` are shown times `format.scale`; zero is on the axis where `fromZero`.
  init?(
    name: String, title: String, axisTitle: String, slot: String, slots: [String], format: MeasureFormat,
    lines: [Line], fromZero: Bool = true
  ) {
    let values = lines.flatMap { line in
      line.values.compactMap(\.self).flatMap {
        line.hasIntervals ? [$0.value, $0.low, $0.high] : [$0.value]
      }
    }.filter(\.isFinite).map { $0 * format.scale }
    guard let most = values.max(), let least = values.min() else { return nil }
    (self.name, self.title, self.axisTitle, self.slot) = (name, title, axisTitle, slot)
    (self.format, self.lines) = (format, lines)
    let low = fromZero ? min(0, least) : least
    let margin = max(1e-9, (most - low) * 0.06)
    range = (fromZero ? low : low - margin)...(most + margin)
    let legend = lines.map { Canvas.width(Canvas.shortened($0.name, to: 110)) }.max() ?? 0
    axis = LayerAxis(names: slots, start: 31, length: Self.width - 31 - legend - 26)
  }

  public var summary: String {
    "\(axisTitle) at \(axis.names.first ?? "") to \(axis.names.last ?? ""), a line for each of "
      + "\(lines.map(\.name).joined(separator: ", "))."
  }

  public var data: DataTable {
    let columns = lines.flatMap { line in
      line.hasIntervals ? [line.name, line.name + " ci_low", line.name + " ci_high"] : [line.name]
    }
    return DataTable(
      columns: [slot] + columns, headings: [slot] + columns,
      rows: axis.names.enumerated().map { index, name in
        [.text(name)]
          + lines.flatMap { line -> [DataTable.Cell] in
            let value = line.values[index]
            let cells = line.hasIntervals ? [value?.value, value?.low, value?.high] : [value?.value]
            return cells.map { .number($0, format) }
          }
      })
  }

  public var size: FigureSize {
    let legend = Self.top + 10 * Double(lines.count + 1)
    return FigureSize(points: Self.width, max(Self.top + Self.plotHeight + axis.height, legend))
  }

  private func y(_ value: Double) -> Double {
    Self.top + Self.plotHeight
      - (value * format.scale - range.lowerBound) / (range.upperBound - range.lowerBound) * Self.plotHeight
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(axisTitle, 4, 19, fill: canvas.style.muted)
    let right = axis.start + axis.length
    let ticks = Ticks.round(range)
    for tick in ticks {
      let y = y(tick / format.scale)
      canvas.segment(axis.start, y, right, y, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), axis.start - 4, y + 2.5, anchor: .end,
        fill: canvas.style.muted)
    }
    for line in lines { draw(line, on: &canvas) }
    for slot in axis.names.indices { tips(at: slot, on: &canvas) }
    legend(on: &canvas)
    axis.draw(on: &canvas, below: Self.top + Self.plotHeight)
  }

  private func draw(_ line: Line, on canvas: inout Canvas) {
    let colour = line.colour ?? canvas.style.muted
    var run: [(Double, Double)] = []
    for slot in 0...line.values.count {
      if slot < line.values.count, let estimate = line.values[slot], estimate.value.isFinite {
        let x = axis.centre(slot)
        if line.hasIntervals, estimate.hasInterval {
          canvas.segment(x, y(estimate.low), x, y(estimate.high), .init(colour: colour, width: 0.5))
        }
        run.append((x, y(estimate.value)))
      } else {
        if run.count > 1 { canvas.path(run, .init(colour: colour, width: 1.2, dashes: line.dashes)) }
        if line.dashes != Self.dotted {
          for point in run {
            canvas.circle(
              point.0, point.1, radius: 1.5, fill: colour, stroke: .init(colour: colour, width: 0.3))
          }
        }
        run = []
      }
    }
  }

  /// Pointing at a slot shows every line's number there.
  private func tips(at slot: Int, on canvas: inout Canvas) {
    let words = lines.compactMap { line in
      line.values[slot].flatMap { $0.value.isFinite ? "\(line.name) \(format.intervalWithUnit($0))" : nil }
    }
    guard !words.isEmpty else { return }
    canvas.rectangle(
      axis.centre(slot) - axis.slot / 2, Self.top, axis.slot, Self.plotHeight, fill: "transparent",
      kind: "slot", tip: "\(axis.names[slot]): \(words.joined(separator: "; "))")
  }

  private func legend(on canvas: inout Canvas) {
    let left = axis.start + axis.length + 8
    for (place, line) in lines.enumerated() {
      let y = Self.top + 4 + 10 * Double(place)
      canvas.segment(
        left, y, left + 12, y,
        .init(colour: line.colour ?? canvas.style.muted, width: 1.5, dashes: line.dashes))
      canvas.label(Canvas.shortened(line.name, to: 110), left + 15, y + 2.5, fill: canvas.style.muted)
    }
  }

  /// Distinct colours for lines that are no order, Okabe and Ito's first.
  static let palette = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933",
  ]
}
