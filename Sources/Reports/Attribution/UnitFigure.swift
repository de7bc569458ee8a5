import Results

/// The largest values of a unit over a corpus: a bar each, with what is said there.
public struct UnitFigure: Figure {
  /// One of the largest values.
  public struct Maximum: Sendable {
    /// The utterance's name in the corpus.
    public var utterance: String
    /// The middle of the frame, in seconds.
    public var seconds: Double
    /// The unit's activation.
    public var value: Double
    /// What is said there; empty where nothing is labelled.
    public var phone, word: String

    public init(utterance: String, seconds: Double, value: Double, phone: String, word: String) {
      (self.utterance, self.seconds, self.value) = (utterance, seconds, value)
      (self.phone, self.word) = (phone, word)
    }
  }

  public let name = "unit"
  public let title: String
  private let maxima: [Maximum]

  private static let (left, bar, row, top) = (130.0, 110.0, 12.0, 24.0)

  /// A bar for each value, the largest first.
  public init(_ maxima: [Maximum], title: String) {
    self.maxima = maxima
    self.title = title
  }

  public var summary: String {
    let phones = Dictionary(grouping: maxima.filter { !$0.phone.isEmpty }, by: \.phone)
      .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    return "Phones at its largest values: "
      + phones.map { "\($0.key) \($0.value.count)" }.joined(separator: ", ") + "."
  }

  public var data: DataTable {
    DataTable(
      columns: ["utterance", "seconds", "value", "phone", "word"],
      headings: ["Recording", "s", "Value", "Phone", "Word"],
      rows: maxima.map {
        [
          .text($0.utterance), .plain($0.seconds, digits: 2), .plain($0.value, digits: 3), .text($0.phone),
          .text($0.word),
        ]
      })
  }

  public var size: FigureSize {
    FigureSize(points: Self.left + Self.bar + 110, Self.top + Double(maxima.count) * Self.row + 6)
  }

  public func draw(on canvas: inout Canvas) {
    canvas.label(title, 4, 10, size: Canvas.titleSize, isBold: true)
    let most = max(maxima.map { abs($0.value) }.max() ?? 1, 1e-30)
    for (number, maximum) in maxima.enumerated() {
      let y = Self.top + Double(number) * Self.row
      let place = "\(maximum.utterance) \(NumberText.fixed(maximum.seconds, 2)) s"
      canvas.label(
        Canvas.shortened(place, to: Self.left - 8), Self.left - 5, y + 8, anchor: .end,
        fill: canvas.style.muted)
      let length = Self.bar * abs(maximum.value) / most
      canvas.rectangle(
        Self.left, y + 1, length, Self.row - 4, fill: Colours.hex(AttributionFigure.supporting))
      let words = [maximum.phone, maximum.word].filter { !$0.isEmpty }.joined(separator: " in ")
      canvas.label(
        "\(NumberText.fixed(maximum.value, 2))  \(words)", Self.left + length + 4, y + 8)
    }
  }
}
