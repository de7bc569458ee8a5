import ArgumentParser
import Foundation
import Strata
import Yams

/// A study written down in YAML: the model and the options of `run` by their names, so that it can be run again.
///
/// ```yaml
/// model: hubert-base          # paths count from the folder that the file lies in
/// corpus: my-corpus
/// levels: phoneme,word        # or a list
/// seed: 7
/// normalise: true             # a flag; false is --no-normalise
/// ```
/// `written-by` holds what a finished study adds about itself, and is no option.
struct StudyFile: Equatable {
  static let record = "written-by"

  /// The command's arguments, the model first.
  let arguments: [String]
  /// What the study that wrote the file ran on; empty in a file written by hand.
  let fingerprints: [String: String]

  /// Throws a `CommandFailure` that names the file and the line.
  init(contentsOf path: String) throws {
    if let obstacle = RegularFile.obstacle(at: path) {
      throw CommandFailure(status: .missingInput, message: "\(path): \(obstacle)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(status: .missingInput, message: "\(path) cannot be read")
    }
    guard data.count < 1 << 20, let text = String(data: data, encoding: .utf8) else {
      throw CommandFailure(
        status: .badInput, message: "\(path) is not a study file: it is not short UTF-8 text")
    }
    try self.init(yaml: text, path: path)
  }

  init(yaml: String, path: String) throws {
    func refusal(_ node: Node?, _ reason: String) -> CommandFailure {
      let line = node?.mark.map { ", line \($0.line)" } ?? ""
      return CommandFailure(status: .badInput, message: "\(path)\(line): \(reason)")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: yaml) } catch {
      throw CommandFailure(status: .badInput, message: "\(path) is not YAML: \(error)")
    }
    guard let pairs = root?.mapping else {
      throw refusal(root, "a study file is a list of `option: value`, with at least `model: FILE`")
    }
    let paths = StudyPaths(besides: path)
    var model: String?
    var options: [String] = []
    var fingerprints: [String: String] = [:]
    for (key, value) in pairs {
      let name = key.string ?? ""
      switch (name, value) {
      case ("model", .scalar(let scalar)): model = paths.absolute(name, scalar.string)
      case (Self.record, .mapping(let facts)):
        for (key, value) in facts { fingerprints[key.string ?? ""] = value.string }
      case (_, .scalar(let scalar)) where value.bool != nil && scalar.style == .plain:
        options.append(value.bool == true ? "--\(name)" : "--no-\(name)")
      case (_, .scalar(let scalar)):
        options.append("--\(name)=\(paths.absolute(name, scalar.string))")
      case (_, .sequence(let list)):
        let words = list.compactMap(\.string)
        guard words.count == list.count else {
          throw refusal(value, "\(name) is a list of something else than words")
        }
        options.append("--\(name)=\(paths.absolute(name, words.joined(separator: ",")))")
      default: throw refusal(value, "\(name) must be a word, a number, true or false, or a list of words")
      }
    }
    guard let model else { throw refusal(root, "it does not say which model: add `model: FILE`") }
    arguments = [model] + options
    self.fingerprints = fingerprints
  }

  /// Whether an argument is such a file and no model.
  static func isOne(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }
}

extension RunCommand {
  /// The command that a study file stands for; what the command line says beside the file has the last word.
  static func reading(_ file: StudyFile, path: String, besides others: [String]) throws -> RunCommand {
    do {
      return try RunCommand.parse(file.arguments + others)
    } catch {
      throw CommandFailure(status: .usage, message: "\(path): \(RunCommand.message(for: error))")
    }
  }

  /// The study file of this command: every option with the value that it has, and what was run on what.
  ///
  /// Paths count from the folder that it is written into.
  func studyFile(of result: StudyResult, command: [String], claim: ResultClaim) throws -> String {
    let paths = StudyPaths(in: output)
    var pairs: [(Node, Node)] = []
    func add(_ name: String, _ value: Any) {
      let node: Node
      switch value {
      case let value as Bool: node = Node(value ? "true" : "false")
      case let value as String: node = Node(paths.relative(name, value), Tag(.str), .doubleQuoted)
      default: node = Node("\(value)")
      }
      pairs.append((Node(name), node))
    }
    for (label, value) in OptionValues(self).values { add(label, value) }
    let machine = [("blas-kernel", result.settings.kernel), ("processor", result.settings.processor)]
      .compactMap { name, value in value.map { (name, $0) } }
    let facts: [(String, String)] =
      machine + [
        ("command", WrittenBy.line(command)), ("strata", Release.version),
        ("model-fingerprint", result.model.fingerprint), ("corpus-fingerprint", result.corpus.fingerprint),
        (ResultClaim.keyName, claim.key),
      ]
    let record = Node(facts.map { (Node($0), Node($1, Tag(.str), .doubleQuoted)) })
    let head = "# A finished study; `probe-layers run` with this file does it again.\n"
    // Unfolded: the command is there to be copied, and a path may be longer than a YAML writer's line.
    let whole = Node(pairs + [(Node(StudyFile.record), record)])
    return head + (try Yams.serialize(node: whole, width: -1, allowUnicode: true))
  }
}
