import Results

/// The time that panels of a recording share, with the labelled tiers and an axis beneath them.
struct TimeAxis: Sendable {
  /// Where time begins, and how wide it is, in points.
  let left, width: Double
  private let seconds: Double
  private let tiers: [AttributionResult.Row]
  /// Where the target is read.
  private let span: [Double]

  private static let (rowHeight, smallText) = (13.0, 5.5)

  /// As wide as a page leaves or, where most labels of the narrowest tier would not fit, as they need, however long the
  /// recording.
  init(_ result: AttributionResult, left: Double) {
    self.left = left
    (seconds, tiers, span) = (max(result.seconds, 1e-3), result.tiers, result.span)
    let page = 180 * FigureSize.pointsPerMillimetre - left - 10
    let needs = (tiers.first?.intervals ?? []).map {
      (Canvas.width($0.label, size: Self.smallText) + 2) / max($0.seconds, 1e-3)
    }.sorted()
    let density = needs.isEmpty ? 0 : min(300, needs[needs.count * 4 / 5])
    width = min(max(page, density * seconds), 6000)
  }

  /// Of tiers and axis.
  var height: Double { tiersHeight + 26 }

  private var tiersHeight: Double { Double(tiers.count) * Self.rowHeight }

  func x(_ time: Double) -> Double { left + min(max(time, 0), seconds) * width / seconds }

  /// Tiers and axis below `bottom`, and the span through all panels from `top` on.
  func draw(from top: Double, below bottom: Double, on canvas: inout Canvas) {
    for (index, tier) in tiers.enumerated() {
      row(tier, bottom + Double(index) * Self.rowHeight, on: &canvas)
    }
    for time in span {
      canvas.segment(
        x(time), top, x(time), bottom + tiersHeight,
        .init(colour: canvas.style.ink, width: 0.7, dashes: "3 2"))
    }
    axis(bottom + tiersHeight, on: &canvas)
  }

  private func row(_ tier: AttributionResult.Row, _ y: Double, on canvas: inout Canvas) {
    canvas.label(tier.level.rawValue, left - 4, y + 9.5, anchor: .end, fill: canvas.style.muted)
    for interval in tier.intervals {
      let (start, end) = (x(interval.start), x(interval.end))
      canvas.rectangle(
        start, y, max(end - start, 0.3), Self.rowHeight, fill: canvas.style.paper,
        stroke: .init(colour: canvas.style.muted, width: 0.4),
        tip:
          "\(interval.label), \(NumberText.fixed(interval.start, 3))–\(NumberText.fixed(interval.end, 3)) s"
      )
      let room = end - start - 1
      let fits = Canvas.width(interval.label) <= room
      let size = fits ? Canvas.textSize : Self.smallText
      let words = Canvas.shortened(interval.label, to: room, size: size)
      guard words != "…", !words.isEmpty else { continue }
      canvas.label(words, (start + end) / 2, y + 9.5, anchor: .middle, size: fits ? nil : size)
    }
  }

  private func axis(_ y: Double, on canvas: inout Canvas) {
    canvas.segment(left, y, left + width, y, .init(colour: canvas.style.muted, width: 0.5))
    let ticks = Ticks.round(0...seconds, count: max(5, Int(width / 70)))
    for tick in ticks {
      canvas.segment(x(tick), y, x(tick), y + 3, .init(colour: canvas.style.muted, width: 0.5))
      canvas.label(
        NumberText.fixed(tick, Ticks.digits(ticks)), x(tick), y + 11, anchor: .middle,
        fill: canvas.style.muted)
    }
    canvas.label("s", left + width, y + 20, anchor: .end, fill: canvas.style.muted)
  }
}
