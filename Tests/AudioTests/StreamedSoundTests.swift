import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Audio

@Suite("Read block after block") struct StreamedSoundTests {
  /// Noise that one block of the decoder does not hold, 25 s of it at `rate`.
  private static func long(rate: Int, in folder: TemporaryFolder) throws -> String {
    var state: UInt64 = 9
    let samples = (0..<(25 * rate + 77)).map { _ -> Float in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max) * 0.9
    }
    return try folder.write(
      Data(Waveform(samples: samples, samplingRate: rate).wav()), to: "long-\(rate).wav")
  }

  private static func all(_ sound: StreamedSound) throws -> [Float] {
    var samples: [Float] = []
    try sound.blocks { samples += $0 }
    return samples
  }

  @Test(
    "gives the samples of reading it whole, at its own rate and others, to the last bit",
    arguments: [8000, 16_000, 22_050, 44_100], [8000, 16_000, 48_000])
  func same(from: Int, to: Int) throws {
    let folder = try TemporaryFolder()
    let path = try Self.long(rate: from, in: folder)
    let sound = try StreamedSound(path).resampled(to: to)
    let whole = try Waveform.read(path).resampled(to: to)
    #expect(sound.count == whole.samples.count && sound.samplingRate == to)
    #expect(try Self.all(sound) == whole.samples)
    #expect(try sound.waveform() == whole)
    let normalisation = try sound.normalisation(epsilon: 1e-5)
    #expect(whole.samples.map(normalisation.applied(to:)) == whole.normalised(epsilon: 1e-5).samples)
  }

  @Test(
    "files of every kind, and one channel of several",
    arguments: ["mono.mp3", "mono_vorbis.ogg", "stereo_16.wav"])
  func kinds(name: String) throws {
    let path = resource(name).path
    #expect(try Self.all(StreamedSound(path)) == Waveform.read(path).samples)
    guard name.hasPrefix("stereo") else { return }
    #expect(try Self.all(StreamedSound(path, channel: 1)) == Waveform.read(path, channel: 1).samples)
    #expect(throws: AudioError.noChannel(path: path, asked: 2, channels: 2)) {
      try StreamedSound(path, channel: 2)
    }
  }

  @Test("slices are what they are of the whole sound, however they overlap") func slices() throws {
    let folder = try TemporaryFolder()
    let path = try Self.long(rate: 16_000, in: folder)
    let (sound, samples) = (try StreamedSound(path), try Waveform.read(path).samples)
    let ranges = [
      0..<1, 0..<65_536, 3..<65_537, 65_536..<200_000, 199_999..<200_000, 300_000..<samples.count,
    ]
    var seen = 0
    try sound.slices(ranges) { number, slice in
      #expect(number == seen && slice == Array(samples[ranges[number]]))
      seen += 1
    }
    #expect(seen == ranges.count)
  }

  @Test("mel bands in parts are those of the whole sound, to the last bit", arguments: [8000, 16_000])
  func mel(rate: Int) throws {
    let folder = try TemporaryFolder()
    let mel = LogMel.baseline()
    for path in [
      try Self.long(rate: rate, in: folder), resource("mono_pcm_16.flac").path,
      try folder.write(
        Data(Waveform(samples: [0.5, 0.25, -0.5], samplingRate: 16_000).wav()), to: "three.wav"),
    ] {
      let expected = try mel.features(of: Waveform.read(path))
      var (values, ended): ([Float], Bool) = ([], false)
      try mel.features(of: StreamedSound(path)) { frames, first, isLast in
        #expect(first == values.count / 80 && !ended)
        values += frames.values
        ended = isLast
      }
      #expect(ended && values == expected.values, "\(path)")
    }
  }

  @Test("a file that is cut meanwhile is an error") func cut() throws {
    let folder = try TemporaryFolder()
    let path = try Self.long(rate: 16_000, in: folder)
    let sound = try StreamedSound(path)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: 100_000)
    try handle.close()
    #expect(throws: AudioError.self) { try sound.blocks { _ in } }
    #expect(throws: AudioError.self) { try StreamedSound(path) }
  }
}
