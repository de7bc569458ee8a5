import Foundation
import Testing

@testable import Audio

/// Numbers that no header should hold, at every place of it: each is a refusal or a sound, and never the end of the
/// process or memory without measure.
@Suite("Impossible numbers in headers") struct NumberTests {
  static let files = [
    "mono_pcm_24.wav", "mono_pcm_16.flac", "kinds/pipe_sox.aiff", "kinds/plain.au", "kinds/plain.caf",
    "kinds/plain.w64", "kinds/plain.rf64.wav", "kinds/pipe_ffmpeg.wav", "kinds/tagged.mp3",
    "mono_vorbis.ogg",
  ]

  /// 0, −1, 2³¹, 2³¹ − 1, 2⁶³ − 1, NaN, 1e308, 1e-308, in either order of bytes.
  static let patterns: [[UInt8]] =
    [
      [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff],
      withUnsafeBytes(of: UInt64(Int64.max).bigEndian, Array.init),
      [UInt8](repeating: 0xff, count: 8), [UInt8](repeating: 0, count: 8),
    ].flatMap { [$0, $0.reversed()] }
    + [Double.nan, 1e308, 1e-308].flatMap { value in
      let bytes = withUnsafeBytes(of: value.bitPattern.bigEndian, Array.init)
      return [bytes, bytes.reversed()]
    }

  @Test("are refused or read", arguments: files) func binary(file: String) throws {
    let whole = Array([UInt8](try Data(contentsOf: resource(file))).prefix(3300))
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: String(file.split(separator: "/").last ?? "")).path
    for place in stride(from: 2, to: 130, by: 2) {
      for pattern in Self.patterns {
        var bytes = whole
        bytes.replaceSubrange(place..<(place + pattern.count), with: pattern)
        try Data(bytes).write(to: URL(filePath: path))
        do {
          let header = try Waveform.header(path)
          #expect((header.frames ?? 0) <= Waveform.sampleLimit && header.samplingRate > 0)
          let sound = try Waveform.read(path)
          #expect(sound.samples.count <= 100_000)
        } catch let error as AudioError {
          #expect(error.description.contains(path))
        }
      }
    }
  }

  @Test("NIST sphere, whose numbers are text") func sphere() throws {
    let numbers = [
      "0", "-1", "2147483648", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "nan",
      "1e308", "1e-308",
    ]
    let fields = ["sample_count", "sample_n_bytes", "channel_count", "sample_rate"]
    let usual = ["4", "2", "1", "16000"]
    for changed in 0..<4 {
      for other in 0..<4 {
        for number in numbers {
          var values = usual
          values[changed] = number
          values[other] = number
          var text = "NIST_1A\n   1024\n"
          for (field, value) in zip(fields, values) { text += "\(field) -i \(value)\n" }
          text += "sample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n"
          let head = Array(text.utf8) + [UInt8](repeating: 0x20, count: 1024 - text.utf8.count)
          try withFile("a.sph", head + pcm([1, 2, 3, 4])) { path in
            do {
              let sound = try Waveform.read(path)
              #expect(sound.samples.count <= 8)
            } catch let error as AudioError {
              #expect(error.description.contains(path))
            }
          }
        }
      }
    }
    for length in numbers {
      let text = "NIST_1A\n   \(length)\nsample_count -i 4\nsample_n_bytes -i 2\nend_head\n"
      try withFile("a.sph", Array(text.utf8) + [UInt8](repeating: 0x20, count: 2000)) { path in
        #expect(throws: AudioError.self) { _ = try Waveform.read(path) }
      }
    }
  }
}
