/// The names of a head's classes, by which labels are found among them.
struct HeadClassNames: Sendable {
  let names: [String]
  /// Blank, and the classes that stand for silence.
  let isFiller: [Bool]
  /// Whether one of them is CTC's blank.
  let hasBlank: Bool
  private let numbers: [String: Int]
  private let tellsCase: Bool

  private static let blanks: Set<String> = [
    "<pad>", "<blank>", "<blk>", "[pad]", "blank", "<ctc>", "<eps>",
  ]
  private static let silences: Set<String> = ["sil", "sp", "spn", "<s>", "</s>", "<unk>", "[unk]", "<sil>"]

  /// Of a head with `width` classes: those beyond the names, as tokens that were added to a vocabulary are, count as fillers.
  init(_ classes: [String], width: Int? = nil) {
    let lower = classes.map { $0.lowercased() }
    let isFiller = lower.map { Self.blanks.contains($0) || Self.silences.contains($0) }
    // X-SAMPA's s and S are two phones: case is looked past only where it tells no classes apart.
    let spoken = classes.indices.filter { !isFiller[$0] }
    let tellsCase = Set(spoken.map { lower[$0] }).count < Set(spoken.map { classes[$0] }).count
    var numbers: [String: Int] = [:]
    for number in spoken { numbers[tellsCase ? classes[number] : lower[number]] = number }
    names = classes
    let unnamed = max(0, (width ?? 0) - classes.count)
    hasBlank = lower.contains(where: Self.blanks.contains)
    self.isFiller = isFiller + [Bool](repeating: true, count: unnamed)
    (self.tellsCase, self.numbers) = (tellsCase, numbers)
  }

  /// The form in which names are compared.
  func key(_ label: String) -> String { tellsCase ? label : label.lowercased() }

  /// The class of a label, fillers left out; nil for none.
  subscript(label: String) -> Int? { numbers[key(label)] }
}
