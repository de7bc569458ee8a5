import Audio
import Foundation
import Foundations
import Models
import Tensors

/// What a pass over a minute of audio took, or over a text: measured on this machine, on one core, over every tap
/// point but attention.
public struct ModelCost: Sendable, Codable {
  /// "a minute of audio", "a text of 512 tokens".
  public let of: String
  /// How long the pass took, in seconds.
  public let seconds: Double
  /// How far the memory of the process grew, weights that were read on the way among it; nil where the system does
  /// not say.
  public let peakBytes: Int?

  /// Seconds of sound in the measured pass.
  public static let audioSeconds = 60.0

  /// Runs noise of a minute through the model: what a pass takes does not depend on what is heard.
  /// - Throws: `ModelError`.
  public static func measured(_ model: SpeechModel) throws -> ModelCost {
    var random = RandomNumbers(seed: 0)
    let count = Int(audioSeconds) * model.samplingRate
    let samples = (0..<count).map { _ in Float(random.uniform() - 0.5) * 0.2 }
    let sound = Waveform(samples: samples, samplingRate: model.samplingRate)
    return try measured(of: "a minute of audio") {
      try model.forward(sound, taps: Set(model.taps.map(\.name)), threads: 1) { _, _ in }
    }
  }

  /// Runs a text of 128 tokens, or of the most that the model takes, through it.
  /// - Throws: `ModelError`.
  public static func measured(_ model: TextModel) throws -> ModelCost {
    let count = min(128, model.maximumTokens)
    return try measured(of: "a text of \(count) tokens") {
      let taps = Set(model.taps.map(\.name))
      try model.forward(tokens: Array(repeating: 1, count: count), taps: taps, threads: 1) { _, _ in }
    }
  }

  private static func measured(of what: String, _ body: () throws -> Void) throws -> ModelCost {
    let before = ProcessMemory.resident
    let isReset = ProcessMemory.forgetPeak()
    let started = ContinuousClock.now
    try body()
    let elapsed = started.duration(to: .now)
    let peak = isReset ? ProcessMemory.peak : nil
    return ModelCost(
      of: what,
      seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18,
      peakBytes: peak.flatMap { peak in before.map { max(0, peak - $0) } })
  }

  var words: String {
    let memory = peakBytes.map { " and \(ExportPlan.size($0)) of memory beyond the weights" } ?? ""
    return "\(of) takes \(String(format: seconds < 1 ? "%.2f" : "%.1f", seconds)) s on one core\(memory), "
      + "measured here\(Self.buildRemark)"
  }

  #if DEBUG
    static let buildRemark = " with an unoptimised build"
  #else
    static let buildRemark = ""
  #endif
}
