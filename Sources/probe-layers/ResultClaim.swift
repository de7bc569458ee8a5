import ArgumentParser
import Foundation
import Foundations
import Strata
import Yams

/// What a folder's results hang on, so that a command never replaces another's unasked: the same study may be written
/// again, any other needs `--force`.
///
/// The key lies in the record of the run (`run.yaml`, `written-by.yaml`).
struct ResultClaim: Equatable {
  static let keyName = "result-key"
  static let results = [
    "study.json", "comparison.json", "similarity.json", "attribution.json", "evidence.json", "unit.json",
    "intervene.json", "variance.json", "finetune.json", "measures.json",
    "geometry.json", "curves.json", "replicates.json",
  ]

  let key: String

  /// `parts` are all that the result hangs on, in a fixed order.
  init(_ kind: String, _ parts: [String]) {
    var hash = StableHash()
    hash.combine(kind)
    for part in parts { hash.combine(part) }
    key = hash.text
  }

  /// Of a command: its inputs by their fingerprints or paths, and every option that changes the result.
  init(_ command: some ParsableCommand, of inputs: [String]) {
    let options = OptionValues(command).values.filter { !OptionValues.changingNothing.contains($0.name) }
    self.init(
      type(of: command)._commandName, inputs + options.map { "\($0.name)=\($0.value)" }.sorted())
  }

  /// Throws where `folder` has results of something else.
  func require(_ folder: String, force: Bool) throws {
    guard !force,
      let found = Self.results.first(where: { RegularFile.obstacle(at: "\(folder)/\($0)") == nil })
    else { return }
    let record = Self.record(in: folder)
    guard record.key != key else { return }
    let made = record.command.map { ", made by: \($0)" } ?? ""
    throw CommandFailure(
      status: .usage,
      message:
        "\(folder) has the results of another run (\(found)\(made)); choose another folder with --output, or "
        + "replace them with --force")
  }

  /// What the run that wrote into a folder says of itself.
  private static func record(in folder: String) -> (key: String?, command: String?) {
    for name in ["run.yaml", WrittenBy.fileName] {
      guard let data = try? Data(RegularFile.contents("\(folder)/\(name)")),
        let root = try? Yams.compose(yaml: String(decoding: data, as: UTF8.self))?.mapping
      else { continue }
      let facts = root[Node(StudyFile.record)]?.mapping ?? root
      return (facts[Node(keyName)]?.string, facts[Node("command")]?.string)
    }
    return (nil, nil)
  }
}
