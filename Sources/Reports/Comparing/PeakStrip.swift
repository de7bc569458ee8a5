import Results

/// One level in several models: a row a model, a cell a layer, brighter the nearer to the best of all; the peaks are
/// marked, so that a run's peak is seen to move.
public struct PeakStrip: Figure {
  public let name: String
  private let heading: String
  private let metric: Metric
  private let format: MeasureFormat
  private let models: [String]
  private let layers: [String]
  private let results: [LevelResult?]
  private let floor: Double
  /// The best of all values.
  private let best: Double
  private let left: Double
  private let axis: LayerAxis

  private static let top = 27.0
  private static let row = 12.0
  /// A cell that is wider no longer looks like one of a row.
  private static let widest = 36.0

  /// Nil where no model has a number.
  init?(_ probed: ModelComparison.Probed, models: [String], layers: [String], title: String) {
    guard let some = probed.results.compactMap({ $0 }).first else { return nil }
    name = "peaks-" + slug(title)
    heading = title
    metric = some.metric
    format = MeasureFormat(some.metric)
    results = probed.results
    self.models = models
    self.layers = layers
    let values = probed.results.compactMap { $0 }.flatMap { result in
      result.layers.compactMap { $0.metrics?[result.metric].value }
    }.filter(\.isFinite)
    guard let least = values.min(), let most = values.max() else { return nil }
    floor = some.majority[some.metric].value.isFinite ? some.majority[some.metric].value : least
    best = some.metric == .logLoss ? least : most
    left = (models.map { Canvas.width(Canvas.name($0)) }.max() ?? 0) + 8
    let count = Double(layers.count)
    let column = 90 * FigureSize.pointsPerMillimetre - left - 4
    axis = LayerAxis(
      names: layers, start: left, length: min(max(column, 11 * count), 470, Self.widest * count))
  }

  public var title: String { "Where \(heading) peaks, model by model" }

  public var summary: String {
    let peaks = zip(models, results).compactMap { name, result in
      result?.peak.map { "\(name): \($0.layer.name), \(format.intervalWithUnit($0.estimate))" }
    }
    return
      "A row for each of \(count(models.count, "model")), a cell for each of \(count(layers.count, "layer")); "
      + "brighter is better. Peaks: \(peaks.joined(separator: "; "))."
  }

  public var data: DataTable {
    DataTable(
      columns: ["model"] + layers, headings: ["model"] + layers,
      rows: zip(models, results).map { name, result in
        [.text(name)] + layers.map { .number(estimate(result, $0)?.value, format) }
      })
  }

  private func estimate(_ result: LevelResult?, _ layer: String) -> Estimate? {
    result?.layers.first { $0.layer.name == layer }?.metrics?[metric]
  }

  private var bottom: Double { Self.top + Self.row * Double(models.count) }
  public var size: FigureSize {
    let words = Canvas.width(title, size: Canvas.titleSize, isBold: true) + 8
    return FigureSize(points: max(axis.start + axis.length + 4, words), bottom + axis.height)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "\(metric.axisTitle); star: peak, ring: cannot be told from it", 4, 19, fill: canvas.style.muted)
    for (row, (name, result)) in zip(models, results).enumerated() {
      let y = Self.top + Double(row) * Self.row
      canvas.label(
        Canvas.name(name), left - 4, y + Self.row / 2 + 2.5, anchor: .end, fill: canvas.style.muted)
      for (column, layer) in layers.enumerated() {
        draw(
          estimate(result, layer), "\(name), \(layer)", result, layer,
          axis.start + Double(column) * axis.slot, y, &canvas)
      }
    }
    axis.draw(on: &canvas, below: bottom)
  }

  private func draw(
    _ estimate: Estimate?, _ place: String, _ result: LevelResult?, _ layer: String, _ x: Double,
    _ y: Double,
    _ canvas: inout Canvas
  ) {
    let (width, height) = (axis.slot - 0.6, Self.row - 0.8)
    guard let estimate, estimate.value.isFinite else {
      return canvas.rectangle(
        x, y, width, height, fill: canvas.style.paper, stroke: .init(colour: canvas.style.rule, width: 0.4),
        tip: "\(place): no number")
    }
    let share = best == floor ? 1 : (estimate.value - floor) / (best - floor)
    let colour = Colours.ramp(share)
    let ink = Colours.text(on: colour)
    canvas.rectangle(
      x, y, width, height, fill: Colours.hex(colour), tip: "\(place): \(format.intervalWithUnit(estimate))")
    let centre = (x + width / 2, y + height / 2)
    if result?.peak?.layer.name == layer {
      canvas.star(centre.0, centre.1, fill: ink)
    } else if result?.peak?.peakSet.contains(where: { $0.name == layer }) == true {
      canvas.circle(centre.0, centre.1, radius: 1.7, fill: "none", stroke: .init(colour: ink, width: 0.7))
    }
  }
}
