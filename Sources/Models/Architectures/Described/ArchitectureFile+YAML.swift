import Audio
import Foundation
import Tensors
import Yams

extension ArchitectureFile {
  /// The file at `path`. Throws `ModelError.architecture` with the line of what cannot be understood.
  init(contentsOf path: String) throws {
    guard let data = try? RegularFile.contents(path), data.count < 1 << 20,
      let text = String(validating: data, as: UTF8.self)
    else {
      throw ModelError.architecture(
        path: path, line: 1, found: "no text that can be read", expected: "UTF-8 of less than a megabyte")
    }
    try self.init(yaml: text, path: path)
  }

  init(yaml text: String, path: String) throws {
    self.path = path
    let reader = ArchitectureReader(path: path)
    let root: Node?
    do { root = try compose(yaml: text) } catch let error as YamlError {
      throw reader.error(nil, "no YAML (\(error))", "a mapping with `input` and `layers`")
    }
    let pairs = try reader.pairs(of: root, "a mapping with `input` and `layers`")
    var hasLayers = false
    for (key, node) in pairs {
      switch key.string {
      case "family": family = try reader.name(node)
      case "input": input = try reader.input(node)
      case "layers":
        layers = try reader.layers(node, depth: 0)
        hasLayers = true
      default: throw reader.error(key, "the key \(key.inWords)", "family, input or layers")
      }
    }
    guard hasLayers else { throw reader.error(root, "no `layers`", "a list of them") }
  }
}

/// Turns YAML's nodes into settings.
struct ArchitectureReader {
  let path: String

  func error(_ node: Node?, _ found: String, _ expected: String) -> ModelError {
    .architecture(path: path, line: node?.mark?.line ?? 1, found: found, expected: expected)
  }

  func pairs(of node: Node?, _ expected: String) throws -> [(key: Node, value: Node)] {
    guard let node, let mapping = node.mapping else {
      throw error(node, node?.inWords ?? "nothing", expected)
    }
    return mapping.map { ($0.key, $0.value) }
  }

  // MARK: Values

  func text(_ node: Node) throws -> String {
    guard case .scalar(let scalar) = node, scalar.string.count <= 500 else {
      throw error(node, node.inWords, "a word")
    }
    return scalar.string
  }

  /// A name that can be a tap point's and a file's.
  func name(_ node: Node) throws -> String {
    let name = try text(node)
    guard !name.isEmpty,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
    else { throw error(node, node.inWords, "a name of letters, digits, dots, dashes and underscores") }
    return name
  }

  func integer(_ node: Node, _ range: ClosedRange<Int>) throws -> Int {
    guard case .scalar(let scalar) = node, let number = Int(scalar.string), range.contains(number) else {
      throw error(node, node.inWords, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// One number for all dimensions, or one for each.
  func integers(_ node: Node, _ range: ClosedRange<Int>) throws -> [Int] {
    guard case .sequence(let list) = node else { return [try integer(node, range)] }
    guard (1...2).contains(list.count) else { throw error(node, "\(list.count) numbers", "one or two") }
    return try list.map { try integer($0, range) }
  }

  func number(_ node: Node, _ range: ClosedRange<Double>) throws -> Double {
    guard case .scalar(let scalar) = node, let number = Double(scalar.string), range.contains(number) else {
      throw error(node, node.inWords, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag(_ node: Node) throws -> Bool {
    guard let flag = node.bool else { throw error(node, node.inWords, "true or false") }
    return flag
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ node: Node, of type: Choice.Type
  ) throws -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: try text(node)) else {
      throw error(node, node.inWords, type.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  // MARK: The input

  private enum Order: String, CaseIterable {
    case timeFrequency = "time-frequency"
    case frequencyTime = "frequency-time"
  }

  private enum KaldiWindow: String, CaseIterable { case povey, hann, hamming }

  func input(_ node: Node) throws -> DescribedInput {
    var input = DescribedInput()
    var rate: Node?
    for (key, value) in try pairs(of: node, "a mapping with `features`") {
      switch key.string {
      case "features": input.features = try choice(value, of: DescribedInput.Features.self)
      case "bands": input.bands = try integer(value, 1...512)
      case "window":
        let window = try choice(value, of: KaldiWindow.self)
        input.window = window == .povey ? .povey : window == .hann ? .hann : .hamming
      case "scale": input.scale = try number(value, 1e-6...1e9)
      case "normalise": input.normalisation = try choice(value, of: DescribedInput.Normalisation.self)
      case "axes": input.isFrequencyFirst = try choice(value, of: Order.self) == .frequencyTime
      case "sampling_rate":
        input.samplingRate = try integer(value, 1...1_000_000)
        rate = value
      default:
        throw error(
          key, "the key \(key.inWords)", "features, bands, window, scale, normalise, axes or sampling_rate")
      }
    }
    if input.features != .waveform, input.samplingRate != 16_000 {
      throw error(
        rate, "a sampling rate of \(input.samplingRate) Hz for \(input.features.rawValue)",
        "16000, which these bands are for")
    }
    if input.features == .waveform, input.normalisation == .bands {
      throw error(node, "bands of a waveform", "none or utterance")
    }
    return input
  }
}

extension Node {
  /// What stands there, for an error.
  var inWords: String {
    switch self {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "“\(scalar.string.prefix(60))”"
    case .sequence: "a list"
    case .mapping: "keys with values"
    case .alias: "an alias"
    }
  }
}
