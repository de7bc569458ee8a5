import Audio
import Corpora
import Files
import Foundation
import Foundations

/// Changes recordings as `Augmentation` says; the same seed changes them alike.
struct SoundAugmenter: Sendable {
  let settings: Augmentation
  /// The recordings of a folder of noise, by name.
  private let files: [String]

  /// Throws `FineTuningError.setting` for a folder without recordings.
  init(_ settings: Augmentation) throws {
    self.settings = settings
    guard case .folder(let folder) = settings.noise else {
      files = []
      return
    }
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    files = names.filter { name in
      Corpus.audioEndings.contains(URL(filePath: name).pathExtension.lowercased())
    }
    .sorted().map { "\(folder)/\($0)" }
    guard !files.isEmpty else {
      throw FineTuningError.setting(
        name: "the noise", found: "\(folder), which holds no recordings",
        expected: "white, pink, or a folder of recordings")
    }
  }

  /// What tells this noise from another: names and contents of its recordings.
  /// - Throws: `FileError`, where one cannot be read.
  func identity() throws -> String {
    var hash = StableHash()
    let fingerprints = FileFingerprints()
    for file in files {
      hash.combine(URL(filePath: file).lastPathComponent)
      hash.combine(try fingerprints.fingerprint(of: file))
    }
    return files.isEmpty ? "none" : hash.text
  }

  /// How fast a recording is played with this seed.
  func speed(seed: UInt64) -> Double {
    guard !settings.speeds.isEmpty else { return 1 }
    var random = RandomNumbers(seed: seed, stream: "speed")
    return settings.speeds[random.index(below: settings.speeds.count)]
  }

  /// The recording played at `speed`, with noise.
  /// - Throws: `AudioError`, where a recording of noise cannot be read.
  func changed(_ sound: Waveform, speed: Double, seed: UInt64) throws -> Waveform {
    var sound = sound
    if speed != 1 {
      let rate = sound.samplingRate
      let played = Int((Double(rate) * speed).rounded())
      sound = try Waveform(samples: sound.samples, samplingRate: played).resampled(to: rate)
    }
    guard let source = settings.noise else { return sound }
    var random = RandomNumbers(seed: seed, stream: "noise")
    let range = settings.signalToNoise
    let decibels = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform()
    let noise = try noise(source, like: sound, &random)
    return sound.with(noise: noise, decibels: decibels)
  }

  /// As many samples as `sound` has.
  private func noise(_ source: NoiseSource, like sound: Waveform, _ random: inout RandomNumbers) throws
    -> [Float]
  {
    let count = sound.samples.count
    switch source {
    case .white: return (0..<count).map { _ in Float(random.normal()) }
    case .pink: return Self.pink(count, &random)
    case .folder:
      let file = files[random.index(below: files.count)]
      let noise = try Waveform.read(file, at: sound.samplingRate).samples
      guard !noise.isEmpty else { return Array(repeating: 0, count: count) }
      // From anywhere, and from its beginning again where it is shorter.
      let start = random.index(below: noise.count)
      return (0..<count).map { noise[(start + $0) % noise.count] }
    }
  }

  /// A sum of white noises, each held twice as long as the one before (Voss; Gardner 1978), the first of them twice.
  static func pink(_ count: Int, _ random: inout RandomNumbers) -> [Float] {
    var held = (0..<16).map { _ in Float(random.normal()) }
    return (0..<count).map { index in
      // The k-th is drawn anew at every multiple of 2ᵏ.
      for k in held.indices where index % (1 << k) == 0 { held[k] = Float(random.normal()) }
      return held.reduce(Float(random.normal()), +)
    }
  }
}
