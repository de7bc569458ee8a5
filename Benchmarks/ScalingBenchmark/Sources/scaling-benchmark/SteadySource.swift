import Foundations
import Activations
import Audio
import Foundation
import Models
import Corpora
import Tensors

/// A source whose layers cost nothing: the same seeded frames for every utterance, so that what is measured is
/// everything but the model.
struct SteadySource: ActivationSource {
  let name = "steady"
  let fingerprint = "steady-1"
  let taps: [TapPoint]
  private let frames: [String: Tensor]

  var facts: SourceFacts {
    SourceFacts(family: "synthetic", parameters: 0, samplingRate: 16_000, inputNormalisation: "none")
  }

  init(layers: Int, width: Int, seconds: Double) {
    let timing = FrameTiming(
      samplingRate: 16_000, strideSamples: 320, receptiveFieldSamples: 400, firstCentreSample: 199.5)
    taps = (0..<layers).map { TapPoint(name: "hidden.\($0)", width: width, timing: timing) }
    let rows = timing.frames(forSamples: Int(seconds * 16_000))
    frames = Dictionary(
      uniqueKeysWithValues: taps.map { tap in
        var random = RandomNumbers(seed: 1, stream: tap.name)
        return (
          tap.name, Tensor((0..<(rows * width)).map { _ in Float(random.uniform()) }, shape: [rows, width])
        )
      })
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps wanted: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    for tap in taps where wanted.contains(tap.name) {
      if let frames = frames[tap.name] { try visit(tap.name, frames) }
    }
  }
}

/// A corpus of any length that is one recording of ten seconds again and again, with a hundred phones each.
struct RepeatedCorpus {
  static let seconds = 10.0
  let utterances: [Utterance]

  init(hours: Double, recording: String) {
    let phones = (0..<100).map { phone in
      Interval(start: 0.1 * Double(phone), end: 0.1 * Double(phone + 1), label: "P\(phone % 39)")
    }
    let tiers: [Level: Tier] = [.phoneme: Tier(name: "phones", level: .phoneme, intervals: phones)]
    utterances = (0..<max(1, Int(hours * 3600 / Self.seconds))).map { index in
      Utterance(
        id: "u\(index)", audioPath: recording, labelPath: recording, speaker: "s\(index % 40)",
        sentence: "\(index)", seconds: Self.seconds, tiers: tiers)
    }
  }

  /// Ten seconds of quiet noise at 16 kHz.
  static func writeRecording(to path: String) throws {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian, Array.init)
    }
    var random = RandomNumbers(seed: 2)
    let samples = (0..<Int(seconds * 16_000)).map { _ in Int16(random.normal() * 1000) }
    let length = UInt32(2 * samples.count)
    var bytes = Array("RIFF".utf8) + little(36 + length) + Array("WAVEfmt ".utf8) + little(UInt32(16))
    bytes += little(UInt16(1)) + little(UInt16(1)) + little(UInt32(16_000)) + little(UInt32(32_000))
    bytes += little(UInt16(2)) + little(UInt16(16)) + Array("data".utf8) + little(length)
    try Data(bytes + samples.flatMap { little($0) }).write(to: URL(filePath: path))
  }
}
