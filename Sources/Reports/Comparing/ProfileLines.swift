import Results

/// One level's metric along the layers, a line a model, the first dark and the last bright.
public struct ProfileLines: Figure {
  public let name: String
  private let heading: String
  private let metric: Metric
  private let format: MeasureFormat
  private let models: [String]
  private let layers: [String]
  private let lines: [[Estimate?]]
  private let majority: Double
  private let axis: LayerAxis
  private let range: ClosedRange<Double>

  private static let width = 120 * FigureSize.pointsPerMillimetre
  private static let plotHeight = 122.0
  private static let top = 27.0

  /// Nil where no model has a number.
  init?(_ probed: ModelComparison.Probed, models: [String], layers: [String], title: String) {
    guard let some = probed.results.compactMap({ $0 }).first else { return nil }
    name = "profiles-" + slug(title)
    heading = title
    metric = some.metric
    let format = MeasureFormat(some.metric)
    self.format = format
    self.models = models
    self.layers = layers
    majority = some.majority[some.metric].value
    lines = probed.results.map { result in
      layers.map { name in
        result?.layers.first { $0.layer.name == name }?.metrics?[some.metric]
      }
    }
    let values = (lines.joined().compactMap { $0?.value } + [majority]).filter(\.isFinite)
      .map { $0 * format.scale }
    guard lines.joined().contains(where: { $0?.isFinite == true }), let most = values.max() else {
      return nil
    }
    let least = min(0, values.min() ?? 0)
    range = least...max(most + (most - least) * 0.06, least + 1e-9)
    let legend = (models + [Self.baseline]).map { Canvas.width(Canvas.shortened($0, to: 110)) }.max() ?? 0
    axis = LayerAxis(names: layers, start: 27, length: Self.width - 27 - legend - 24)
  }

  public var title: String { "\(heading.capitalizedFirst) by layer and model" }

  public var summary: String {
    "\(metric.words.capitalizedFirst) at \(count(layers.count, "layer")), a line for each of "
      + "\(count(models.count, "model")): \(models.joined(separator: ", "))."
  }

  public var data: DataTable {
    DataTable(
      columns: ["layer"] + models, headings: ["layer"] + models,
      rows: layers.enumerated().map { index, layer in
        [.text(layer)] + lines.map { .number($0[index]?.value, format) }
      })
  }

  public var size: FigureSize {
    let legend = Self.top + 10 * Double(models.count + 1)
    return FigureSize(
      points: Self.width, max(Self.top + Self.plotHeight + axis.height, legend))
  }

  private func y(_ value: Double) -> Double {
    Self.top + Self.plotHeight
      - (value * format.scale - range.lowerBound) / (range.upperBound - range.lowerBound) * Self.plotHeight
  }

  /// Not as bright as yellow, which is not seen on white.
  private func colour(_ model: Int) -> String {
    Colours.hex(Colours.ramp(0.82 * Double(model) / Double(max(1, models.count - 1))))
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(metric.axisTitle, 4, 19, fill: canvas.style.muted)
    let right = axis.start + axis.length
    let top = format.unit == "%" ? min(range.upperBound, 100) : range.upperBound
    let ticks = Ticks.round(range.lowerBound...top)
    for tick in ticks {
      let y = y(tick / format.scale)
      canvas.segment(axis.start, y, right, y, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), axis.start - 4, y + 2.5, anchor: .end,
        fill: canvas.style.muted)
    }
    if majority.isFinite {
      canvas.segment(
        axis.start, y(majority), right, y(majority),
        .init(colour: canvas.style.muted, width: 0.9, dashes: Self.dotted))
    }
    for (model, line) in lines.enumerated() { draw(line, model, on: &canvas) }
    legend(on: &canvas)
    axis.draw(on: &canvas, below: Self.top + Self.plotHeight)
  }

  private static let dotted = "0.8 2"
  /// What the dotted line is.
  private static let baseline = "majority"

  private func draw(_ line: [Estimate?], _ model: Int, on canvas: inout Canvas) {
    var run: [(Double, Double)] = []
    for slot in 0...line.count {
      if slot < line.count, let value = line[slot]?.value, value.isFinite {
        run.append((axis.centre(slot), y(value)))
      } else {
        if run.count > 1 { canvas.path(run, .init(colour: colour(model), width: 1.3)) }
        for point in run {
          canvas.circle(
            point.0, point.1, radius: 1.6, fill: colour(model),
            stroke: .init(colour: colour(model), width: 0.3))
        }
        run = []
      }
    }
  }

  private func legend(on canvas: inout Canvas) {
    let left = axis.start + axis.length + 8
    let entries =
      models.enumerated().reversed().map { ($1, colour($0), nil as String?) }
      + [(Self.baseline, canvas.style.muted, Self.dotted)]
    for (place, (name, colour, dashes)) in entries.enumerated() {
      let y = Self.top + 4 + 10 * Double(place)
      canvas.segment(left, y, left + 10, y, .init(colour: colour, width: 1.5, dashes: dashes))
      canvas.label(Canvas.shortened(name, to: 110), left + 13, y + 2.5, fill: canvas.style.muted)
    }
  }
}
