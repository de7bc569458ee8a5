import Foundation
import Results

/// A network as a column of boxes from its input up to its output, with a second column for a decoder.
///
/// A run of like layers is one box with a stack behind it. Beside each box stand the names under which its values
/// can be had, their shape and the time between two frames; a bar tells its share of the parameters.
public struct NetworkDrawing: Figure {
  /// One step of the network.
  public struct Box: Sendable, Equatable {
    /// What the step is, such as “block”.
    public var title: String
    /// What stands below the title, such as "12 heads".
    public var detail: String
    /// The names under which its values can be had.
    public var taps: String
    /// What a value is: `[frames × 768]`.
    public var shape: String
    /// The time between two frames, and what one frame sees.
    public var time: String
    /// 0…1 of the model's parameters; nil where their names do not tell.
    public var share: Double?
    /// "23.6 M parameters"
    public var parameters: String
    /// Whether it stands for a run of like layers.
    public var isStack: Bool
    /// What colour it has.
    public var fill: Fill

    public init(
      title: String, detail: String, taps: String, shape: String, time: String, share: Double?,
      parameters: String, isStack: Bool, fill: Fill
    ) {
      (self.title, self.detail, self.taps, self.shape, self.time) = (title, detail, taps, shape, time)
      (self.share, self.parameters, self.isStack, self.fill) = (share, parameters, isStack, fill)
    }
  }

  /// What a box does, told by its colour as well.
  public enum Fill: String, Sendable, CaseIterable {
    case input, convolution, projection, block, output

    /// Pale enough for dark text, in light and in dark surroundings.
    public var colour: String {
      switch self {
      case .input: "#e8eaed"
      case .convolution: "#cfe3f5"
      case .projection: "#e3dcf3"
      case .block: "#fbdcc0"
      case .output: "#cdeadb"
      }
    }
  }

  public let name = "network"
  public let title: String
  /// Family and size, below the title.
  public let subtitle: String
  /// What goes in, then each step in the order of the data.
  public let boxes: [Box]
  /// A second column; its blocks look at the end of the first.
  public let decoder: [Box]
  /// What stands below the drawing, a line each.
  public let footnotes: [String]

  public init(
    title: String, subtitle: String, boxes: [Box], decoder: [Box] = [], footnotes: [String] = []
  ) {
    (self.title, self.subtitle, self.boxes, self.decoder) = (title, subtitle, boxes, decoder)
    self.footnotes = footnotes
  }

  public var summary: String {
    "From input to output: " + boxes.map(\.title).joined(separator: ", ")
      + (decoder.isEmpty ? "" : "; decoder: " + decoder.map(\.title).joined(separator: ", "))
  }

  public var data: DataTable {
    DataTable(
      columns: ["part", "taps", "shape", "time", "parameters"],
      headings: ["Part", "Taps", "Shape", "Time", "Parameters"],
      rows: (boxes + decoder).map {
        [$0.title, $0.taps, $0.shape, $0.time, $0.parameters].map { .text($0) }
      })
  }

  private static let (boxWidth, boxHeight, gap, sideWidth, margin) = (128.0, 34.0, 14.0, 158.0, 14.0)
  private static let headHeight = 40.0

  private var columnWidth: Double { Self.boxWidth + Self.sideWidth + 8 }
  private var rows: Int { max(boxes.count, decoder.count) }
  private var bottom: Double { Self.headHeight + Double(rows) * (Self.boxHeight + Self.gap) }

  public var size: FigureSize {
    let columns = decoder.isEmpty ? 1.0 : 2.0
    let words = ([title, subtitle] + footnotes).map { Canvas.width($0) + 2 * Self.margin }
    return FigureSize(
      points: max(2 * Self.margin + columns * columnWidth + (columns - 1) * 26, words.max() ?? 0),
      bottom + 12 * Double(footnotes.count) + Self.margin)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, Self.margin, 18, size: Canvas.titleSize, isBold: true)
    canvas.label(subtitle, Self.margin, 29, fill: canvas.style.muted)
    let left = Self.margin
    draw(boxes, at: left, on: &canvas)
    if !decoder.isEmpty {
      let right = left + columnWidth + 26
      draw(decoder, at: right, on: &canvas)
      cross(from: left, to: right, on: &canvas)
    }
    for (line, note) in footnotes.enumerated() {
      canvas.label(note, Self.margin, bottom + 8 + 12 * Double(line), fill: canvas.style.muted)
    }
  }

  /// The input is at the top, as the text of a table would have it.
  private func top(_ row: Int) -> Double { Self.headHeight + Double(row) * (Self.boxHeight + Self.gap) }

  private func draw(_ boxes: [Box], at x: Double, on canvas: inout Canvas) {
    let rule = Canvas.Stroke(colour: canvas.style.muted, width: 0.8)
    for (row, box) in boxes.enumerated() {
      let y = top(row)
      if row > 0 { arrow([(x + 64, y - Self.gap), (x + 64, y - (box.isStack ? 4 : 0))], on: &canvas) }
      for sheet in box.isStack ? [4.0, 2.0, 0.0] : [0.0] {
        canvas.rectangle(
          x + sheet, y - sheet, Self.boxWidth, Self.boxHeight, fill: box.fill.colour, stroke: rule,
          kind: "part")
      }
      let middle = x + Self.boxWidth / 2
      canvas.label(
        box.title, middle, y + (box.detail.isEmpty ? 20 : 15), anchor: .middle, fill: Self.onBox,
        isBold: true)
      canvas.label(
        Canvas.shortened(box.detail, to: Self.boxWidth - 8), middle, y + 26, anchor: .middle,
        fill: Self.onBox)
      let side = x + Self.boxWidth + 12
      canvas.label(Canvas.shortened(box.taps, to: Self.sideWidth - 6), side, y + 8, isBold: true)
      let words = Self.lines([box.shape, box.time].filter { !$0.isEmpty }.joined(separator: " · "))
      for (line, words) in words.enumerated() {
        canvas.label(words, side, y + 18 + 10 * Double(line), fill: canvas.style.muted)
      }
      canvas.label(box.parameters, side, y + 28, fill: canvas.style.muted)
      if let share = box.share {
        canvas.rectangle(side, y + 31, 100, 2.5, fill: canvas.style.rule)
        canvas.rectangle(
          side, y + 31, max(0.5, 100 * share), 2.5, fill: canvas.style.muted, tip: box.parameters)
      }
    }
  }

  private static let onBox = "#15181c"

  /// Words beside a box, in as many lines as they need; few boxes need more than one.
  private static func lines(_ words: String) -> [String] {
    words.split(separator: " ").reduce(into: [String]()) { lines, word in
      let longer = (lines.last.map { $0 + " " } ?? "") + word
      if let last = lines.indices.last, Canvas.width(longer) <= sideWidth - 6 {
        lines[last] = longer
      } else {
        lines.append(String(word))
      }
    }
  }

  /// From the end of the encoder to the decoder's blocks.
  private func cross(from left: Double, to right: Double, on canvas: inout Canvas) {
    guard let stack = decoder.firstIndex(where: { $0.fill == .block }), !boxes.isEmpty else { return }
    let from = top(boxes.count - 1) + Self.boxHeight
    let (lane, into) = (right - 14, top(stack) + Self.boxHeight / 2)
    arrow(
      [(left + 64, from), (left + 64, from + 8), (lane, from + 8), (lane, into), (right, into)], on: &canvas
    )
    canvas.label("cross-attention", lane - 4, from + 5, anchor: .end, fill: canvas.style.muted)
  }

  private func arrow(_ points: [(Double, Double)], on canvas: inout Canvas) {
    guard points.count > 1, let end = points.last else { return }
    let before = points[points.count - 2]
    canvas.path(points, Canvas.Stroke(colour: canvas.style.muted, width: 1))
    let (dx, dy) = end.0 == before.0 ? (0.0, 1.0) : (1.0, 0.0)
    let tail = (end.0 - 4 * dx, end.1 - 4 * dy)
    canvas.path(
      [(tail.0 - 2.5 * dy, tail.1 - 2.5 * dx), end, (tail.0 + 2.5 * dy, tail.1 + 2.5 * dx)],
      Canvas.Stroke(colour: canvas.style.muted, width: 1))
  }

  /// The drawing as a file of its own that follows the reader's light or dark surroundings; programs that know of
  /// neither show the light one.
  public func adaptiveSVG() -> String {
    let style = FigureStyle.print
    let dark = [
      (style.ink, "#e8eaed"), (style.muted, "#a8b0b9"), (style.rule, "#3a4048"), (style.paper, "#15181c"),
    ]
    let rules = dark.map { light, dark in
      "[fill=\"\(light)\"] { fill: \(dark) } [stroke=\"\(light)\"] { stroke: \(dark) }"
    }
    let sheet = "<style>@media (prefers-color-scheme: dark) { \(rules.joined(separator: " ")) }</style>\n"
    let svg = svg(style)
    guard let end = svg.range(of: "</desc>\n")?.upperBound else { return svg }
    return svg.replacingCharacters(in: end..<end, with: " " + sheet)
  }
}
