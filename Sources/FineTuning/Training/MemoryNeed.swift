import Foundation
import Models
import Tensors

/// How much memory a training takes, from passes over two short sounds that are measured.
///
/// Found within a fifth of the process's largest resident size, over models of 1.8 to 94 million parameters, all that can be
/// trained, 2 to 40 s and one and two threads.
struct MemoryNeed {
  /// What is there whatever the recordings are, with the gradients of one utterance left out.
  private let standing: Int
  /// The gradients of one utterance.
  private let gradients: Int
  /// Of a pass: `base + slope · samples`.
  private let base: Double
  private let slope: Double

  /// Throws what running the model throws.
  init(_ model: TrainedModel) throws {
    let ready = try model.ready()
    // Two seconds, or what the model reads at once where that is less.
    let long = max(
      2 * model.base.minimumSamples,
      min(2 * model.base.samplingRate, model.base.windowSamples ?? 2 * model.base.samplingRate))
    let short = long / 2
    let (first, second) = (
      Double(try ready.measuredBytes(samples: short)), Double(try ready.measuredBytes(samples: long))
    )
    slope = max(0, (second - first) / Double(long - short))
    base = max(0, first - slope * Double(short))
    gradients = 4 * model.gradientValues
    // The program, the parameters as they were read and as they are now, both moments, the best ones yet, the sum.
    standing = (48 << 20) + 4 * (model.counts.all + 5 * model.counts.trained)
  }

  /// About so many bytes, where the longest recordings of `part` are learned from at once by so many threads.
  func bytes(samples: Int, threads: Int) -> Int {
    standing + threads * (gradients + Int(base + slope * Double(samples)))
  }

  /// Throws `FineTuningError.tooLong` for the first recording that does not fit into what is free, played at its
  /// `slowest`; nothing where that is not known.
  func check(_ part: TrainingData, threads: Int, batch: Int, slowest: Double = 1) throws {
    guard let free = Self.free else { return }
    let together = min(threads, part.train.count, batch)
    for example in part.train + part.development + part.test {
      let samples = Int(example.seconds / slowest * Double(part.samplingRate))
      let needed = bytes(samples: samples, threads: together)
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
