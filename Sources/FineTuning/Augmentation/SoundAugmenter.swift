import Audio
import Corpora
import Foundation
import Foundations

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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

  /// What tells this noise from another: names and sizes of its recordings.
  var identity: String {
    var hash = StableHash()
    for file in files {
      hash.combine(URL(filePath: file).lastPathComponent)
      let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
      hash.combine(size ?? 0)
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
    return Self.mixed(sound, noise, decibels: decibels)
  }

  /// `sound + g·noise`, with g such that the sound's mean power over all its samples is `decibels` above that of what is
  /// added; the sound as it is where one of the two is silent.
  static func mixed(_ sound: Waveform, _ noise: [Float], decibels: Double) -> Waveform {
    func power(_ samples: [Float]) -> Double {
      samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    }
    let (own, added) = (power(sound.samples), power(noise))
    guard own > 0, added > 0 else { return sound }
    let gain = Float((own / added / pow(10, decibels / 10)).squareRoot())
    return Waveform(
      samples: zip(sound.samples, noise).map { $0 + gain * $1 }, samplingRate: sound.samplingRate)
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
