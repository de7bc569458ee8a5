import Corpora
import Results

/// One level's metric along the layers, with its interval as a ribbon, beside what a layer has to beat: the
/// untrained model at every layer, mel, and the majority class. Filled points cannot be told from the peak.
public struct LayerProfile: Figure {
  public let name: String
  /// What is drawn: one level's numbers, layer by layer.
  public let level: LevelResult
  private let heading: String
  private let axis: LayerAxis
  private let layers: [LayerResult]

  private static let width = 90 * FigureSize.pointsPerMillimetre
  private static let plotHeight = 122.0
  private static let top = 27.0
  /// How much wider the fonts are that browsers take where there is no Helvetica.
  private static let fallbackFont = 1.2

  init(_ level: LevelResult, title: String, name: String) {
    self.level = level
    self.name = name
    heading = title
    layers = level.layers.sorted { $0.layer < $1.layer }
    let labels = Self.references(of: level).map { Canvas.width($0.label) } + [Canvas.width(level.baseline)]
    let start = 27.0
    axis = LayerAxis(
      names: layers.map(\.layer.name), start: start,
      length: Self.width - start - Self.fallbackFont * (labels.max() ?? 0) - 9)
  }

  public var title: String { "\(heading.capitalizedFirst) by layer: \(level.metric.words)" }

  public var summary: String {
    let format = level.format
    var sentences = [
      "\(level.metric.words.capitalizedFirst) of the \(level.probe) probe at "
        + count(layers.filter { $0.metrics != nil }.count, "layer") + range + "."
    ]
    if let peak = level.peak {
      sentences.append("Peak: \(peak.layer.name), \(format.intervalWithUnit(peak.estimate)).")
    }
    let references = Self.references(of: level).map { reference in
      let whose = reference.points.count > 1 ? "\(reference.label) at the last layer" : reference.label
      return "\(whose) \(format.value(reference.end)) \(format.unit)"
    }
    if !references.isEmpty { sentences.append("For comparison: \(references.joined(separator: ", ")).") }
    return sentences.joined(separator: " ")
  }

  private var range: String {
    guard let first = layers.first, let last = layers.last, layers.count > 1 else { return "" }
    return " from \(first.layer.name) to \(last.layer.name)"
  }

  public var size: FigureSize { FigureSize(points: Self.width, Self.top + Self.plotHeight + axis.height) }

  // MARK: Numbers

  public var data: DataTable {
    let format = level.format
    func cells(_ estimate: Estimate?, _ format: MeasureFormat) -> [DataTable.Cell] {
      [estimate?.value, estimate?.low, estimate?.high].map { .number($0, format) }
    }
    func row(_ name: String, _ table: MetricTable?, _ result: LayerResult? = nil) -> [DataTable.Cell] {
      [.text(name)] + cells(table?[level.metric], format) + cells(result?.twin?[level.metric], format)
        + cells(result?.gainOverMel, format) + cells(result?.gainOverTwin, format)
        + cells(result?.selectivity, MeasureFormat(.accuracy))
    }
    let nulls = [("majority", level.majority), ("shuffled", level.shuffled), (level.baseline, level.mel)]
    let groups = [
      "value", "untrained", "gain_over_\(level.baseline.replacing("-", with: "_"))", "gain_over_untrained",
      "selectivity",
    ]
    let headings = [
      level.metric.axisTitle, "untrained model", "gain over \(level.baseline)",
      "gain over the untrained model",
      "selectivity",
    ]
    return DataTable(
      columns: ["layer"] + groups.flatMap { [$0, "\($0)_low", "\($0)_high"] },
      headings: ["layer"] + headings.flatMap { [$0, "low", "high"] },
      rows: nulls.compactMap { name, table in table.map { row(name, $0) } }
        + layers.map { row($0.layer.name, $0.metrics, $0) })
  }

  private struct Reference {
    var label: String
    var points: [(slot: Int?, value: Double)]
    var dashes: String
    var end: Double { points.last?.value ?? 0 }
  }

  private static func references(of level: LevelResult) -> [Reference] {
    let twin = level.layers.sorted { $0.layer < $1.layer }.enumerated().compactMap { slot, layer in
      layer.twin.map { (slot: Optional(slot), value: $0[level.metric].value) }
    }.filter { $0.value.isFinite }
    let flat: [(String, MetricTable?, String)] = [
      ("majority", level.majority, "0.8 2"), (level.baseline, level.mel, "5 2"),
    ]
    let lines = flat.compactMap { label, table, dashes -> Reference? in
      guard let value = table?[level.metric].value, value.isFinite else { return nil }
      return Reference(label: label, points: [(nil, value)], dashes: dashes)
    }
    return lines
      + (twin.isEmpty ? [] : [Reference(label: "untrained", points: twin, dashes: "2 1.5")])
  }

  // MARK: Drawing

  public func draw(on canvas: inout Canvas) {
    let scale = Scale(self)
    let words = Canvas.shortened(
      heading.capitalizedFirst, to: Self.width - 8, size: Canvas.titleSize, isBold: true)
    canvas.label(words, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(level.metric.axisTitle, 4, 19, fill: canvas.style.muted)
    grid(on: &canvas, scale)
    references(on: &canvas, scale)
    series(on: &canvas, scale)
    axis.draw(on: &canvas, below: Self.top + Self.plotHeight)
    tips(on: &canvas)
  }

  /// From the metric's unit to points.
  private struct Scale {
    var low: Double
    var high: Double
    var factor: Double

    init(_ profile: LayerProfile) {
      let (metric, format) = (profile.level.metric, profile.level.format)
      let ends = profile.layers.compactMap { $0.metrics?[metric] }.flatMap { [$0.low, $0.high, $0.value] }
      let others = references(of: profile.level).flatMap { $0.points.map(\.value) }
      let values = (ends + others).filter(\.isFinite).map { $0 * format.scale }
      low = min(0, values.min() ?? 0)
      let top = max(values.max() ?? 1, low + 1e-9)
      // Room for the peak's label above the highest interval.
      high = top + (top - low) * 0.12
      factor = format.scale
    }

    func y(_ value: Double) -> Double {
      plotBottom - (value * factor - low) / (high - low) * plotHeight
    }
    /// Shares end at 100 %.
    func ticks(_ unit: String) -> [Double] { Ticks.round(low...(unit == "%" ? min(high, 100) : high)) }
    private var plotBottom: Double { LayerProfile.top + LayerProfile.plotHeight }
    private var plotHeight: Double { LayerProfile.plotHeight }
  }

  private var left: Double { axis.start }
  private var right: Double { axis.start + axis.length }

  private func grid(on canvas: inout Canvas, _ scale: Scale) {
    let ticks = scale.ticks(level.format.unit)
    let digits = Ticks.digits(ticks)
    for tick in ticks {
      let y = scale.y(tick / scale.factor)
      canvas.segment(left, y, right, y, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, digits), left - 4, y + 2.5, anchor: .end, fill: canvas.style.muted)
    }
  }

  private func references(on canvas: inout Canvas, _ scale: Scale) {
    let references = Self.references(of: level).sorted { $0.end > $1.end }
    let places = Self.spread(
      references.map { scale.y($0.end) }, gap: 8, within: Self.top...(Self.top + Self.plotHeight))
    for (reference, place) in zip(references, places) {
      let stroke = Canvas.Stroke(colour: canvas.style.muted, width: 0.9, dashes: reference.dashes)
      let end = scale.y(reference.end)
      var start = right
      if let slot = reference.points.last?.slot {
        canvas.path(reference.points.map { (axis.centre($0.slot ?? 0), scale.y($0.value)) }, stroke)
        start = axis.centre(slot) + 1
      } else {
        canvas.segment(left, end, right, end, stroke)
      }
      canvas.path(
        [(start, end), (right + 2, end), (right + 4, place), (right + 5, place)],
        .init(colour: canvas.style.muted, width: 0.5))
      canvas.label(reference.label, right + 6.5, place + 2.5, fill: canvas.style.muted)
    }
  }

  private func series(on canvas: inout Canvas, _ scale: Scale) {
    let colour = Colours.of(level.level)
    let peakSet = Set(level.peak?.peakSet.map(\.name) ?? [])
    for run in runs() {
      let upper = run.map { (axis.centre($0.slot), scale.y($0.estimate.high)) }
      let lower = run.reversed().map { (axis.centre($0.slot), scale.y($0.estimate.low)) }
      if run.count > 1 {
        canvas.area(upper + lower, fill: colour, opacity: 0.2)
      } else if let top = upper.first, let bottom = lower.first {
        canvas.segment(top.0, top.1, bottom.0, bottom.1, .init(colour: colour, width: 0.75))
      }
      canvas.path(
        run.map { (axis.centre($0.slot), scale.y($0.estimate.value)) }, .init(colour: colour, width: 1.3))
    }
    for point in runs().joined() {
      let (x, y) = (axis.centre(point.slot), scale.y(point.estimate.value))
      let isPeak = point.layer == level.peak?.layer
      let isFilled = isPeak || peakSet.contains(point.layer.name)
      canvas.circle(
        x, y, radius: isPeak ? 2.8 : min(1.9, axis.slot * 0.4),
        fill: isFilled ? colour : canvas.style.paper,
        stroke: .init(colour: colour, width: 0.9))
      guard isPeak else { continue }
      let words = "\(Canvas.name(point.layer.name)): \(level.format.value(point.estimate.value))"
      let half = Canvas.width(words, isBold: true) / 2
      let place = min(max(x, left + half), max(right - half, left + half))
      canvas.label(
        words, place, scale.y(point.estimate.high) - 4, anchor: .middle, isBold: true)
    }
  }

  private typealias Point = (slot: Int, layer: Layer, estimate: Estimate)

  /// Neighbouring layers that have numbers: a line is not drawn across a gap.
  private func runs() -> [[Point]] {
    var runs: [[Point]] = []
    for (slot, result) in layers.enumerated() {
      guard let estimate = result.metrics?[level.metric], estimate.isFinite else { continue }
      if runs.last?.last?.slot == slot - 1 {
        runs[runs.count - 1].append((slot, result.layer, estimate))
      } else {
        runs.append([(slot, result.layer, estimate)])
      }
    }
    return runs
  }

  /// A strip over each layer that tells its numbers when pointed at.
  private func tips(on canvas: inout Canvas) {
    for (slot, result) in layers.enumerated() {
      canvas.rectangle(
        axis.start + Double(slot) * axis.slot, Self.top, axis.slot, Self.plotHeight, fill: "transparent",
        kind: "slot", tip: tip(result))
    }
  }

  private func tip(_ result: LayerResult) -> String {
    let format = level.format
    guard let estimate = result.metrics?[level.metric] else {
      return "\(result.layer.name): no number; \(result.reason ?? "no reason was given")"
    }
    let differences: [(String, Estimate?, MeasureFormat)] = [
      ("over \(level.baseline)", result.gainOverMel, format),
      ("over the untrained model", result.gainOverTwin, format),
      ("selectivity", result.selectivity, MeasureFormat(.accuracy)),
    ]
    let lines = differences.compactMap { name, gain, format in gain.map { "\(name) \(format.gain($0))" } }
    return (["\(result.layer.name): \(format.intervalWithUnit(estimate))"] + lines).joined(separator: "\n")
  }

  /// Moves labels apart along a line, each as near to its own place as the others allow; `places` ascend.
  static func spread(_ places: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double] {
    var spread = places
    for index in spread.indices.dropFirst() { spread[index] = max(spread[index], spread[index - 1] + gap) }
    guard let last = spread.indices.last, spread[last] > range.upperBound else { return spread }
    spread[last] = range.upperBound
    for index in spread.indices.dropLast().reversed() {
      spread[index] = min(spread[index], spread[index + 1] - gap)
    }
    return spread
  }
}

extension String {
  /// "Phoneme" of "phoneme".
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
