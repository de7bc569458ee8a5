import Audio
import Corpora
import Files
import Foundation
import Foundations
import Models
import StrataTestSupport
import Synchronization
import Tensors

@testable import Activations

/// A source whose layers are known functions of time and sound: `time` holds each frame's centre, `sound` a few
/// products of the samples around it, `slow` steps by a second.
struct SyntheticSource: ActivationSource {
  static let timing = FrameTiming(
    samplingRate: 16_000, strideSamples: 320, receptiveFieldSamples: 400, firstCentreSample: 199.5)
  static let slow = FrameTiming(
    samplingRate: 16_000, strideSamples: 16_000, receptiveFieldSamples: 400, firstCentreSample: 199.5)

  var name = "synthetic"
  var fingerprint = "synthetic-1"
  var settings = ""
  var taps = [
    TapPoint(name: "time", width: 2, timing: SyntheticSource.timing),
    TapPoint(name: "sound", width: 5, timing: SyntheticSource.timing),
    TapPoint(name: "slow", width: 1, timing: SyntheticSource.slow),
  ]
  /// Layers that give NaN for sounds of at least this many samples.
  var broken: (layers: Set<String>, fromSamples: Int) = ([], 0)
  /// Faults: layers that are never given, and a width that is not the tap's.
  var withheld: Set<String> = []
  var declared: Int?
  var watch: Watch?
  /// After so many passes its file is another.
  var changesAfter = Int.max
  /// Layers whose centres are listed.
  var listed: [String: [Double]] = [:]

  /// Counts the forward passes that run, and that ran at the same time.
  final class Watch: Sendable {
    private let counts = Mutex((now: 0, most: 0, all: 0))
    var most: Int { counts.withLock { $0.most } }
    var all: Int { counts.withLock { $0.all } }
    func enter() {
      counts.withLock { counts in
        counts.now += 1
        counts.all += 1
        counts.most = max(counts.most, counts.now)
      }
    }
    func leave() { counts.withLock { $0.now -= 1 } }
  }

  var facts: SourceFacts {
    SourceFacts(
      family: "synthetic", parameters: 0, samplingRate: 16_000, inputNormalisation: "none",
      settings: settings)
  }

  func requireUnchanged(atEnd: Bool) throws {
    guard let watch, watch.all >= changesAfter else { return }
    throw FileError.changed(path: "model", reason: "it was written over")
  }

  func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? { listed[tap.name] }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps wanted: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    watch?.enter()
    defer { watch?.leave() }
    guard let samples = try waveform?.resampled(to: 16_000).samples else { return }
    for tap in taps where wanted.contains(tap.name) && !withheld.contains(tap.name) {
      guard let timing = tap.timing else { continue }
      let frames = timing.frames(forSamples: samples.count)
      var values: [Float] = []
      for frame in 0..<frames {
        let start = frame * timing.strideSamples
        switch tap.name {
        case "time": values += [Float(timing.centre(of: frame)), 1]
        case "sound": values += (0..<5).map { samples[start + 37 * $0] * samples[start + 11 * $0 + 5] }
        default: values.append(samples[start])
        }
      }
      if broken.layers.contains(tap.name), samples.count >= broken.fromSamples, !values.isEmpty {
        values[values.count / 2] = .nan
      }
      try visit(
        tap.name, Tensor(values, shape: [frames, tap.name == "sound" ? declared ?? tap.width : tap.width]))
    }
  }
}

/// A folder of small recordings with phones and words, removed with the last reference.
final class SyntheticCorpus {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
  let utterances: [Utterance]
  var work: String { folder.appendingPathComponent("work").path }

  /// Utterances of about half a second to a second of noise; words of two phones of 80 ms each.
  init(utterances count: Int, samplingRate: Int = 16_000) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var random = RandomNumbers(seed: 7)
    var utterances: [Utterance] = []
    for index in 0..<count {
      let seconds = 0.5 + 0.125 * Double(index % 5)
      let url = folder.appendingPathComponent("u\(index).wav")
      let samples = (0..<Int(seconds * Double(samplingRate))).map { _ in
        Int16(random.normal() * 3000)
      }
      try SyntheticCorpus.wav(samples, samplingRate).write(to: url)
      let phones = (0..<Int(seconds / 0.08)).map { phone in
        Interval(
          start: 0.08 * Double(phone), end: 0.08 * Double(phone + 1),
          label: ["AA", "B", "K"][(phone + index) % 3])
      }
      let words = stride(from: 0, to: phones.count - 1, by: 2).map { first in
        Interval(
          start: phones[first].start, end: phones[first + 1].end,
          label: phones[first].label + phones[first + 1].label)
      }
      utterances.append(
        Utterance(
          id: "u\(index)", audioPath: url.path, labelPath: url.path + ".TextGrid", speaker: "s\(index % 2)",
          sentence: "\(index)", seconds: seconds,
          tiers: [
            .phoneme: Tier(name: "phones", level: .phoneme, intervals: phones),
            .word: Tier(name: "words", level: .word, intervals: words, isDerived: true),
          ]))
    }
    self.utterances = utterances
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  static func wav(_ samples: [Int16], _ rate: Int) -> Data {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian, Array.init)
    }
    let length = UInt32(2 * samples.count)
    let format = little(UInt16(1)) + little(UInt16(1)) + little(UInt32(rate)) + little(UInt32(2 * rate))
    var bytes =
      Array("RIFF".utf8) + little(36 + length) + Array("WAVEfmt ".utf8) + little(UInt32(16)) + format
    bytes += little(UInt16(2)) + little(UInt16(16)) + Array("data".utf8) + little(length)
    return Data(bytes + samples.flatMap { little($0) })
  }
}
