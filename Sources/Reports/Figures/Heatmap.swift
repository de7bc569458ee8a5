import Results

/// One similarity measure between every two layers. Pointing at a cell names both layers.
public struct Heatmap: Figure {
  public let name: String
  /// What is drawn: `[row layers × column layers]`.
  public let matrix: SimilarityMatrix
  private let cell: Double
  private let left: Double
  private let axis: LayerAxis
  private let range: ClosedRange<Double>

  private static let top = 27.0
  private static let barSpace = 36.0

  init(_ matrix: SimilarityMatrix, name: String) {
    self.matrix = matrix
    self.name = name
    left = (matrix.rowLayers.map { Canvas.width(Canvas.name($0)) }.max() ?? 0) + 8
    let columns = Double(max(matrix.columnLayers.count, 1))
    // A journal's column while that leaves room for a label a row, at most a page's width.
    let column = 90 * FigureSize.pointsPerMillimetre - left - Self.barSpace
    let page = 180 * FigureSize.pointsPerMillimetre - left - Self.barSpace
    cell = min(max(min(column / columns, 22), 8.4), page / columns)
    axis = LayerAxis(names: matrix.columnLayers, start: left, length: cell * columns)
    let values = matrix.values.joined().compactMap { $0 }.filter(\.isFinite)
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    // Debiased measures stray a little below 0; that is still the ramp's dark end.
    range = (least < -0.1 ? least : 0)...max(most, 1)
  }

  public var title: String { "Similarity of layers: \(measure), over \(matrix.unit)" }

  public var summary: String {
    "A heat map of \(measure) between \(count(matrix.rowLayers.count, "row layer")) and "
      + "\(count(matrix.columnLayers.count, "column layer")), over "
      + "\(NumberText.grouped(matrix.examples)) \(matrix.unit); bright is similar."
  }

  /// "debiased linear CKA" of "debiased_linear_cka".
  var measure: String {
    let acronyms: Set = ["cka", "cca", "svcca", "pwcca", "rsa", "rbf"]
    return matrix.measure.split(separator: "_").map { word in
      acronyms.contains(String(word)) ? word.uppercased() : String(word)
    }.joined(separator: " ")
  }

  public var data: DataTable {
    let rows = zip(matrix.rowLayers, matrix.values).map { layer, values in
      [.text(layer)] + values.map { DataTable.Cell.plain($0, digits: 2) }
    }
    let columns = ["layer"] + matrix.columnLayers
    return DataTable(columns: columns, headings: columns, rows: rows)
  }

  private var height: Double { cell * Double(matrix.rowLayers.count) }
  private var right: Double { axis.start + axis.length }

  public var size: FigureSize {
    let words = max(Canvas.width(measure, size: Canvas.titleSize, isBold: true), Canvas.width(subtitle)) + 8
    return FigureSize(points: max(right + Self.barSpace, words), Self.top + max(height, 60) + axis.height)
  }

  private var subtitle: String { "over \(NumberText.grouped(matrix.examples)) \(matrix.unit)" }

  public func draw(on canvas: inout Canvas) {
    canvas.label(measure.capitalizedFirst, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(subtitle, 4, 19, fill: canvas.style.muted)
    let every = Int((8.2 / cell).rounded(.up))
    for (row, layer) in matrix.rowLayers.enumerated() {
      let y = Self.top + Double(row) * cell
      if row % every == 0 {
        canvas.label(
          Canvas.name(layer), left - 4, y + cell / 2 + 2.5, anchor: .end, fill: canvas.style.muted,
          kind: "rl\(row)")
      }
      canvas.open("g", [("class", "r\(row)")])
      for (column, value) in (row < matrix.values.count ? matrix.values[row] : []).enumerated()
      where column < matrix.columnLayers.count {
        draw(value, row: row, column: column, on: &canvas)
      }
      canvas.close("g")
    }
    axis.draw(on: &canvas, below: Self.top + height) { "cl\($0)" }
    bar(on: &canvas)
  }

  private func draw(_ value: Double?, row: Int, column: Int, on canvas: inout Canvas) {
    let (x, y) = (left + Double(column) * cell, Self.top + Double(row) * cell)
    let pair = "\(matrix.rowLayers[row]) × \(matrix.columnLayers[column])"
    guard let value, value.isFinite else {
      canvas.rectangle(
        x, y, cell, cell, fill: canvas.style.paper, stroke: .init(colour: canvas.style.rule, width: 0.4),
        kind: "c\(column)", tip: "\(pair): no number")
      canvas.segment(x, y + cell, x + cell, y, .init(colour: canvas.style.rule, width: 0.5))
      return
    }
    // Reaches under its neighbours, so that no seam shows between them.
    let width = column + 1 < matrix.columnLayers.count ? cell + 0.4 : cell
    let height = row + 1 < matrix.rowLayers.count ? cell + 0.4 : cell
    canvas.rectangle(
      x, y, width, height, fill: Colours.hex(Colours.ramp(share(value))), kind: "c\(column)",
      tip: "\(pair): \(NumberText.fixed(value, 3))")
  }

  private func share(_ value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  private func bar(on canvas: inout Canvas) {
    let (x, length, steps) = (right + 8, min(max(height, 60), 130), 40)
    for step in (0..<steps).reversed() {
      let share = (Double(step) + 0.5) / Double(steps)
      let y = Self.top + length * (1 - Double(step + 1) / Double(steps))
      // Reaches under the next, as the cells do.
      let height = length / Double(steps) + (step > 0 ? 0.4 : 0)
      canvas.rectangle(x, y, 6, height, fill: Colours.hex(Colours.ramp(share)))
    }
    let ticks = Ticks.round(range)
    for tick in ticks {
      let y = Self.top + length * (1 - share(tick))
      canvas.segment(x + 6, y, x + 8, y, .init(colour: canvas.style.muted, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), x + 10, min(y + 2.5, Self.top + length + 1),
        fill: canvas.style.muted)
    }
  }
}
