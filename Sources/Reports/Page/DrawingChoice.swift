import Results

/// Drawings in one place of the page: one, or several that cannot be told apart, of which the reader chooses.
struct DrawingChoice {
  struct Option {
    let id: String
    let name: String
    /// Of the group that it is chosen from.
    let group: String
    let isFirst: Bool
    let drawing: PageContent.Drawing
  }

  let options: [Option]
  let isChoice: Bool
  let note: String

  /// Values that differ by less than this have the same colour to the eye.
  static let visible = 0.02

  /// The figures in their order, heat maps of the same layers that cannot be told apart by their colours together.
  static func all(_ figures: [(figure: any Figure, note: String)]) -> [DrawingChoice] {
    var groups: [[Int]] = []
    for (place, entry) in figures.enumerated() {
      let twin = groups.firstIndex { group in
        group.allSatisfy { difference(figures[$0].figure, entry.figure).map { $0 < visible } ?? false }
      }
      if let twin { groups[twin].append(place) } else { groups.append([place]) }
    }
    return groups.map { DrawingChoice($0.map { figures[$0] }) }
  }

  private init(_ figures: [(figure: any Figure, note: String)]) {
    isChoice = figures.count > 1
    let group = "choice-" + (figures.first?.figure.name ?? "")
    options = figures.enumerated().map { place, entry in
      Option(
        id: "\(group)-\(place + 1)", name: (entry.figure as? Heatmap)?.measure ?? entry.figure.title,
        group: group, isFirst: place == 0, drawing: PageContent.drawing(entry.figure, note: entry.note))
    }
    let apart = figures.compactMap { Self.difference(figures[0].figure, $0.figure) }.max() ?? 0
    note =
      isChoice
      ? "These measures differ by \(NumberText.fixed(apart, 3)) at most here, too little to be seen: one figure, which can show either."
      : ""
  }

  /// The largest between two heat maps of the same layers over the same rows; nil where they are no such two.
  private static func difference(_ a: any Figure, _ b: any Figure) -> Double? {
    guard let a = (a as? Heatmap)?.matrix, let b = (b as? Heatmap)?.matrix, a.rowLayers == b.rowLayers,
      a.columnLayers == b.columnLayers, a.unit == b.unit
    else { return nil }
    var largest = 0.0
    for (x, y) in zip(a.values.joined(), b.values.joined()) {
      guard (x == nil) == (y == nil) else { return nil }
      if let x, let y { largest = max(largest, abs(x - y)) }
    }
    return largest.isFinite ? largest : nil
  }
}

extension PageTemplates {
  static let choice = """
    {{#isChoice}}<div class="choice" role="group" aria-label="{{note}}">
    {{#options}}<input type="radio" name="{{group}}" id="{{id}}"{{#isFirst}} checked="checked"{{/isFirst}}><label for="{{id}}">{{name}}</label>
    {{/options}}<p class="note">{{note}}</p>
    {{#options}}<div class="option">
    {{#drawing}}{{>drawing}}{{/drawing}}</div>
    {{/options}}</div>
    {{/isChoice}}{{^isChoice}}{{#options}}{{#drawing}}{{>drawing}}{{/drawing}}{{/options}}{{/isChoice}}
    """
}
