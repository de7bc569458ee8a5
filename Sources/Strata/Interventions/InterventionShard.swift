import Foundation
import Interventions

/// A share of a study of interventions, with what else was asked of it: it is kept, and the study that finds it there makes
/// it no more.
public struct InterventionShard: Sendable {
  private let study: InterventionStudy
  private let simplification: SimplificationStudy?
  private let mixing: MixingStudy?

  /// All of them keep their work in the study's store.
  public init(_ study: InterventionStudy, _ simplification: SimplificationStudy?, _ mixing: MixingStudy?) {
    (self.study, self.simplification, self.mixing) = (study, simplification, mixing)
  }

  /// Runs away from the caller's thread; cancelling the task stops it.
  /// - Throws: As `InterventionStudy.finished` does, and `FileError` where work cannot be kept.
  public func keep(_ shard: Shard, threads: Int = 1) async throws {
    guard let share = WorkShare(shard.index, of: shard.count) else { return }
    try await runBlocking(asking: study.isCancelled) { isCancelled in
      var (study, simplification, mixing) = (study, simplification, mixing)
      study.isCancelled = isCancelled
      simplification?.study.isCancelled = isCancelled
      mixing?.isCancelled = isCancelled
      try study.keep(share, threads: threads)
      try simplification?.keep(share, threads: threads)
      try mixing?.keep(share, threads: threads)
    }
  }
}

extension Shard {
  /// The folders of shards in `folder`, in the order of their names; itself where it is one.
  public static func folders(in folder: String) -> [String] {
    func isShard(_ path: String) -> Bool {
      URL(filePath: path).lastPathComponent.wholeMatch(of: /shard-[0-9]+-of-[0-9]+/) != nil
    }
    if isShard(folder) { return [folder] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { URL(filePath: folder).appending(path: $0).path }.filter(isShard)
  }
}
