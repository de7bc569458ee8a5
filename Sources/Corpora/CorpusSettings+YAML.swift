import Foundations
import Yams

extension CorpusSettings {
  /// Reads the text of a `corpus.yaml`.
  ///
  /// Throws `CorpusError.unknownKey` and `.badSetting` with the line.
  init(yaml text: LabelText) throws(CorpusError) {
    let reader = SettingsReader(path: text.path)
    for (key, value) in try reader.pairs(try reader.root(text), "the file") {
      switch key.text {
      case "name": name = try reader.string(value, key.text)
      case "audio": audio = try reader.string(value, key.text)
      case "labels":
        let isList = value.sequence != nil
        labels = isList ? try reader.strings(value, key.text) : [try reader.string(value, key.text)]
      case "table": table = try reader.string(value, key.text)
      case "format": format = try reader.choice(value, key.text, LabelFormat.self)
      case "phone_set": phoneSet = try reader.choice(value, key.text, PhoneSet.self)
      case "stress": keepsStress = try reader.choice(value, key.text, Stress.self) == .keep
      case "tone": keepsTone = try reader.choice(value, key.text, Stress.self) == .keep
      case "language": language = try reader.choice(value, key.text, SpokenLanguage.self)
      case "units": units = try reader.units(value, key.text)
      case "onsets": onsets = try reader.strings(value, key.text)
      case "silence": silence = Set(try reader.strings(value, key.text).map(SilenceLabels.key)).union([""])
      case "tiers":
        tiers = [:]
        for (tier, level) in try reader.pairs(value, key.text) {
          tiers?[tier.text] = try reader.choice(level, "tiers: \(tier.text)", Level.self)
        }
      case "speaker":
        speaker = try reader.source(value, key.text, words: ["folder": .folder])
      case "channel": channel = try reader.channel(value, key.text)
      case "shift": shift = try reader.shift(value, key.text)
      case "sentence":
        sentence = try reader.source(value, key.text, words: ["tier": .tier, "words": .words])
      default:
        throw .unknownKey(path: text.path, line: key.line, key: key.text, known: Self.keys)
      }
    }
  }

  private enum Stress: String, CaseIterable { case strip, keep }
}

/// Takes values of one kind out of YAML nodes, or says what was found instead.
private struct SettingsReader {
  let path: String

  struct Key {
    let text: String
    let line: Int
  }

  func root(_ text: LabelText) throws(CorpusError) -> Node {
    do {
      return try compose(yaml: String(decoding: text.bytes, as: UTF8.self)) ?? Node([(Node, Node)]())
    } catch let error as YamlError {
      let (line, problem) = Self.words(error)
      throw .badSetting(path: path, line: line, key: "the file", expected: "YAML", found: problem)
    } catch {
      throw .badSetting(path: path, line: nil, key: "the file", expected: "YAML", found: "\(error)")
    }
  }

  private static func words(_ error: YamlError) -> (line: Int?, problem: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      (mark.line, problem)
    case .reader(let problem, _, _, _): (nil, problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      (context.mark.line, "the key \(duplicates.joined(separator: ", ")) twice")
    default: (nil, "\(error)")
    }
  }

  func pairs(_ node: Node, _ key: String) throws(CorpusError) -> [(Key, Node)] {
    guard let mapping = node.mapping else { throw wrong(node, key, "keys with values") }
    var pairs: [(Key, Node)] = []
    for (key, value) in mapping {
      guard let text = key.scalar?.string else { throw wrong(key, "a key", "a word") }
      pairs.append((Key(text: text, line: key.mark?.line ?? 1), value))
    }
    return pairs
  }

  func string(_ node: Node, _ key: String) throws(CorpusError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty else { throw wrong(node, key, "a text") }
    return text
  }

  func strings(_ node: Node, _ key: String) throws(CorpusError) -> [String] {
    guard let sequence = node.sequence else { throw wrong(node, key, "a list of words") }
    var strings: [String] = []
    for item in sequence {
      guard let text = item.scalar?.string else { throw wrong(item, key, "a list of words") }
      strings.append(text)
    }
    return strings
  }

  func choice<Value: RawRepresentable & CaseIterable>(
    _ node: Node, _ key: String, _ type: Value.Type
  ) throws(CorpusError) -> Value where Value.RawValue == String {
    guard let text = node.scalar?.string, let value = Value(rawValue: text) else {
      throw wrong(node, key, oneOf(Value.allCases.map(\.rawValue)))
    }
    return value
  }

  func source(
    _ node: Node, _ key: String, words: [String: CorpusSettings.Source]
  ) throws(CorpusError) -> CorpusSettings.Source {
    let kinds = ["pattern", "column", "constant"] + (key == "speaker" ? ["level", "table"] : [])
    let expected = oneOf(words.keys.sorted() + kinds.map { "{\($0): …}" })
    if let word = node.scalar?.string {
      guard let source = words[word] else { throw wrong(node, key, expected) }
      return source
    }
    let found = try pairs(node, key)
    guard let (kind, value) = found.first, found.count == 1 else { throw wrong(node, key, expected) }
    let text = try string(value, "\(key): \(kind.text)")
    switch kind.text {
    case "column": return .column(text)
    case "constant": return .constant(text)
    case "pattern":
      do throws(NamePattern.Fault) {
        _ = try NamePattern(text)
      } catch {
        throw .badSetting(
          path: path, line: value.mark?.line, key: "\(key): pattern",
          expected: "a regular expression (\(error.reason))", found: value.inWords)
      }
      return .pattern(text)
    case "table" where kinds.contains("table"): return .table(text)
    case "level" where kinds.contains("level"):
      guard let level = Int(text), (1...FolderWalk.depthLimit).contains(abs(level)) else {
        throw wrong(value, "\(key): level", "a number of folders from the top (1) or from the file (-1)")
      }
      return .level(level)
    default:
      throw .unknownKey(path: path, line: kind.line, key: kind.text, known: kinds)
    }
  }

  func units(_ node: Node, _ key: String) throws(CorpusError) -> TimeUnits.Unit {
    let expected = oneOf(TimeUnits.Unit.names.map(\.name) + ["{samples: 16000}"])
    if let word = node.scalar?.string {
      guard let unit = TimeUnits.Unit.names.first(where: { $0.name == word })?.unit else {
        throw wrong(node, key, expected)
      }
      return unit
    }
    guard node.mapping != nil, let (kind, value) = try pairs(node, key).first, kind.text == "samples",
      let text = value.scalar?.string, let rate = Numeral.parse(Array(text.utf8)[...]),
      (1...1e7).contains(rate)
    else { throw wrong(node, key, expected) }
    return .samples(rate)
  }

  func channel(_ node: Node, _ key: String) throws(CorpusError) -> ChannelChoice {
    let expected = "left, right, mix, a number from 1, or {speaker: left}"
    if let word = node.scalar?.string {
      if word == "mix" { return .mix }
      guard let number = ChannelChoice.number(word) else { throw wrong(node, key, expected) }
      return .one(number)
    }
    guard node.mapping != nil else { throw wrong(node, key, expected) }
    var numbers: [String: Int] = [:]
    for (speaker, value) in try pairs(node, key) {
      guard let number = value.scalar.flatMap({ ChannelChoice.number($0.string) }) else {
        throw wrong(value, "\(key): \(speaker.text)", "left, right or a number from 1")
      }
      numbers[speaker.text] = number
    }
    return .ofSpeaker(numbers)
  }

  func shift(_ node: Node, _ key: String) throws(CorpusError) -> LabelShift {
    guard node.mapping != nil else { return .all(try seconds(node, key)) }
    var shifts: [String: Double] = [:]
    for (speaker, value) in try pairs(node, key) {
      shifts[speaker.text] = try seconds(value, "\(key): \(speaker.text)")
    }
    return .ofSpeaker(shifts)
  }

  private func seconds(_ node: Node, _ key: String) throws(CorpusError) -> Double {
    guard let text = node.scalar?.string, let value = Numeral.parse(Array(text.utf8)[...]),
      abs(value) <= LabelShift.limit
    else { throw wrong(node, key, "seconds, such as -0.066, or {speaker: -0.066}") }
    return value
  }

  private func oneOf(_ words: [String]) -> String { "one of " + words.joined(separator: ", ") }

  private func wrong(_ node: Node, _ key: String, _ expected: String) -> CorpusError {
    return .badSetting(path: path, line: node.mark?.line, key: key, expected: expected, found: node.inWords)
  }
}
