import Foundation
import Models

/// How much memory a step over a recording takes: what is kept of every layer for the way back.
struct MemoryNeed {
  private let model: TrainedModel

  init(_ model: TrainedModel) { self.model = model }

  /// About so many bytes for so many samples: of each convolution its output, what it was before its norm and what comes
  /// back; of each block some twenty tensors of its width and five of four times that, and one head's attention.
  func bytes(samples: Int) -> Int {
    model.base.taps.reduce(0) { sum, tap in
      let frames = tap.timing?.frames(forSamples: samples) ?? 0
      let values =
        tap.name.hasPrefix("hidden.")
        ? 40 * frames * tap.width + 6 * frames * frames : 6 * frames * tap.width
      return sum + 4 * values
    }
  }

  /// Throws `FineTuningError.tooLong` for the first recording that does not fit into what is free; nothing where that is
  /// not known.
  func check(_ part: TrainingData, threads: Int) throws {
    guard let free = Self.free else { return }
    let parameters = 4 * model.counts.all
    // Gradients, moments and the best parameters, and the gradients of those that run at once.
    let standing = parameters * 4 + min(threads, part.train.count) * parameters
    for example in part.train + part.development + part.test {
      let samples = Int(example.seconds * Double(model.base.samplingRate))
      let needed = standing + min(threads, part.train.count) * bytes(samples: samples)
      guard needed <= free else {
        throw FineTuningError.tooLong(
          utterance: example.id, seconds: example.seconds, needed: needed, available: free)
      }
    }
  }

  /// The memory that the system can give, in bytes; nil where it does not say.
  private static var free: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes << 10
  }
}
