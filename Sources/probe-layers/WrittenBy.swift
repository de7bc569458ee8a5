import Foundation
import Strata
import Yams

/// What a result was made by and of: the exact command, the version, the seed and the inputs' fingerprints.
struct WrittenBy {
  static let fileName = "written-by.yaml"

  var command = CommandLine.arguments
  var claim: ResultClaim
  /// Nil where nothing was drawn.
  var seed: UInt64?
  var inputs: ResultInputs

  /// `written-by.yaml`, to be written with the result.
  func record() throws -> (name: String, data: Data) {
    func word(_ text: String) -> Node { Node(text, Tag(.str), .doubleQuoted) }
    func prints(_ things: [ResultInputs.Input]) -> Node {
      Node(
        things.map { Node([(Node("name"), word($0.name)), (Node("fingerprint"), word($0.fingerprint))]) })
    }
    let pairs: [(Node, Node)] =
      [
        (Node("command"), word(Self.line(command))), (Node("strata"), word(Release.version)),
        (Node(ResultClaim.keyName), word(claim.key)),
      ] + (seed.map { [(Node("seed"), Node("\($0)"))] } ?? []) + [(Node("models"), prints(inputs.models))]
    let others = [("corpus", inputs.corpus), ("recording", inputs.recording)].compactMap { name, input in
      input.map { (Node(name), prints([$0])) }
    }
    let whole = Node(pairs + others)
    let text = try Yams.serialize(node: whole, width: -1, allowUnicode: true)
    return (Self.fileName, Data(text.utf8))
  }

  /// A command as a shell takes it.
  static func line(_ command: [String]) -> String { command.map(quoted).joined(separator: " ") }

  private static func quoted(_ argument: String) -> String {
    let plain = argument.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:+".contains($0))
    }
    return plain && !argument.isEmpty ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
  }
}
