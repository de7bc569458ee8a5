import Corpora
import Reports
import Results

extension StudyResult {
  /// The first probe's result for a level, or nil where the level was not studied.
  public func result(of level: Level) -> LevelResult? {
    levels.first { $0.level == level }
  }

  /// Where a level peaks, or nil where no layer has a number for it.
  public func peak(of level: Level) -> Peak? { result(of: level)?.peak }

  /// Whether the model encodes a level, as far as the data can say.
  public func verdict(of level: Level) -> Verdict? { result(of: level)?.verdict }
}
