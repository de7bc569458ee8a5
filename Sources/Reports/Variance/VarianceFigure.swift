import Results

/// What a layer's variance is made of: a bar a layer, its parts one upon another up to what all features explain
/// together, and a mark at the ceiling of what the labels' types could explain.
struct VarianceFigure: Figure {
  let name: String
  let title: String
  let summary: String
  let data: DataTable
  private let blocks: [String]
  private let layers: [VarianceResult.LayerVariance]
  private let axis: LayerAxis

  private static let (top, plotHeight) = (27.0, 140.0)
  private static let width = 120 * FigureSize.pointsPerMillimetre
  /// Okabe and Ito's, then Tol's muted ones, for blocks in their order.
  private static let colours = [
    "#56b4e9", "#cc79a7", "#e69f00", "#0072b2", "#d55e00", "#009e73", "#882255", "#999933", "#44aa99",
    "#332288",
  ]

  init(_ result: VarianceResult, ofUntrained: Bool = false) {
    let layers = (ofUntrained ? result.untrained : result.layers)
    self.layers = layers
    name = ofUntrained ? "variance-untrained" : "variance"
    title = "What the variance of layers is made of" + (ofUntrained ? ", untrained model" : "")
    blocks = result.blocks.map(\.name)
    let known = layers.filter { $0.reason == nil }
    summary =
      "Bars of \(count(known.count, "layer")): parts of \(result.blocks.map(\.name).joined(separator: ", ")) "
      + "in the variance of held-out spans that they explain together."
    data = VarianceCSV.figure(layers, blocks: blocks)
    let legend = (blocks + ["ceiling of types"]).map { Canvas.width($0) }.max() ?? 0
    axis = LayerAxis(
      names: layers.map(\.layer.name), start: 27, length: Self.width - 27 - 1.2 * legend - 22)
  }

  var size: FigureSize { FigureSize(points: Self.width, Self.top + Self.plotHeight + axis.height) }

  private func parts(_ layer: VarianceResult.LayerVariance) -> [Double] {
    layer.shares.map { $0.part.value.isFinite ? $0.part.value : 0 }
  }

  private var range: ClosedRange<Double> {
    let known = layers.filter { $0.reason == nil }
    let high =
      known.flatMap { layer in
        [parts(layer).filter { $0 > 0 }.reduce(0, +), layer.ceiling?.value ?? 0]
      }.filter(\.isFinite).max() ?? 1
    let low = known.map { parts($0).filter { $0 < 0 }.reduce(0, +) }.min() ?? 0
    return min(0, low)...max(high * 1.05, 0.01)
  }

  func draw(on canvas: inout Canvas) {
    let range = range
    let bottom = Self.top + Self.plotHeight
    func y(_ value: Double) -> Double {
      bottom - (value - range.lowerBound) / (range.upperBound - range.lowerBound) * Self.plotHeight
    }
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label("Share of held-out variance, %", 4, 19, fill: canvas.style.muted)
    let ticks = Ticks.round(range.lowerBound * 100...range.upperBound * 100)
    for tick in ticks {
      let place = y(tick / 100)
      canvas.segment(
        axis.start, place, axis.start + axis.length, place, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), axis.start - 4, place + 2.5, anchor: .end,
        fill: canvas.style.muted)
    }
    for (slot, layer) in layers.enumerated() where layer.reason == nil {
      bar(on: &canvas, slot, layer, y)
    }
    canvas.segment(
      axis.start, y(0), axis.start + axis.length, y(0), .init(colour: canvas.style.muted, width: 0.75))
    legend(on: &canvas)
    axis.draw(on: &canvas, below: bottom)
  }

  private func bar(
    on canvas: inout Canvas, _ slot: Int, _ layer: VarianceResult.LayerVariance, _ y: (Double) -> Double
  ) {
    let width = axis.slot * 0.78
    let x = axis.centre(slot) - width / 2
    var (above, below) = (0.0, 0.0)
    for (place, part) in parts(layer).enumerated() {
      let start = part >= 0 ? above : below
      if part >= 0 { above += part } else { below += part }
      let share = layer.shares[place]
      canvas.rectangle(
        x, y(max(start, start + part)), width, abs(y(start) - y(start + part)),
        fill: Self.colours[place % Self.colours.count], kind: "slot",
        tip: "\(layer.layer.name), \(share.block): part \(VarianceCSV.percent(share.part)), alone "
          + "\(VarianceCSV.percent(share.alone)), unique \(VarianceCSV.percent(share.unique))")
    }
    if let ceiling = layer.ceiling?.value, ceiling.isFinite {
      canvas.segment(
        axis.centre(slot) - axis.slot / 2, y(ceiling), axis.centre(slot) + axis.slot / 2, y(ceiling),
        .init(colour: canvas.style.ink, width: 1, dashes: "2 1.5"))
    }
  }

  private func legend(on canvas: inout Canvas) {
    let x = axis.start + axis.length + 8
    for (line, block) in blocks.enumerated().reversed().map({ $0 }).enumerated() {
      let y = Self.top + 4 + Double(line) * 10
      canvas.rectangle(x, y, 7, 7, fill: Self.colours[block.offset % Self.colours.count])
      canvas.label(block.element, x + 10, y + 6)
    }
    if layers.contains(where: { $0.ceiling != nil }) {
      let y = Self.top + 4 + Double(blocks.count) * 10
      canvas.segment(x, y + 4, x + 7, y + 4, .init(colour: canvas.style.ink, width: 1, dashes: "2 1.5"))
      canvas.label("ceiling of types", x + 10, y + 6)
    }
  }
}
