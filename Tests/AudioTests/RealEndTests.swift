import Foundation
import StrataTestSupport
import Testing

@testable import Audio

/// The signal that every file of `kinds` holds: whole, or its first 0.1 s.
private func signal() throws -> [Float] { try readNumpy(resource("mono.expected.npy")).values }

private func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: resource(name))) }

/// The shift of `found` against `reference`, out of `shifts`, at which they agree best, and what share of the power then
/// differs.
private func shift(
  _ found: [Float], _ reference: [Float], among shifts: [Int]
) -> (samples: Int, error: Float) {
  let power = reference.reduce(Float(0)) { $0 + $1 * $1 }
  let errors = shifts.map { shift -> Float in
    var error: Float = 0
    for index in 0..<min(reference.count, found.count - shift) {
      let difference = found[index + shift] - reference[index]
      error += difference * difference
    }
    return error / power
  }
  let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
  return (shifts[best], errors[best])
}

@Suite("MP3 to its real end") struct MPEGTests {
  @Test(
    "without a tag, all frames are read and the delay is called unknown",
    arguments: ["untagged_constant.mp3", "untagged_variable.mp3"])
  func untagged(name: String) throws {
    let path = resource("kinds/" + name).path
    let header = try Waveform.header(path)
    let sound = try Waveform.read(path)
    #expect(header.frames == 19 * 576 && sound.samples.count == 19 * 576)
    #expect(header.notes == [.unknownDelay(samplingRate: 16_000)])
    // 1105 samples: LAME's 576 and a decoder's 529.
    let found = shift(sound.samples, try signal(), among: [0, 529, 576, 1104, 1105, 1106])
    #expect(found.samples == AudioNote.usualDelay && AudioNote.usualDelay == 1105)
    #expect(found.error < 0.15, "\(found.error) of the power")
  }

  @Test("with a tag, the sound begins and ends where it did", arguments: ["mono.mp3", "kinds/tagged.mp3"])
  func tagged(name: String) throws {
    let sound = try Waveform.read(resource(name).path)
    let header = try Waveform.header(resource(name).path)
    #expect(header.frames == 9600 && sound.samples.count == 9600 && header.notes.isEmpty)
    let found = shift(sound.samples, try signal(), among: [0, 1, 2, 40])
    #expect(found.samples == 0 && found.error < 0.05, "\(found)")
  }

  @Test("layer 2") func layer2() throws {
    let sound = try Waveform.read(resource("kinds/layer2.mp2").path)
    #expect(sound.samples.count == 9 * 1152)
  }

  @Test("joined files are read one after the other, each from where its sound begins") func joined() throws
  {
    let tagged = try bytes("mono.mp3")
    let alone = try Waveform.read(resource("mono.mp3").path).samples
    let untagged = try Waveform.read(resource("kinds/untagged_constant.mp3").path).samples
    try withFile("a.mp3", tagged + tagged) { path in
      let header1 = try Waveform.header(path)
      #expect(header1.frames == 2 * 9600)
      let header2 = try Waveform.header(path)
      #expect(header2.notes == [.joined(parts: 2)])
      let sound3 = try Waveform.read(path)
      #expect(sound3.samples == alone + alone)
    }
    try withFile("a.mp3", tagged + (try bytes("kinds/untagged_constant.mp3")) + tagged) { path in
      let header4 = try Waveform.header(path)
      #expect(header4.notes == [.joined(parts: 3)])
      let sound5 = try Waveform.read(path)
      #expect(sound5.samples == alone + untagged + alone)
    }
  }

  @Test("a tagged file that was cut is cut off; an untagged one ends within a frame") func cut() throws {
    try withFile("a.mp3", Array(try bytes("mono.mp3").prefix(2600))) { path in
      for body in [{ _ = try Waveform.read(path) }, { _ = try Waveform.header(path) }] {
        #expect {
          try body()
        } throws: { error in
          guard case AudioError.truncated(path, 19 * 576, let found, "samples") = error else {
            return false
          }
          return found > 0 && found < 19 * 576 && found % 576 == 0
        }
      }
    }
    try withFile("a.mp3", Array(try bytes("kinds/untagged_constant.mp3").dropLast(60))) { path in
      let header6 = try Waveform.header(path)
      #expect(header6.frames == 18 * 576)
      let sound7 = try Waveform.read(path)
      #expect(sound7.samples.count == 18 * 576)
      let header8 = try Waveform.header(path)
      #expect(header8.notes.contains(.endsInFrame))
    }
  }

  @Test("a tag in front and one behind change nothing") func foreignTags() throws {
    let untagged = try bytes("kinds/untagged_constant.mp3")
    let id3 = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0x10, 0] + [UInt8](repeating: 0xff, count: 2048)
    let behind = Array("TAG".utf8) + [UInt8](repeating: 0, count: 125)
    try withFile("a.mp3", id3 + untagged + behind) { path in
      let header = try Waveform.header(path)
      #expect(header.frames == 19 * 576 && header.notes == [.unknownDelay(samplingRate: 16_000)])
      let (found, plain) = (
        try Waveform.read(path), try Waveform.read(resource("kinds/untagged_constant.mp3").path)
      )
      #expect(found == plain)
    }
  }

  @Test("noise of that name is no audio") func noise() throws {
    var state: UInt32 = 7
    let noise = (0..<40_000).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    try withFile("a.mp3", [0] + noise) { path in
      #expect(throws: AudioError.self) { try Waveform.read(path) }
    }
  }
}

@Suite("Containers to their real end") struct ContainerEndTests {
  @Test("chained Ogg is read to its last link") func chained() throws {
    let link = try bytes("mono_vorbis.ogg")
    let alone = try Waveform.read(resource("mono_vorbis.ogg").path).samples
    try withFile("a.ogg", link + link + link) { path in
      let header = try Waveform.header(path)
      #expect(header.frames == 3 * alone.count && header.notes == [.joined(parts: 3)])
      let sound9 = try Waveform.read(path)
      #expect(sound9.samples == alone + alone + alone)
    }
    try withFile("a.ogg", Array((link + link).dropLast(100))) { path in
      #expect(throws: AudioError.self) { try Waveform.read(path) }
    }
    let opus = try bytes("kinds/plain.opus")
    try withFile("a.opus", opus + opus) { path in
      let sound10 = try Waveform.read(path)
      #expect(sound10.samples.count == 2 * 1600)
    }
    #expect(try Waveform.header(resource("mono_vorbis.ogg").path).notes.isEmpty)
  }

  @Test(
    "what came out of a pipe is read whole, and said to have no length",
    arguments: [
      "pipe_ffmpeg.wav", "pipe_ffmpeg.aiff", "pipe_ffmpeg.caf", "pipe_ffmpeg.w64", "pipe_ffmpeg.flac",
      "pipe_sox.aiff",
    ])
  func pipes(name: String) throws {
    let path = resource("kinds/" + name).path
    let expected = try signal().prefix(1600).quantised
    #expect(try Waveform.read(path).samples == expected)
    let header = try Waveform.header(path)
    #expect(header.frames == 1600 && header.notes == [.unknownLength])
  }

  @Test("plain files of every kind", arguments: ["rf64.wav", "w64", "caf", "au"]) func plain(ending: String)
    throws
  {
    let path = resource("kinds/plain." + ending).path
    let expected = try signal().prefix(1600).quantised
    #expect(try Waveform.read(path).samples == expected)
    #expect(try Waveform.header(path).notes.isEmpty)
    try withFile("cut." + ending, Array(try bytes("kinds/plain." + ending).dropLast(500))) { path in
      #expect {
        try Waveform.read(path)
      } throws: {
        guard case AudioError.truncated = $0 else { return false }
        return true
      }
    }
  }

  @Test(
    "whatever placeholder a writer leaves for a WAV's or AIFF's length",
    arguments: [0, 0x7f00_0000, 0x7fff_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32])
  func placeholders(size: UInt32) throws {
    let samples = (1...300).map { Int16($0) }
    let expected = samples.map { Float($0) / 32_768 }
    try withFile("a.wav", wav(payload: pcm(samples), dataLength: size)) { path in
      let sound11 = try Waveform.read(path)
      #expect(sound11.samples == expected)
      let header12 = try Waveform.header(path)
      #expect(header12.notes == [.unknownLength])
    }
    let big = withUnsafeBytes(of: size.bigEndian, Array.init)
    var aiff = try bytes("kinds/pipe_ffmpeg.aiff")
    aiff.replaceSubrange(4..<8, with: big)
    let sound = try #require(aiff.indices.first { aiff[$0...].starts(with: "SSND".utf8) })
    aiff.replaceSubrange((sound + 4)..<(sound + 8), with: big)
    try withFile("a.aiff", aiff) { path in
      let sound13 = try Waveform.read(path)
      #expect(sound13.samples.count == 1600)
    }
  }

  @Test("an empty data chunk before another chunk is empty") func emptyData() throws {
    let list = Array("LIST".utf8) + [4, 0, 0, 0] + Array("INFO".utf8)
    try withFile("a.wav", wav(payload: []) + list) { path in
      #expect(throws: AudioError.noSamples(path: path)) { try Waveform.read(path) }
    }
  }

  @Test(
    "what is not read is called by its name, with the command that helps",
    arguments: [
      ("foreign.m4a", ForeignAudio.mp4), ("foreign.aac", .adts), ("foreign.webm", .matroska),
      ("foreign.mka", .matroska), ("foreign.wma", .asf), ("foreign.wv", .wavPack),
      ("foreign.tta", .trueAudio),
    ])
  func foreign(name: String, kind: ForeignAudio) throws {
    let path = resource("kinds/" + name).path
    let flac = resource("kinds/foreign.flac").path
    let expected = AudioError.unsupported(
      path: path, format: kind.rawValue, command: "ffmpeg -i '\(path)' '\(flac)'")
    #expect(throws: expected) { _ = try Waveform.read(path) }
    #expect(throws: expected) { _ = try Waveform.header(path) }
  }

  @Test("SPHERE that shorten compressed needs sph2pipe") func shorten() throws {
    let text =
      "NIST_1A\n   1024\nsample_count -i 4\nsample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n"
    let head = Array(text.utf8) + Array(repeating: UInt8(ascii: " "), count: 1024 - text.utf8.count)
    try withFile("SX1.WAV", head + Array("ajkg".utf8) + [2, 0, 1, 2]) { path in
      let wav = path.dropLast(4) + ".wav"
      #expect(
        throws: AudioError.unsupported(
          path: path, format: ForeignAudio.sphereShorten.rawValue,
          command: "sph2pipe -f wav '\(path)' '\(wav)'")
      ) { try Waveform.read(path) }
    }
  }
}

@Suite("What stands in a file's place") struct NoFileTests {
  @Test("a pipe, a device and a broken link are refused without waiting") func waits() throws {
    try withFile("a", [0]) { path in
      let pipe = path + ".wav"
      #expect(mkfifo(pipe, 0o600) == 0)
      #expect(throws: AudioError.notAFile(path: pipe, kind: "a pipe")) { try Waveform.header(pipe) }
      #expect(throws: AudioError.notAFile(path: pipe, kind: "a pipe")) { try Waveform.read(pipe) }
      let link = path + ".flac"
      #expect(symlink("/nowhere/a.flac", link) == 0)
      #expect(throws: AudioError.brokenLink(path: link, target: "/nowhere/a.flac")) {
        try Waveform.read(link)
      }
    }
    #expect(throws: AudioError.notAFile(path: "/dev/zero", kind: "a device")) {
      try Waveform.read("/dev/zero")
    }
  }
}

@Suite("Channels") struct ChannelTests {
  /// Two channels, interleaved.
  private func stereo(_ left: [Int16], _ right: [Int16]) -> [UInt8] {
    wav(payload: pcm(zip(left, right).flatMap { [$0, $1] }), channels: 2)
  }

  private let left = (0..<4000).map { Int16(8000 * sin(Double($0) * 0.05)) }
  private let right = (0..<4000).map { Int16(8000 * sin(Double($0) * 0.083)) }

  @Test("each is read by itself, and one that is not there is refused") func each() throws {
    try withFile("a.wav", stereo(left, right)) { path in
      let sound14 = try Waveform.read(path, channel: 0)
      #expect(sound14.samples == left.map { Float($0) / 32_768 })
      let sound15 = try Waveform.read(path, channel: 1)
      #expect(sound15.samples == right.map { Float($0) / 32_768 })
      #expect(throws: AudioError.noChannel(path: path, asked: 2, channels: 2)) {
        try Waveform.read(path, channel: 2)
      }
    }
  }

  @Test("channels that agree, differ and cancel are told apart") func comparison() throws {
    func agreement(_ a: [Int16], _ b: [Int16]) throws -> ChannelComparison {
      var found: ChannelComparison?
      try withFile("a.wav", stereo(a, b)) { found = try Waveform.compareChannels($0) }
      return try #require(found)
    }
    let same = try agreement(left, left)
    #expect(same.agreement == 1 && !same.differ && !same.cancel)
    let turned = try agreement(left, left.map { -$0 })
    #expect(turned.agreement == 0 && turned.differ && turned.cancel)
    let unrelated = try agreement(left, right)
    #expect(abs(unrelated.agreement - 0.5) < 0.02 && unrelated.differ && !unrelated.cancel)
    let silent = try agreement(left, left.map { _ in 0 })
    #expect(silent.agreement == 0.5 && silent.differ && !silent.cancel)
    let quieter = try agreement(left, left.map { $0 / 10 * 9 })
    #expect(!quieter.differ)
    #expect(try Waveform.compareChannels(resource("mono_float.wav").path) == nil)
  }
}

extension Sequence<Float> {
  /// As 16 bits hold it.
  fileprivate var quantised: [Float] { map { ($0 * 32_768).rounded() / 32_768 } }
}
