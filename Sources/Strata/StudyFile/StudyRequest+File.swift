import Activations
import Checkpoints
import Foundation
import Models
import Probing

extension StudyRequest {
  /// Options of a study file that say how results are written and shown, not what the study is.
  private static let besides: Set<String> = [
    "output", "png", "pdf", "tensorboard", "dry-run", "force", "quiet", "verbose", "json", "threads",
    "store",
    "training",
  ]
  /// Those that do.
  private static let known = [
    "model", "corpus", "demo", "shift", "levels", "layers", "probes", "search", "seed", "twins",
    "dimensions", "errors",
    "maps", "config", "architecture", "model-type", "heads", "normalise", "epsilon", "norm", "adapter",
    "no-adapter",
    "adapter-language", "prefix", "map", "ignoring", "window", "language", "hop", "first-centre",
    "unusual-timing",
  ]

  /// Every option that a study file may have, but that for a part of a study.
  package static var options: Set<String> { besides.union(known) }

  /// The study that a file describes.
  /// - Throws: `StudyFileError` for an option that a study does not have or a value that it does not take, and for a file
  ///   that is of a part of a study (`shard`).
  init(_ file: StudyFile) throws {
    let reader = OptionReader(path: file.path)
    self.init(model: file.model, corpus: "")
    for (name, value) in file.options where !Self.besides.contains(name) {
      if try !read(name, value, reader) {
        throw StudyFileError.unknownOption(path: file.path, option: name, known: Self.known)
      }
    }
    guard !corpus.isEmpty else {
      throw StudyFileError.malformed(
        path: file.path, line: nil, reason: "it does not say which recordings: add `corpus: FOLDER`")
    }
  }

  /// False for an option that there is not.
  private mutating func read(_ name: String, _ value: StudyFile.Value, _ reader: OptionReader) throws
    -> Bool
  {
    switch name {
    case "corpus": corpus = try reader.text(name, value)
    case "demo":
      guard try reader.flag(name, value) else { return true }
      guard let bundled = BundledFiles.corpus else {
        throw reader.refusal(
          name, value, "a corpus beside the program, which is not there: say `corpus: FOLDER` instead")
      }
      corpus = bundled
    case "shift": overrides.shift = try reader.number(name, value)
    case "levels": levels = try reader.text(name, value)
    case "layers": layers = try reader.text(name, value)
    case "probes": probes = try reader.text(name, value)
    case "errors": errors = try reader.text(name, value)
    case "search": search = try reader.choice(name, value)
    case "seed": seed = try reader.whole(name, value, in: 0...UInt64.max)
    case "twins": twins = try reader.whole(name, value, in: 0...16)
    case "dimensions": dimensions = try reader.whole(name, value, in: 1...10_000)
    case "maps": maps = try reader.whole(name, value, in: 0...100)
    case "shard":
      throw reader.refusal(name, value, "nothing in Swift: write shards with LayerStudy.writeShard")
    case "language": language = try reader.text(name, value)
    case "hop": imports.hop = try reader.length(name, value)
    case "first-centre": imports.firstCentre = try reader.length(name, value)
    case "unusual-timing": imports.isUnusual = try reader.flag(name, value)
    default: return try loading.read(name, value, reader)
    }
    return true
  }
}

extension LoadOptions {
  /// False for an option that there is not.
  fileprivate mutating func read(
    _ name: String, _ value: StudyFile.Value, _ reader: OptionReader
  ) throws -> Bool {
    switch name {
    case "config": configuration = try reader.text(name, value)
    case "architecture": architecture = try reader.text(name, value)
    case "model-type": modelType = try reader.text(name, value)
    case "heads": heads = try reader.whole(name, value, in: 1...Int.max)
    case "normalise": normalisesInput = try reader.flag(name, value)
    case "epsilon": normalisationEpsilon = try reader.number(name, value)
    case "norm":
      let order = try reader.text(name, value)
      guard ["first", "last"].contains(order) else { throw reader.refusal(name, value, "first or last") }
      normalisesFirst = order == "first"
    case "adapter":
      // `adapter: false` is the command line's --no-adapter.
      if value == .flag(false) { ignoresAdapter = true } else { adapter = try reader.text(name, value) }
    case "no-adapter": ignoresAdapter = try reader.flag(name, value)
    case "adapter-language": adapterLanguage = try reader.text(name, value)
    case "prefix": prefix = try reader.text(name, value)
    case "map": names = try NameTable(contentsOf: reader.text(name, value))
    case "ignoring": ignoring = try reader.text(name, value).split(separator: ",").map(String.init)
    case "window":
      let text = try reader.text(name, value)
      guard text != "none" else {
        window = nil
        return true
      }
      guard case .seconds(let seconds) = ImportSettings.Length(text), seconds >= 10 else {
        throw reader.refusal(name, value, "a length from 10s on, such as 60s, or none")
      }
      window = seconds
    default: return false
    }
    return true
  }
}

/// Reads an option's value as what it must be, or says what it takes.
private struct OptionReader {
  let path: String

  func refusal(_ name: String, _ value: StudyFile.Value, _ expected: String) -> StudyFileError {
    let found =
      switch value {
      case .text(let text): text
      case .flag(let flag): "\(flag)"
      }
    return .badValue(path: path, option: name, found: found, expected: expected)
  }

  func text(_ name: String, _ value: StudyFile.Value) throws -> String {
    guard case .text(let text) = value else { throw refusal(name, value, "words") }
    return text
  }

  func flag(_ name: String, _ value: StudyFile.Value) throws -> Bool {
    guard case .flag(let flag) = value else { throw refusal(name, value, "true or false") }
    return flag
  }

  func number(_ name: String, _ value: StudyFile.Value) throws -> Double {
    guard let number = Double(try text(name, value)), number.isFinite else {
      throw refusal(name, value, "a number")
    }
    return number
  }

  func whole<Number: FixedWidthInteger>(
    _ name: String, _ value: StudyFile.Value, in range: ClosedRange<Number>
  ) throws -> Number {
    guard let number = Number(try text(name, value)), range.contains(number) else {
      let most = range.upperBound == Number.max ? "on" : "to \(range.upperBound)"
      throw refusal(name, value, "a whole number from \(range.lowerBound) \(most)")
    }
    return number
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ value: StudyFile.Value
  ) throws -> Choice {
    guard let choice = Choice(rawValue: try text(name, value)) else {
      throw refusal(name, value, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  func length(_ name: String, _ value: StudyFile.Value) throws -> ImportSettings.Length {
    guard let length = ImportSettings.Length(try text(name, value)) else {
      throw refusal(name, value, "a length of time and its unit, such as 20ms, 0.02s or 320samples")
    }
    return length
  }
}
