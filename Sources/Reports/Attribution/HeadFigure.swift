import Results

/// What each attention head follows: a row a layer, a cell a head, with the share of its attention there, and by chance.
public struct HeadFigure: Figure {
  public let name = "attention-heads"
  private let heads: [RelevanceLocalisation.Head]
  private let layers: [String]
  private let left: Double

  private static let (cell, height, top) = (66.0, 32.0, 48.0)

  /// Nil without heads.
  public init?(_ result: RelevanceLocalisation) {
    guard !result.heads.isEmpty else { return nil }
    heads = result.heads
    layers = result.heads.reduce(into: []) { if !$0.contains($1.layer) { $0.append($1.layer) } }
    left = (layers.map { Canvas.width(Canvas.name($0)) }.max() ?? 0) + 10
  }

  public var title: String { "What attention heads follow" }

  public var summary: String { Self.summary(of: Self.names(of: heads)) }

  public var data: DataTable { Self.table(of: heads) }

  private var columns: Int { heads.map(\.head).max() ?? 0 }

  public var size: FigureSize {
    FigureSize(
      points: max(left + Double(columns) * Self.cell + 6, 300),
      Self.top + Double(layers.count) * Self.height + 8)
  }

  /// Okabe and Ito's; a head that follows nothing has none.
  static let colours = [
    "same phone": "#0072b2", "previous phone": "#56b4e9", "next phone": "#cc79a7",
    "rest of the word": "#009e73",
    "boundary": "#e69f00", "silence": "#59616b",
  ]

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "share of its attention there (by chance); then its entropy and mean distance", 4, 20,
      fill: canvas.style.muted)
    for column in 0..<columns {
      canvas.label(
        "head \(column + 1)", left + (Double(column) + 0.5) * Self.cell, Self.top - 4, anchor: .middle,
        fill: canvas.style.muted)
    }
    for (row, layer) in layers.enumerated() {
      let y = Self.top + Double(row) * Self.height
      canvas.label(
        Canvas.name(layer), left - 5, y + Self.height / 2 + 2, anchor: .end, fill: canvas.style.muted)
      for head in heads where head.layer == layer {
        draw(head, left + Double(head.head - 1) * Self.cell, y, on: &canvas)
      }
    }
  }

  private func draw(_ head: RelevanceLocalisation.Head, _ x: Double, _ y: Double, on canvas: inout Canvas) {
    let share = head.shares.first { $0.kind == head.name }
    let tip = head.shares.map {
      "\($0.kind): \(NumberText.fixed($0.share * 100, 0)) % (chance \(NumberText.fixed($0.chance * 100, 0)) %)"
    }.joined(separator: "\n")
    canvas.rectangle(
      x, y, Self.cell - 2, Self.height - 2, fill: canvas.style.paper,
      stroke: .init(colour: canvas.style.rule, width: 0.5), tip: "\(head.layer), head \(head.head)\n\(tip)")
    if let colour = Self.colours[head.name] { canvas.rectangle(x, y, 3, Self.height - 2, fill: colour) }
    let name = share == nil ? "–" : head.name
    canvas.label(name, x + 6, y + 9, fill: share == nil ? canvas.style.muted : nil, isBold: share != nil)
    if let share {
      let words =
        "\(NumberText.fixed(share.share * 100, 0)) % (\(NumberText.fixed(share.chance * 100, 0)) %)"
      canvas.label(words, x + 6, y + 18)
    }
    canvas.label(Self.spread(of: head), x + 6, y + 27, fill: canvas.style.muted, size: 6)
  }
}

extension HeadFigure {
  /// A head's entropy and, between frames, its mean distance.
  static func spread(of head: RelevanceLocalisation.Head) -> String {
    "\(NumberText.fixed(head.entropy, 1)) bits"
      + (head.distance.map { ", \(NumberText.fixed($0, 0)) ms" } ?? "")
  }

  /// What heads follow, the commonest first.
  static func names(of heads: [RelevanceLocalisation.Head]) -> [(name: String, count: Int)] {
    Dictionary(grouping: heads, by: \.name).map { ($0.key, $0.value.count) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  static func summary(of names: [(name: String, count: Int)]) -> String {
    names.map { "\($0.name): \(Reports.count($0.count, "head"))" }.joined(separator: "; ") + "."
  }

  /// A row a head and place; a head of a recording without labels has one row, with no place.
  static func table(of heads: [RelevanceLocalisation.Head]) -> DataTable {
    DataTable(
      columns: [
        "layer", "head", "follows", "entropy_bits", "most_entropy_bits", "distance_ms", "place", "share",
        "chance", "score",
      ],
      headings: [
        "Layer", "Head", "Follows", "Entropy, bits", "at most", "Distance, ms", "Place", "Share", "Chance",
        "Score",
      ],
      rows: heads.flatMap { head in
        (head.shares.isEmpty ? [nil] : head.shares.map(Optional.some)).map { share in
          [
            .text(head.layer), .plain(Double(head.head), digits: 0), .text(head.name),
            .plain(head.entropy, digits: 2), .plain(head.mostEntropy, digits: 2),
            .plain(head.distance, digits: 0), .text(share?.kind ?? ""),
            .plain(share?.share, digits: 3), .plain(share?.chance, digits: 3),
            .plain(share?.score, digits: 1),
          ]
        }
      })
  }
}
