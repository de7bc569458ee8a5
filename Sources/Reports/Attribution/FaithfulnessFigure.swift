import Results

/// For each map, how the target falls when what it marks is hidden and rises when it is shown, beside random orders;
/// and how alike the map stays with random weights and in noise.
public struct FaithfulnessFigure: Figure {
  public let name = "trust"
  private let entries: [AttributionResult.Trust]

  private static let (left, top, panel, height, gap) = (28.0, 31.0, 112.0, 76.0, 26.0)
  private static let lineHeight = 9.0

  /// Nil where nothing was tried.
  public init?(_ result: AttributionResult) {
    guard !result.trust.isEmpty else { return nil }
    entries = result.trust
  }

  public var title: String { "Whether the maps are true of the model" }

  public var summary: String {
    entries.map { entry in
      let words = entry.gain.map { "insertion less deletion \(NumberText.fixed($0, 2))" } ?? "no curve"
      return "\(entry.method): \(words)" + (entry.doubts.isEmpty ? "" : ", not to be trusted")
    }.joined(separator: "; ") + "."
  }

  public var data: DataTable {
    let rows = entries.flatMap { entry -> [[DataTable.Cell]] in
      let curve = entry.hiding
      let points = (curve?.shares ?? []).indices.flatMap { index -> [[DataTable.Cell]] in
        [("deletion", curve?.deletion), ("insertion", curve?.insertion)].map { name, values in
          [
            .text(entry.method),
            .text("\(name) at \(NumberText.fixed((curve?.shares[index] ?? 0) * 100, 0)) %"),
            .plain(values?[index], digits: 3),
          ]
        }
      }
      let likeness = (entry.randomisation + entry.noise + entry.agreement).map { like -> [DataTable.Cell] in
        [.text(entry.method), .text(like.name), .plain(like.correlation, digits: 3)]
      }
      return points + likeness
    }
    return DataTable(
      columns: ["method", "what", "value"], headings: ["Method", "What", "Value"], rows: rows)
  }

  private var columns: Int { min(entries.count, 4) }
  private var rows: Int { (entries.count + columns - 1) / columns }
  private var lines: Int { entries.map { $0.randomisation.count + $0.noise.count + 1 }.max() ?? 0 }
  private var titles: [[String]] {
    entries.map { Canvas.wrapped(AttributionFigure.words($0.method), to: Self.panel, isBold: true) }
  }
  private var titleHeight: Double { Double(titles.map(\.count).max() ?? 1) * Self.lineHeight }
  private var rowHeight: Double { titleHeight + Self.height + 34 + Double(lines + 2) * Self.lineHeight }

  public var size: FigureSize {
    FigureSize(
      points: Self.left + Double(columns) * (Self.panel + Self.gap) + 4, Self.top + Double(rows) * rowHeight
    )
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 11, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "blue: shown bit by bit, orange: hidden bit by bit, in the map's order; dashed: in random orders", 4,
      21,
      fill: canvas.style.muted)
    for (index, entry) in entries.enumerated() {
      let x = Self.left + Double(index % columns) * (Self.panel + Self.gap)
      let y = Self.top + Double(index / columns) * rowHeight + titleHeight
      for (line, words) in titles[index].reversed().enumerated() {
        canvas.label(words, x, y - 4 - Double(line) * Self.lineHeight, isBold: true)
      }
      if let curve = entry.hiding {
        curves(curve, x, y, on: &canvas)
      } else {
        let words = Canvas.wrapped("hiding everything does not make the target fall", to: Self.panel)
        for (line, words) in words.enumerated() {
          canvas.label(words, x, y + 12 + Double(line) * Self.lineHeight, fill: canvas.style.muted)
        }
      }
      list(entry, x, y + Self.height + 20, on: &canvas)
    }
  }

  private func curves(
    _ curve: AttributionResult.Trust.Curve, _ x: Double, _ y: Double, on canvas: inout Canvas
  ) {
    let all = curve.deletion + curve.insertion + curve.randomDeletion + curve.randomInsertion
    let (low, high) = (min(0, all.min() ?? 0), max(1, all.max() ?? 1))
    func place(_ value: Double) -> Double { y + Self.height * (high - value) / (high - low) }
    for tick in [0.0, 1] {
      canvas.segment(
        x, place(tick), x + Self.panel, place(tick), .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, 0), x - 3, place(tick) + 2.5, anchor: .end, fill: canvas.style.muted)
    }
    for (values, colour, dashes) in [
      (curve.randomDeletion, AttributionFigure.opposing, "2 1.5"),
      (curve.randomInsertion, AttributionFigure.supporting, "2 1.5"),
      (curve.deletion, AttributionFigure.opposing, nil),
      (curve.insertion, AttributionFigure.supporting, nil),
    ] as [([Double], Colours.RGB, String?)] {
      let points = zip(curve.shares, values).map { (x + $0 * Self.panel, place($1)) }
      canvas.path(
        points, .init(colour: Colours.hex(colour), width: dashes == nil ? 1.1 : 0.7, dashes: dashes))
    }
    canvas.label("0 %", x, y + Self.height + 9, fill: canvas.style.muted)
    canvas.label("100 %", x + Self.panel, y + Self.height + 9, anchor: .end, fill: canvas.style.muted)
  }

  private func list(
    _ entry: AttributionResult.Trust, _ x: Double, _ y: Double, on canvas: inout Canvas
  ) {
    var lines: [(String, String)] = []
    if let gain = entry.gain, let random = entry.randomGain {
      lines.append(("insertion − deletion", NumberText.fixed(gain, 2)))
      lines.append(("  in random order", NumberText.fixed(random, 2)))
    }
    lines += entry.randomisation.map { ($0.name, NumberText.fixed($0.correlation, 2)) }
    lines += entry.noise.map { ("noise at \($0.name)", NumberText.fixed($0.correlation, 2)) }
    if !entry.agreement.isEmpty {
      let mean = entry.agreement.reduce(0) { $0 + $1.correlation } / Double(entry.agreement.count)
      lines.append(("other methods, mean", NumberText.fixed(mean, 2)))
    }
    for (number, line) in lines.enumerated() {
      let base = y + Double(number) * Self.lineHeight
      canvas.label(Canvas.shortened(line.0, to: Self.panel - 24), x, base, fill: canvas.style.muted)
      canvas.label(line.1, x + Self.panel, base, anchor: .end)
    }
  }
}
