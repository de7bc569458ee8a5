import ArgumentParser
import Foundation
import Strata
import Yams

extension StudyFile {
  /// The command's arguments that the file stands for, the model first.
  fileprivate var arguments: [String] {
    [model]
      + options.map { name, value in
        switch value {
        case .text(let text): "--\(name)=\(text)"
        case .flag(let flag): flag ? "--\(name)" : "--no-\(name)"
        }
      }
  }
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
