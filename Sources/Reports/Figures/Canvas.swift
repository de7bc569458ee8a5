import Foundation

/// Writes SVG, one element a line. Every text that is not ours passes through `Markup.escape` here.
public struct Canvas {
  /// The size of labels, points.
  static let textSize = 7.0
  static let titleSize = 8.5

  let style: FigureStyle
  private(set) var text = ""
  private var depth = 0

  enum Anchor: String { case start, middle, end }

  struct Stroke {
    var colour: String
    var width = 0.75
    var dashes: String?
  }

  init(style: FigureStyle) {
    self.style = style
  }

  // MARK: Elements

  mutating func open(_ name: String, _ attributes: [(String, String)] = []) {
    line("<\(name)\(Self.spelt(attributes))>")
    depth += 1
  }

  mutating func close(_ name: String) {
    depth -= 1
    line("</\(name)>")
  }

  mutating func words(_ name: String, id: String, _ words: String) {
    line("<\(name) id=\"\(id)\">\(Markup.escape(words))</\(name)>")
  }

  private mutating func element(_ name: String, _ attributes: [(String, String)], tip: String? = nil) {
    let start = "<\(name)\(Self.spelt(attributes))"
    line(tip.map { "\(start)><title>\(Markup.escape($0))</title></\(name)>" } ?? start + "/>")
  }

  private mutating func line(_ content: String) {
    text += String(repeating: " ", count: depth) + content + "\n"
  }

  private static func spelt(_ attributes: [(String, String)]) -> String {
    attributes.map { " \($0.0)=\"\(Markup.escape($0.1))\"" }.joined()
  }

  // MARK: Shapes

  mutating func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ stroke: Stroke) {
    let ends = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)].map { ($0.0, NumberText.coordinate($0.1)) }
    element("line", ends + Self.attributes(stroke))
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, stroke: Stroke? = nil,
    kind: String? = nil, tip: String? = nil
  ) {
    let box = [("x", x), ("y", y), ("width", width), ("height", height)]
      .map { ($0.0, NumberText.coordinate($0.1)) }
    let outline = stroke.map(Self.attributes) ?? []
    element("rect", Self.kind(kind) + box + [("fill", fill)] + outline, tip: tip)
  }

  /// A line through the points.
  mutating func path(_ points: [(Double, Double)], _ stroke: Stroke) {
    let route = Self.route(points)
    element(
      "path", [("d", route), ("fill", "none"), ("stroke-linejoin", "round")] + Self.attributes(stroke))
  }

  mutating func area(_ points: [(Double, Double)], fill: String, opacity: Double) {
    element(
      "path",
      [("d", Self.route(points) + "Z"), ("fill", fill), ("fill-opacity", NumberText.coordinate(opacity))])
  }

  mutating func circle(_ x: Double, _ y: Double, radius: Double, fill: String, stroke: Stroke) {
    let place = [("cx", x), ("cy", y), ("r", radius)].map { ($0.0, NumberText.coordinate($0.1)) }
    element("circle", place + [("fill", fill)] + Self.attributes(stroke))
  }

  /// A star of five points, drawn: few text fonts have the sign.
  mutating func star(_ x: Double, _ y: Double, fill: String) {
    let points = (0..<10).map { step -> (Double, Double) in
      let angle = Double(step) * .pi / 5
      let radius = step.isMultiple(of: 2) ? 3.1 : 1.3
      return (x + radius * sin(angle), y - radius * cos(angle))
    }
    area(points, fill: fill, opacity: 1)
  }

  /// A picture stretched over a rectangle, its pixels sharp.
  mutating func image(_ url: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double) {
    let box = [("x", x), ("y", y), ("width", width), ("height", height)]
      .map { ($0.0, NumberText.coordinate($0.1)) }
    element("image", box + [("preserveAspectRatio", "none"), ("href", url)])
  }

  /// `y` is the base line; an upright label runs upwards from its point.
  mutating func label(
    _ words: String, _ x: Double, _ y: Double, anchor: Anchor = .start, fill: String? = nil,
    size: Double? = nil, isBold: Bool = false, kind: String? = nil, isUpright: Bool = false
  ) {
    var attributes = Self.kind(kind) + [("x", NumberText.coordinate(x)), ("y", NumberText.coordinate(y))]
    if anchor != .start { attributes.append(("text-anchor", anchor.rawValue)) }
    attributes.append(("fill", fill ?? style.ink))
    if let size { attributes.append(("font-size", NumberText.coordinate(size))) }
    if isBold { attributes.append(("font-weight", "700")) }
    if isUpright {
      attributes.append(
        ("transform", "rotate(-90 \(NumberText.coordinate(x)) \(NumberText.coordinate(y)))"))
    }
    line("<text\(Self.spelt(attributes))>\(Markup.escape(words))</text>")
  }

  private static func kind(_ kind: String?) -> [(String, String)] { kind.map { [("class", $0)] } ?? [] }

  private static func attributes(_ stroke: Stroke) -> [(String, String)] {
    [("stroke", stroke.colour), ("stroke-width", NumberText.coordinate(stroke.width))]
      + (stroke.dashes.map { [("stroke-dasharray", $0)] } ?? [])
  }

  private static func route(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { index, point in
      (index == 0 ? "M" : "L") + NumberText.coordinate(point.0) + " " + NumberText.coordinate(point.1)
    }.joined()
  }
}

extension Canvas {
  /// About how wide the text is, in points, in Helvetica or Arial: enough to keep labels apart.
  static func width(_ text: String, size: Double = textSize, isBold: Bool = false) -> Double {
    let units = text.unicodeScalars.reduce(0.0) { sum, scalar in
      switch scalar {
      case "i", "j", "l", "'", "|": sum + 0.22
      case "f", "t", "r", "I", " ", ".", ",", ":", ";", "-", "[", "]", "(", ")", "·": sum + 0.31
      case "m", "w", "M", "W", "%", "★", "○", "@": sum + 0.83
      case _ where scalar.properties.isUppercase: sum + 0.7
      case _ where scalar.value >= 0x1100: sum + 1
      default: sum + 0.556
      }
    }
    return units * size * (isBold ? 1.07 : 1)
  }

  /// A layer's name as a label: long ones end in an ellipsis.
  static func name(_ layer: String) -> String { shortened(layer, to: 80) }

  /// The text in as many lines as it needs, broken between words; a word that is wider by itself is cut.
  static func wrapped(_ text: String, to limit: Double, size: Double = textSize, isBold: Bool = false)
    -> [String]
  {
    var lines: [String] = []
    for word in text.split(separator: " ").map(String.init) {
      let longer = lines.last.map { $0 + " " + word } ?? word
      if lines.isEmpty || width(longer, size: size, isBold: isBold) > limit {
        lines.append(shortened(word, to: limit, size: size, isBold: isBold))
      } else {
        lines[lines.count - 1] = longer
      }
    }
    return lines
  }

  /// The text, cut with an ellipsis where it would be wider.
  static func shortened(_ text: String, to limit: Double, size: Double = textSize, isBold: Bool = false)
    -> String
  {
    guard width(text, size: size, isBold: isBold) > limit else { return text }
    var kept = text
    while !kept.isEmpty, width(kept + "…", size: size, isBold: isBold) > limit { kept.removeLast() }
    return kept + "…"
  }
}

/// Text made safe inside HTML and XML.
enum Markup {
  /// Looks at scalars, not at characters: a combining mark after a quotation mark makes one character of
  /// the two, and must not carry the mark through. Characters that XML forbids become U+FFFD.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
