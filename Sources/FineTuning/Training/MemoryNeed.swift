import Foundation
import Models
import Tensors

/// How much memory a training takes, about: from passes over two short sounds that are measured, and from what is kept of
/// parameters.
struct MemoryNeed {
  /// What is there whatever the recordings are, with the gradients of one utterance left out.
  private let standing: Int
  /// The gradients of one utterance.
  private let gradients: Int
  /// Of a pass: `base + slope · samples`.
  private let base: Double
  private let slope: Double
  /// The rows that attend to each other, in the same way.
  private let rowBase: Double
  private let rowSlope: Double

  /// Throws what running the model throws.
  init(_ model: TrainedModel, averages: Bool = false) throws {
    let ready = try model.ready()
    // Two seconds, or what the model reads at once where that is less.
    let long = max(
      2 * model.base.minimumSamples,
      min(2 * model.base.samplingRate, model.base.windowSamples ?? 2 * model.base.samplingRate))
    let short = long / 2
    let step = Double(long - short)
    let first = try ready.measuredBytes(samples: short)
    let second = try ready.measuredBytes(samples: long)
    slope = max(0, Double(second.bytes - first.bytes) / step)
    base = max(0, Double(first.bytes) - slope * Double(short))
    rowSlope = Double(second.attendingRows - first.attendingRows) / step
    rowBase = Double(first.attendingRows) - rowSlope * Double(short)
    gradients = 4 * model.gradientValues
    // The program, the parameters as they were read and as they are now, both moments, the best ones yet, the sum.
    standing = (48 << 20) + 4 * (model.counts.all + (averages ? 6 : 5) * model.counts.trained)
  }

  /// About so many bytes, where the longest recordings of `part` are learned from at once by so many threads.
  func bytes(samples: Int, threads: Int) -> Int {
    let rows = rowBase + rowSlope * Double(samples)
    // Scores, weights, what arrives at both, and one at work.
    let ofPass = base + slope * Double(samples) + 5 * 4 * rows * rows
    let all = Double(standing) + Double(threads) * (Double(gradients) + ofPass)
    return Int(min(all, 0x1p62))
  }

  /// About so many bytes, where several threads learn from the longest recording of `part`, played at its `slowest`.
  ///
  /// Throws `FineTuningError.tooLong` where that does not fit into what is free, as far as it is known.
  func check(_ part: TrainingData, threads: Int, batch: Int, slowest: Double = 1) throws -> Int {
    let all = part.train + part.development + part.test
    guard let longest = all.max(by: { $0.seconds < $1.seconds }) else { return standing }
    let samples = Int(min(longest.seconds / slowest * Double(part.samplingRate), 0x1p62))
    let needed = bytes(samples: samples, threads: min(threads, part.train.count, batch))
    if let free = Self.free, needed > free {
      throw FineTuningError.tooLong(
        utterance: longest.id, seconds: longest.seconds, needed: needed, available: free)
    }
    return needed
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
