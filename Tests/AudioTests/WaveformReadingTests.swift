import Foundation
import StrataTestSupport
import Testing

@testable import Audio

@Suite("Reading") struct WaveformReadingTests {
  @Test(
    "every encoding gives the samples of the reference decoder",
    arguments: [
      ("mono_float.wav", "mono.expected.npy", Float(0)),
      ("mono_pcm_16.flac", "mono.expected.npy", 2e-5),
      ("mono_pcm_24.wav", "mono_pcm_24.wav.expected.npy", 0),
      ("mono_pcm_u8.wav", "mono_pcm_u8.wav.expected.npy", 0),
      ("mono_ulaw.wav", "mono_ulaw.wav.expected.npy", 0),
      ("mono_vorbis.ogg", "mono_vorbis.ogg.expected.npy", 1e-6),
    ])
  func decodes(file: String, expected: String, tolerance: Float) throws {
    let waveform = try Waveform.read(resource(file).path)
    let reference = try readNumpy(resource(expected)).values
    #expect(waveform.samplingRate == 16_000)
    #expect(waveform.samples.count == reference.count)
    let worst = zip(waveform.samples, reference).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst <= tolerance, "largest difference \(worst)")
  }

  @Test("mp3 is the same sound within what the coding loses") func mp3() throws {
    let waveform = try Waveform.read(resource("mono.mp3").path)
    let reference = try readNumpy(resource("mono.expected.npy")).values
    #expect(waveform.samplingRate == 16_000)
    // The encoder pads; the sound must lie at the same place.
    #expect(waveform.samples.count >= reference.count)
    let error = zip(waveform.samples, reference).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let power = reference.reduce(Float(0)) { $0 + $1 * $1 }
    #expect(error < 0.05 * power, "error \(error / power) of the power")
  }

  @Test("channels become their mean") func stereo() throws {
    let waveform = try Waveform.read(resource("stereo_16.wav").path)
    let reference = try readNumpy(resource("stereo.mono_mean.npy")).values
    #expect(waveform.samples.count == reference.count)
    let worst = zip(waveform.samples, reference).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 1e-7, "largest difference \(worst)")
  }

  @Test("a header is read without decoding") func header() throws {
    let header = try Waveform.header(resource("stereo_16.wav").path)
    #expect(
      header == AudioHeader(frames: 9600, samplingRate: 16_000, channels: 2, format: "WAV"))
    #expect(header.seconds == 0.6)
    #expect(try Waveform.header(resource("mono_pcm_16.flac").path).frames == 9600)
  }

  @Test("NIST sphere, as TIMIT's .WAV files are") func sphere() throws {
    let samples: [Int16] = [0, 16_384, -32_768, 8192]
    let text = """
      NIST_1A
         1024
      sample_count -i 4
      sample_n_bytes -i 2
      channel_count -i 1
      sample_byte_format -s2 01
      sample_rate -i 16000
      sample_coding -s3 pcm
      end_head

      """
    let head = Array(text.utf8) + Array(repeating: UInt8(ascii: " "), count: 1024 - text.utf8.count)
    try withFile("SX1.WAV", head + pcm(samples)) { path in
      let waveform = try Waveform.read(path)
      #expect(waveform.samples == [0, 0.5, -1, 0.25])
    }
    try withFile("SX1.WAV", head + pcm(Array(samples.prefix(2)))) { path in
      #expect(throws: AudioError.truncated(path: path, expected: 1032, found: 1028, unit: "bytes")) {
        try Waveform.read(path)
      }
    }
  }

  @Test("an AIFF file with another rate") func aiff() throws {
    func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    let rate: [UInt8] = [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]  // 8000 as an 80-bit float
    let common = [0, 1] + big(2) + [0, 16] + rate
    let sound = big(0) + big(0) + [0x40, 0, 0xc0, 0]
    let body =
      Array("AIFFCOMM".utf8) + big(UInt32(common.count)) + common + Array("SSND".utf8)
      + big(UInt32(sound.count)) + sound
    try withFile("a.aiff", Array("FORM".utf8) + big(UInt32(body.count)) + body) { path in
      let waveform = try Waveform.read(path)
      #expect(waveform == Waveform(samples: [0.5, -0.5], samplingRate: 8000))
    }
  }
}

@Suite("Files that are not what they should be") struct BadAudioTests {
  @Test("no such file") func missing() throws {
    #expect(throws: AudioError.missing(path: "/nowhere/a.wav")) { try Waveform.read("/nowhere/a.wav") }
  }

  @Test("a folder") func folder() throws {
    let path = FileManager.default.temporaryDirectory.path
    #expect(throws: AudioError.notAFile(path: path, kind: "a folder")) { try Waveform.read(path) }
  }

  @Test("an empty wav") func empty() throws {
    try withFile("a.wav", []) { path in
      #expect(throws: AudioError.noBytes(path: path)) { try Waveform.read(path) }
    }
  }

  @Test("a header without samples") func noSamples() throws {
    try withFile("a.wav", wav(payload: [])) { path in
      #expect(throws: AudioError.noSamples(path: path)) { try Waveform.read(path) }
    }
  }

  @Test("text, whatever its name", arguments: ["a.wav", "a.flac", "a.mp3", "a.au", "a.vox"])
  func text(name: String) throws {
    try withFile(name, Array("she had your dark suit\nin greasy wash water".utf8)) { path in
      #expect(
        throws: AudioError.notAudio(
          path: path, looksLike: "it is text that starts \"she had your dark suit\"")
      ) { try Waveform.read(path) }
    }
  }

  @Test("samples without a header are not guessed at") func headerless() throws {
    try withFile("a.vox", (0..<999).map { UInt8(truncatingIfNeeded: $0 * 37) }) { path in
      #expect(throws: AudioError.headerless(path: path)) { try Waveform.read(path) }
    }
  }

  @Test("a wav that was cut off") func truncatedWav() throws {
    let whole = wav(payload: pcm((0..<1000).map { Int16($0) }))
    try withFile("a.wav", Array(whole.prefix(1044))) { path in
      #expect(throws: AudioError.truncated(path: path, expected: 2044, found: 1044, unit: "bytes")) {
        try Waveform.read(path)
      }
    }
  }

  @Test("a flac that was cut off") func truncatedFlac() throws {
    let whole = [UInt8](try Data(contentsOf: resource("mono_pcm_16.flac")))
    try withFile("a.flac", Array(whole.prefix(whole.count / 2))) { path in
      #expect {
        try Waveform.read(path)
      } throws: { error in
        guard case AudioError.truncated(path, 9600, let found, "samples") = error else { return false }
        return found < 9600
      }
    }
  }

  @Test("an ogg, wherever it was cut off", arguments: [1, 100, 1000, 3000, 4000])
  func truncatedOgg(missing: Int) throws {
    let whole = [UInt8](try Data(contentsOf: resource("mono_vorbis.ogg")))
    try withFile("a.ogg", Array(whole.dropLast(missing))) { path in
      #expect {
        try Waveform.read(path)
      } throws: { error in
        guard case AudioError.truncated(path, _, whole.count - missing, "bytes") = error else {
          return false
        }
        return true
      }
    }
  }

  @Test("an au file that was cut off, and one of unknown length") func sun() throws {
    func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    func file(length: UInt32) -> [UInt8] {
      Array(".snd".utf8) + big(24) + big(length) + big(3) + big(16_000) + big(1) + [0x40, 0, 0xc0, 0]
    }
    try withFile("a.au", file(length: 4)) { path in
      let waveform = try Waveform.read(path)
      #expect(waveform.samples == [0.5, -0.5])
    }
    try withFile("a.au", file(length: 0xffff_ffff)) { path in
      let waveform = try Waveform.read(path)
      #expect(waveform.samples == [0.5, -0.5])
    }
    try withFile("a.au", file(length: 8)) { path in
      #expect(throws: AudioError.truncated(path: path, expected: 32, found: 28, unit: "bytes")) {
        try Waveform.read(path)
      }
    }
  }

  @Test("a streamed wav, whose writer could not know its length, is read to its end")
  func streamed() throws {
    try withFile("a.wav", wav(payload: pcm([1, 2, 3]), dataLength: 0xffff_ffff)) { path in
      let waveform = try Waveform.read(path)
      #expect(waveform.samples.count == 3)
    }
  }

  @Test("NaN and infinity", arguments: [Float.nan, .infinity]) func nonFinite(value: Float) throws {
    let samples: [Float] = [0, 0.1, value, 0]
    let bytes = samples.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    try withFile("a.wav", wav(payload: bytes, code: 3, bits: 32)) { path in
      #expect(throws: AudioError.nonFinite(path: path, sample: 2, seconds: 2.0 / 16_000)) {
        try Waveform.read(path)
      }
    }
  }

  @Test("no flipped or missing byte of a header crashes or allocates what it claims")
  func mutations() throws {
    let files = ["mono_pcm_16.flac", "mono_vorbis.ogg", "mono_pcm_24.wav"]
    for file in files {
      let whole = [UInt8](try Data(contentsOf: resource(file)))
      for step in 0..<24 {
        var bytes = Array(whole.prefix(4000))
        bytes[step * 5 % 60] ^= 1 << UInt8(step % 8)
        if step % 3 == 0 { bytes = Array(bytes.prefix(40 + step * 20)) }
        try withFile(file, bytes) { path in
          do {
            let waveform = try Waveform.read(path)
            #expect(waveform.samples.count <= 200_000 && waveform.samplingRate > 0)
          } catch let error as AudioError {
            #expect(error.description.contains(path))
          }
        }
      }
    }
  }
}

@Suite("Sound for players") struct WAVTests {
  @Test("reads back within half a step of 16 bits, clipped beyond ±1")
  func roundTrip() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "wav-\(UUID().uuidString).wav").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let samples: [Float] = [0, 0.5, -0.25, 1, -1, 1.5, .nan, 1e-5]
    try Data(Waveform(samples: samples, samplingRate: 16_000).wav()).write(to: URL(filePath: path))
    let read = try Waveform.read(path)
    #expect(read.samplingRate == 16_000)
    let expected: [Float] = [0, 0.5, -0.25, 1, -1, 1, 0, 0]
    #expect(read.samples.count == expected.count)
    #expect(zip(read.samples, expected).allSatisfy { abs($0 - $1) < 5e-5 })
  }
}
