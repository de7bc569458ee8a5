import Foundation
import Results

extension LearningCurve {
  /// What a training's log holds; empty of one that is not there.
  public init(log path: String, name: String) {
    let entries = TrainingLog(contentsOf: path, upTo: .max).entries
    func points(_ value: (TrainingEntry) -> Double?) -> [Point] {
      entries.compactMap { entry in value(entry).map { Point(step: entry.step, value: $0) } }
    }
    self.init(
      name: name, loss: points(\.loss), rate: points(\.rate), gradientNorm: points(\.gradientNorm),
      developmentLoss: points { $0.development?.loss }, developmentErrors: points { $0.development?.errors }
    )
  }
}
