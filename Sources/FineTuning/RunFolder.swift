import Files
import Foundation

/// The folder of a run: all that it makes is made in `work/training/` below it and put into place at its end, when nothing of an
/// earlier run's models, snapshots and pages stays.
struct RunFolder: Sendable {
  let path: String
  let folds: Int

  /// Beside the kept work of others.
  var work: String { "\(path)/work/training" }

  /// Where a fold's models, snapshots, state and log are made.
  func place(of fold: Int) -> String { folds == 1 ? work : "\(work)/fold-\(fold + 1)" }

  /// The name of the fold's folder within the run's, with a slash behind it; none of a single one.
  func prefix(of fold: Int) -> String { folds == 1 ? "" : "fold-\(fold + 1)/" }

  static func snapshot(_ step: Int) -> String {
    let digits = "\(step)"
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// Puts everything into place; `kept` are the folders of results that belong to the run, by their names within its own.
  ///
  /// What an interruption had put there before is left, so that it can be done again.
  /// - Throws: `FileError.writeFailed`.
  func publish(_ kept: [String]) throws {
    for earlier in Self.results(in: path) where !kept.contains(earlier) {
      ResultFolder.remove("\(path)/\(earlier)")
    }
    for name in kept {
      try ResultFolder.replace("\(path)/\(name)", by: "\(work)/\(name)")
    }
  }

  /// Each fold's log, by its name within the run's folder.
  func logs() throws -> [(name: String, log: Data)] {
    try (0..<folds).map { fold in
      let log = "\(place(of: fold))/training.jsonl"
      return ("\(prefix(of: fold))training.jsonl", try Data(contentsOf: URL(filePath: log)))
    }
  }

  /// Removes what was only needed to go on after an interruption.
  func removeWork() {
    try? FileManager.default.removeItem(atPath: work)
    // Goes only where it is empty.
    rmdir("\(path)/work")
  }

  /// The folders that a run, or a study of one, leaves in `folder`: models, adapters, snapshots and pages.
  private static func results(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().flatMap { name -> [String] in
      if name.wholeMatch(of: /fold-\d+/) != nil {
        return results(in: "\(folder)/\(name)").map { "\(name)/\($0)" }
          // Last, where it is empty by then.
          + [name]
      }
      return name.wholeMatch(of: /compare|learning|(model|step-\d{6,})(-adapter)?/) == nil ? [] : [name]
    }
  }
}
