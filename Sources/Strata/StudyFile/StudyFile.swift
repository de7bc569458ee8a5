import Foundation
import Tensors
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
package struct StudyFile: Equatable, Sendable {
  package static let record = "written-by"

  /// An option with its value as text, or a flag.
  package enum Value: Equatable, Sendable {
    case text(String)
    case flag(Bool)
  }

  package let path: String
  package let model: String
  /// The others, in the order of the file; paths are from the root.
  package let options: [(name: String, value: Value)]
  /// What the study that wrote the file ran on; empty in a file written by hand.
  package let fingerprints: [String: String]

  /// - Throws: `StudyFileError` that names the file and the line.
  package init(contentsOf path: String) throws {
    if let obstacle = RegularFile.obstacle(at: path) {
      throw StudyFileError.missing(path: path, reason: "\(obstacle)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw StudyFileError.missing(path: path, reason: " cannot be read")
    }
    guard data.count < 1 << 20, let text = String(data: data, encoding: .utf8) else {
      throw StudyFileError.malformed(
        path: path, line: nil, reason: " is not a study file: it is not short UTF-8 text")
    }
    try self.init(yaml: text, path: path)
  }

  package init(yaml: String, path: String) throws {
    func refusal(_ node: Node?, _ reason: String) -> StudyFileError {
      .malformed(path: path, line: node?.mark?.line, reason: reason)
    }
    let root: Node?
    do { root = try Yams.compose(yaml: yaml) } catch {
      throw refusal(nil, " is not YAML: \(error)")
    }
    guard let pairs = root?.mapping else {
      throw refusal(root, "a study file is a list of `option: value`, with at least `model: FILE`")
    }
    let paths = StudyPaths(besides: path)
    var model: String?
    var options: [(name: String, value: Value)] = []
    var fingerprints: [String: String] = [:]
    for (key, value) in pairs {
      let name = key.string ?? ""
      switch (name, value) {
      case ("model", .scalar(let scalar)): model = paths.absolute(name, scalar.string)
      case (Self.record, .mapping(let facts)):
        for (key, value) in facts { fingerprints[key.string ?? ""] = value.string }
      case (_, .scalar(let scalar)):
        if let flag = value.bool, scalar.style == .plain {
          options.append((name, .flag(flag)))
        } else {
          options.append((name, .text(paths.absolute(name, scalar.string))))
        }
      case (_, .sequence(let list)):
        let words = list.compactMap(\.string)
        guard words.count == list.count else {
          throw refusal(value, "\(name) is a list of something else than words")
        }
        options.append((name, .text(paths.absolute(name, words.joined(separator: ",")))))
      default: throw refusal(value, "\(name) must be a word, a number, true or false, or a list of words")
      }
    }
    guard let model else { throw refusal(root, "it does not say which model: add `model: FILE`") }
    (self.path, self.model, self.options, self.fingerprints) = (path, model, options, fingerprints)
  }

  /// Whether an argument is such a file and no model.
  package static func isOne(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

  /// What is no more what the study that wrote the file ran on, a sentence each.
  package func changes(model: String, corpus: String) -> [String] {
    [("model", model), ("corpus", corpus)].compactMap { name, found in
      guard let expected = fingerprints["\(name)-fingerprint"], expected != found else { return nil }
      return
        "the \(name) is not the one of the study file: its fingerprint is \(found), not \(expected)"
    }
  }

  package static func == (a: StudyFile, b: StudyFile) -> Bool {
    (a.path, a.model, a.fingerprints) == (b.path, b.model, b.fingerprints)
      && a.options.elementsEqual(b.options) { $0 == $1 }
  }
}
