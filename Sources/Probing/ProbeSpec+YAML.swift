import Activations
import Corpora
import Foundation
import Foundations
import Results
import Tensors
import Yams

extension ProbeSpec {
  /// Reads a definition. `path` is for messages.
  ///
  /// Throws `ProbeSpecError.badDefinition` with the file, the line, what was found and what is known.
  public init(yaml: String, path: String) throws(ProbeSpecError) {
    let reader = DefinitionReader(path: path)
    let pairs = try reader.pairs(of: yaml)
    // First, since a key that seems to be missing may only be misspelt.
    if let stranger = pairs.first(where: { !ProbeSpec.keys.contains($0.key) }) {
      throw reader.unknown(stranger.key, line: stranger.line)
    }
    func value(_ key: String) -> Node? { pairs.first { $0.key == key }?.value }
    guard let name = value("name") else { throw reader.missing("name") }
    guard let level = value("level") else { throw reader.missing("level") }
    self.init(
      name: try reader.text(name, "name"), level: try reader.choice(level, "level"),
      target: try value("target").map { (node) throws(ProbeSpecError) in try reader.choice(node, "target") }
        ?? .identity)
    for (key, _, node) in pairs {
      switch key {
      case "description": description = try reader.text(node, key)
      case "kind": kind = try reader.choice(node, key)
      case "pool": pool = try reader.choice(node, key)
      case "penalties": penalties = try reader.penalties(node, key)
      case "search": search = try reader.choice(node, key)
      case "trials": trials = try reader.count(node, key, 2...1000)
      case "min_count": minimumCount = try reader.limit(node, key, 2...1_000_000_000)
      case "max_classes": maximumClasses = try reader.limit(node, key, 2...1_000_000)
      case "metric": metric = try reader.choice(node, key)
      case "control": control = try reader.flag(node, key)
      case "default": isDefault = try reader.flag(node, key)
      case "input": input = try reader.choice(node, key)
      case "split": division = try reader.choice(node, key)
      case "class_weights":
        isBalanced = try reader.choice(node, key, of: ClassWeights.self) == .balanced
      case "lexicon":
        // Beside the definition, unless the path is a whole one.
        let folder = (path as NSString).deletingLastPathComponent
        let file = try reader.text(node, key)
        lexicon =
          file.hasPrefix("/") || folder.isEmpty ? file : (folder as NSString).appendingPathComponent(file)
      default: break
      }
    }
    try reader.requireConsistent(self, line: pairs.first { $0.key == "target" }?.line ?? 1)
  }

  private enum ClassWeights: String, CaseIterable { case none, balanced }

  static let keys = [
    "name", "description", "level", "target", "kind", "pool", "penalties", "search", "trials", "min_count",
    "max_classes",
    "metric", "control", "default", "input", "split", "class_weights", "lexicon",
  ]

  /// The definitions that come with the package: phoneme, syllable and word, and those that are run by name.
  public static let bundled: [ProbeSpec] = bundledTexts.map { name, text in
    do {
      return try ProbeSpec(yaml: text, path: "probes/\(name).yaml")
    } catch {
      preconditionFailure("a bundled definition cannot be read: \(error)")
    }
  }

  /// The definitions in a folder's files `*.yaml`, in the order of the files' names.
  ///
  /// Throws where the folder is missing, a file cannot be understood, or two have the same name.
  public static func load(folder: String) throws(ProbeSpecError) -> [ProbeSpec] {
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw .noSuchFolder(folder)
    }
    var specs: [ProbeSpec] = []
    for file in files.sorted() where file.hasSuffix(".yaml") || file.hasSuffix(".yml") {
      let spec = try ProbeSpec(contentsOf: folder + "/" + file)
      guard !specs.contains(where: { $0.name == spec.name }) else {
        throw .badDefinition(
          place: folder + "/" + file,
          problem: "another file of the folder has the name “\(spec.name)” already; give this one its own")
      }
      specs.append(spec)
    }
    return specs
  }

  /// The bundled definitions and those of each folder that there is; a later one takes the place of an
  /// earlier one of the same name.
  public static func all(in folders: [String]) throws(ProbeSpecError) -> [ProbeSpec] {
    var specs = bundled
    for folder in folders where FileManager.default.fileExists(atPath: folder) {
      for spec in try load(folder: folder) {
        if let index = specs.firstIndex(where: { $0.name == spec.name }) {
          specs[index] = spec
        } else {
          specs.append(spec)
        }
      }
    }
    return specs
  }

  /// Reads one file.
  public init(contentsOf path: String) throws(ProbeSpecError) {
    let data: [UInt8]
    do throws(RegularFile.Obstacle) { data = try RegularFile.contents(path) } catch {
      throw .badDefinition(place: path, problem: "it cannot be read: \(error)")
    }
    guard data.count <= 1 << 20, let text = String(validating: data, as: UTF8.self) else {
      throw .badDefinition(
        place: path,
        problem: "a probe's definition is a short text in UTF-8, and this is \(data.count) other bytes")
    }
    try self.init(yaml: text, path: path)
  }

  /// The definition of that name, or an error that lists the names.
  public static func named(_ name: String, among specs: [ProbeSpec]) throws(ProbeSpecError) -> ProbeSpec {
    guard let spec = specs.first(where: { $0.name == name }) else {
      let names = specs.map(\.name)
      throw .noSuchProbe(name, available: names, nearest: Nearest.nearest(to: name, among: names))
    }
    return spec
  }
}

/// Takes values out of a definition's YAML, or says what was found instead, and where.
private struct DefinitionReader {
  let path: String

  func pairs(of yaml: String) throws(ProbeSpecError) -> [(key: String, line: Int, value: Node)] {
    let root: Node?
    do {
      root = try compose(yaml: yaml)
    } catch let error as YamlError {
      throw syntax(error)
    } catch {
      throw .badDefinition(place: path, problem: "is not YAML: \(error)")
    }
    guard let mapping = root?.mapping else {
      throw .badDefinition(
        place: path, problem: "expected keys with values, such as “level: phoneme”; known keys are \(known)"
      )
    }
    var pairs: [(key: String, line: Int, value: Node)] = []
    for (key, value) in mapping {
      guard let text = key.scalar?.string else { throw wrong(key, "a key", "a word") }
      pairs.append((text, key.mark?.line ?? 1, value))
    }
    return pairs
  }

  private var known: String { ProbeSpec.keys.joined(separator: ", ") }

  private func syntax(_ error: YamlError) -> ProbeSpecError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      .badDefinition(place: "\(path):\(mark.line)", problem: "is not YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      .badDefinition(
        place: "\(path):\(context.mark.line)",
        problem: "has the key \(duplicates.joined(separator: ", ")) twice")
    default: .badDefinition(place: path, problem: "is not YAML: \(error)")
    }
  }

  func text(_ node: Node, _ key: String) throws(ProbeSpecError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty else { throw wrong(node, key, "a text") }
    return text
  }

  /// What no probe can be: a manner of sentences, an accuracy of a regression.
  func requireConsistent(_ spec: ProbeSpec, line: Int) throws(ProbeSpecError) {
    let target = spec.target
    func refuse(_ problem: String) -> ProbeSpecError {
      .badDefinition(place: "\(path):\(line)", problem: "target \(target.rawValue): " + problem)
    }
    guard target.levels.contains(spec.level) else {
      let levels = target.levels.map(\.rawValue).joined(separator: ", ")
      throw refuse("expected the level \(levels), found \(spec.level.rawValue)")
    }
    guard target.metrics().contains(spec.metric) else {
      let metrics = target.metrics().map(\.rawValue).joined(separator: ", ")
      throw refuse("its metric can be \(metrics), found \(spec.metric.rawValue)")
    }
    // A text's own words have parts of speech.
    let isTagged = target == .partOfSpeech && spec.input == .text
    guard !target.needsLexicon || spec.lexicon != nil || isTagged else {
      throw refuse("needs “lexicon: FILE.tsv”, a table with the columns word, pos, frequency")
    }
    guard !spec.isBalanced || spec.kind == .softmax else {
      throw refuse("class_weights need the kind softmax, found \(spec.kind.rawValue)")
    }
  }

  func choice<Value: RawRepresentable & CaseIterable>(
    _ node: Node, _ key: String, of type: Value.Type = Value.self
  ) throws(ProbeSpecError) -> Value where Value.RawValue == String {
    let names = Value.allCases.map(\.rawValue)
    guard let text = node.scalar?.string, let value = Value(rawValue: text) else {
      let nearest = node.scalar.flatMap { Nearest.nearest(to: $0.string, among: names) }
      throw wrong(
        node, key,
        "one of \(names.joined(separator: ", "))" + (nearest.map { " (did you mean “\($0)”?)" } ?? ""))
    }
    return value
  }

  func flag(_ node: Node, _ key: String) throws(ProbeSpecError) -> Bool {
    guard let flag = node.bool else { throw wrong(node, key, "true or false") }
    return flag
  }

  func count(_ node: Node, _ key: String, _ range: ClosedRange<Int>) throws(ProbeSpecError) -> Int {
    guard let count = node.int, range.contains(count) else {
      throw wrong(node, key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return count
  }

  /// Nil for one that adapts.
  func limit(_ node: Node, _ key: String, _ range: ClosedRange<Int>) throws(ProbeSpecError) -> Int? {
    if node.scalar?.string == "auto" { return nil }
    guard let count = node.int, range.contains(count) else {
      throw wrong(node, key, "auto or a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return count
  }

  func penalties(_ node: Node, _ key: String) throws(ProbeSpecError) -> [Double] {
    let expected = "a list of numbers from 1e-12 to 1e12, such as [1000, 100, 10, 1]"
    guard let sequence = node.sequence, !sequence.isEmpty else { throw wrong(node, key, expected) }
    var penalties: [Double] = []
    for item in sequence {
      guard let penalty = item.float, (1e-12...1e12).contains(penalty) else {
        throw wrong(item, key, expected)
      }
      penalties.append(penalty)
    }
    return Array(Set(penalties)).sorted(by: >)
  }

  func missing(_ key: String) -> ProbeSpecError {
    .badDefinition(place: path, problem: "has no “\(key)”, which every probe needs")
  }

  func unknown(_ key: String, line: Int) -> ProbeSpecError {
    .badDefinition(
      place: "\(path):\(line)",
      problem: "“\(key)” is no key of a probe; \(Nearest.hint(for: key, among: ProbeSpec.keys))")
  }

  func wrong(_ node: Node, _ key: String, _ expected: String) -> ProbeSpecError {
    let line = node.mark.map { ":\($0.line)" } ?? ""
    return .badDefinition(
      place: path + line, problem: "\(key): expected \(expected), found \(node.inWords)")
  }
}
