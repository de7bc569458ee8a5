import Results

/// What each token of a decoder's text listens to, over time: a panel a block, a row a token, and the labelled tiers
/// beneath.
public struct CrossAttentionFigure: Figure {
  public let name = "cross-attention"
  private let listening: AttributionResult.CrossAttentionAlignment
  private let blocks: [(layer: String, weights: AttributionResult.Picture)]
  private let pictures: [String]
  private let time: TimeAxis
  private let rowHeight: Double

  private static let (top, gap, mostBlocks) = (40.0, 12.0, 12)
  private static let (tallest, smallText) = (240.0, 6.0)

  /// Nil without a text. Throws where a picture cannot be made (`ReportError.conversionFailed`).
  public init?(_ result: AttributionResult) throws {
    guard let listening = result.listening, !listening.blocks.isEmpty, listening.tokens.count > 1 else {
      return nil
    }
    self.listening = listening
    // Of many blocks evenly chosen ones, the last among them.
    let (count, all) = (min(listening.blocks.count, Self.mostBlocks), listening.blocks)
    blocks = (1...count).map { all[$0 * all.count / count - 1] }
    pictures = try blocks.map { try Self.picture(of: $0.weights, over: result.seconds).dataURL() }
    rowHeight = min(8.5, Self.tallest / Double(listening.tokens.count - 1))
    let words =
      blocks.map { Canvas.width($0.layer, isBold: true) }
      + listening.tokens.map { Canvas.width($0, size: Self.smallText) }
    time = TimeAxis(result, left: min(150, words.max() ?? 0) + 12)
  }

  public var title: String { "What each token of the text listens to" }

  public var summary: String {
    guard let last = blocks.last else { return "" }
    return peaks(last.weights).map { "“\($0.token)” at \(NumberText.fixed($0.seconds, 2)) s" }
      .joined(separator: "; ") + " (\(last.layer))."
  }

  public var data: DataTable {
    DataTable(
      columns: ["layer", "token", "largest_s", "share"],
      headings: ["Layer", "Token", "Largest at, s", "Share there"],
      rows: listening.blocks.flatMap { block in
        peaks(block.weights).map {
          [
            .text(block.layer), .text($0.token), .plain($0.seconds, digits: 3), .plain($0.share, digits: 3),
          ]
        }
      })
  }

  /// Of each token that the text's rows foretell, where its row is largest.
  private func peaks(
    _ weights: AttributionResult.Picture
  ) -> [(token: String, seconds: Double, share: Double)] {
    zip(listening.tokens.dropFirst(), 0..<weights.frames).compactMap { token, row in
      guard let best = (0..<weights.bands).max(by: { weights[row, $0] < weights[row, $1] }) else {
        return nil
      }
      return (token, weights.start + Double(best) * weights.step, Double(weights[row, best]))
    }
  }

  private var panelHeight: Double { rowHeight * Double(listening.tokens.count - 1) + 11 + Self.gap }

  private var tiersTop: Double { Self.top + Double(blocks.count) * panelHeight }

  public var size: FigureSize {
    FigureSize(points: time.left + time.width + 10, tiersTop + time.height)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 11, size: Canvas.titleSize, isBold: true)
    canvas.label(
      "a row a token, as the one before it foretells it; darker: more of its attention, the mean over heads",
      4,
      21, fill: canvas.style.muted)
    for (index, block) in blocks.enumerated() {
      panel(block.layer, pictures[index], Self.top + Double(index) * panelHeight, on: &canvas)
    }
    time.draw(from: Self.top, below: tiersTop, on: &canvas)
  }

  private func panel(_ layer: String, _ picture: String, _ y: Double, on canvas: inout Canvas) {
    canvas.label(layer, 4, y + 6, isBold: true)
    let (first, rows) = (y + 11, listening.tokens.count - 1)
    canvas.image(picture, time.left, first, time.width, rowHeight * Double(rows))
    canvas.rectangle(
      time.left, first, time.width, rowHeight * Double(rows), fill: "none",
      stroke: .init(colour: canvas.style.rule, width: 0.5))
    for (row, token) in listening.tokens.dropFirst().enumerated() {
      let (isTarget, place) = (row + 1 == listening.target, first + Double(row) * rowHeight)
      if isTarget {
        canvas.rectangle(
          time.left, place, time.width, rowHeight, fill: "none",
          stroke: .init(colour: canvas.style.ink, width: 0.8))
      }
      // Rows too low for words name the target only.
      guard isTarget || rowHeight >= Self.smallText else { continue }
      canvas.label(
        Canvas.shortened(token, to: time.left - 8, size: Self.smallText, isBold: isTarget), time.left - 4,
        place + rowHeight / 2 + 2, anchor: .end, fill: isTarget ? nil : canvas.style.muted,
        size: Self.smallText, isBold: isTarget)
    }
  }

  /// A row of pixels for several a token, so that rows stay sharp, over the whole recording; each row's largest is dark.
  private static func picture(
    of weights: AttributionResult.Picture, over seconds: Double
  ) -> PixelMap {
    let (rows, tall) = (weights.frames - 1, 8)
    let columns = min(4000, max(400, weights.bands * 2))
    let largest = (0..<rows).map { row in (0..<weights.bands).map { weights[row, $0] }.max() ?? 0 }
    return PixelMap(width: columns, height: rows * tall) { x, y in
      let time = (Double(x) + 0.5) / Double(columns) * seconds
      let frame = Int(((time - weights.start) / max(weights.step, 1e-6)).rounded())
      let weight = weights[y / tall, min(max(frame, 0), weights.bands - 1)]
      let strength = largest[y / tall] > 0 ? Double(max(0, weight) / largest[y / tall]).squareRoot() : 0
      return Colours.mixed(AttributionFigure.supporting, strength)
    }
  }
}
