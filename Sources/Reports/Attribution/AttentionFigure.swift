import Results

/// The attention of every head over one recording: a row a layer, a cell a head, with a picture of its weights, what it
/// follows, its entropy and its mean distance.
public struct AttentionFigure: Figure {
  public let name = "attention"
  private let cells: [(head: RelevanceLocalisation.Head, picture: String)]
  private let table: DataTable
  private let names: [(name: String, count: Int)]
  private let layers: [String]
  private let seconds: Double
  private let left: Double
  private let isOfText: Bool
  /// From one layer's row to the next: room for what heads follow, where any could be named.
  private let height: Double

  private static let (side, cell, top) = (72.0, 80.0, 48.0)

  /// Nil without heads. Throws where a picture cannot be made (`ReportError.conversionFailed`).
  public init?(_ result: AttributionResult) throws {
    guard !result.heads.isEmpty, result.heads.count == result.attention.count else { return nil }
    cells = try zip(result.heads, result.attention).map { ($0, try Self.picture(of: $1).dataURL()) }
    table = HeadFigure.table(of: result.heads)
    names = HeadFigure.names(of: result.heads)
    layers = result.heads.reduce(into: []) { if !$0.contains($1.layer) { $0.append($1.layer) } }
    seconds = result.seconds
    left = (layers.map { Canvas.width($0) }.max() ?? 0) + 10
    isOfText = layers.contains { $0.hasPrefix("decoder.") }
    height = result.heads.contains { !$0.shares.isEmpty } ? 112 : 92
  }

  public var title: String { "Where each attention head looks" }

  public var summary: String { HeadFigure.summary(of: names) }

  public var data: DataTable { table }

  private var columns: Int { cells.map(\.head.head).max() ?? 0 }

  public var size: FigureSize {
    FigureSize(
      points: max(left + Double(columns) * Self.cell + 6, 330),
      Self.top + Double(layers.count) * height + 6)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "from each \(isOfText ? "moment or token" : "moment") (down) at each other (across), "
        + "0–\(NumberText.fixed(seconds, 2)) s; darker: more of its attention",
      4, 21, fill: canvas.style.muted)
    for column in 0..<columns {
      canvas.label(
        "head \(column + 1)", left + Double(column) * Self.cell + Self.side / 2, Self.top - 5,
        anchor: .middle, fill: canvas.style.muted)
    }
    for (row, layer) in layers.enumerated() {
      let y = Self.top + Double(row) * height
      canvas.label(layer, left - 5, y + Self.side / 2 + 2, anchor: .end, fill: canvas.style.muted)
      for (head, picture) in cells where head.layer == layer {
        draw(head, picture, left + Double(head.head - 1) * Self.cell, y, on: &canvas)
      }
    }
  }

  private func draw(
    _ head: RelevanceLocalisation.Head, _ picture: String, _ x: Double, _ y: Double, on canvas: inout Canvas
  ) {
    canvas.image(picture, x, y, Self.side, Self.side)
    canvas.rectangle(
      x, y, Self.side, Self.side, fill: "none", stroke: .init(colour: canvas.style.rule, width: 0.5))
    let isNamed = head.shares.contains { $0.kind == head.name }
    // A head that follows nothing for certain shows what it comes nearest to.
    let nearest =
      isNamed ? head.shares.first { $0.kind == head.name } : head.shares.max { $0.score < $1.score }
    if let colour = HeadFigure.colours[head.name], isNamed {
      canvas.rectangle(x, y + Self.side + 3, 3, 17, fill: colour)
    }
    let ink = isNamed ? nil : canvas.style.muted
    canvas.label(
      nearest.map { isNamed ? $0.kind : "\($0.kind)?" } ?? "", x + 6, y + Self.side + 10, fill: ink,
      isBold: isNamed)
    if let nearest {
      canvas.label(
        "\(NumberText.fixed(nearest.share * 100, 0)) % (\(NumberText.fixed(nearest.chance * 100, 0)) %)",
        x + 6,
        y + Self.side + 19, fill: ink)
    }
    canvas.label(
      HeadFigure.spread(of: head), x + 6, y + Self.side + (head.shares.isEmpty ? 9 : 28),
      fill: canvas.style.muted, size: 6)
  }

  /// White to dark blue by the square root of a weight's share of the largest, so that faint attention shows too.
  static func picture(of weights: AttributionResult.Picture) -> PixelMap {
    let largest = Double(weights.values.max() ?? 0)
    // Few cells are drawn as squares, where a viewer would blur them into each other.
    let (across, down) = (enlarged(weights.bands), enlarged(weights.frames))
    return PixelMap(width: weights.bands * across, height: weights.frames * down) { x, y in
      let weight = Double(max(0, weights[y / down, x / across]))
      let strength = largest > 0 ? (weight / largest).squareRoot() : 0
      return Colours.mixed(AttributionFigure.supporting, strength)
    }
  }

  /// How many pixels a cell gets on a side.
  private static func enlarged(_ cells: Int) -> Int { max(1, 144 / max(1, cells)) }
}
