import Audio
import Corpora
import Foundation
import Strata
import StrataTestSupport
import Testing

/// A corpus in a temporary folder: recordings with a word each, and what corpus.yaml says.
private final class SmallCorpus {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

  init(_ files: [(name: String, bytes: Data)], settings: String? = nil) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for file in files {
      try file.bytes.write(to: folder.appending(path: file.name))
      let stem = file.name.split(separator: ".")[0]
      let words =
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n0\n0.5\n<exists>\n1\n"
        + "\"IntervalTier\"\n\"words\"\n0\n0.5\n1\n0\n0.5\n\"hello\"\n"
      try words.write(to: folder.appending(path: stem + ".TextGrid"), atomically: true, encoding: .utf8)
    }
    try settings?.write(to: folder.appending(path: "corpus.yaml"), atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func load() throws -> Corpus { try Corpus.load(folder.path) }

  /// 0.5 s of two channels at 16 kHz.
  static func stereo(_ right: (Double) -> Double) -> Data {
    let pairs = (0..<8000).flatMap { index -> [Int16] in
      let left = sin(Double(index) * 0.05)
      return [Int16(8000 * left), Int16(8000 * right(left))]
    }
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian, Array.init)
    }
    let size = UInt32(2 * pairs.count)
    var bytes = Array("RIFF".utf8) + little(36 + size) + Array("WAVEfmt ".utf8) + little(UInt32(16))
    bytes += little(UInt16(1)) + little(UInt16(2)) + little(UInt32(16_000)) + little(UInt32(64_000))
    bytes += little(UInt16(4)) + little(UInt16(16)) + Array("data".utf8) + little(size)
    return Data(bytes + pairs.flatMap { little($0) })
  }

  /// 0.5 s of silence as Sun's au.
  static var sun: Data {
    func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    let head = Array(".snd".utf8) + big(24) + big(16_000) + big(3) + big(16_000) + big(1)
    return Data(head + [UInt8](repeating: 0, count: 16_000))
  }

  static func fixture(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: Repository.path("Tests/AudioTests/Resources/" + name)))
  }
}

@Suite("Recordings of a corpus") struct SoundCheckTests {
  @Test("channels that cancel or differ are told, unless the owner has chosen") func channels() throws {
    let turned = SmallCorpus.stereo { -$0 }
    let other = SmallCorpus.stereo { $0 > 0 ? 1 : -0.2 }
    let same = SmallCorpus.stereo { $0 }
    func warnings(_ settings: String?) throws -> [CorpusIssue] {
      let corpus = try SmallCorpus(
        [("a.wav", same), ("b.wav", turned), ("c.wav", other), ("d.wav", other)], settings: settings)
      return try corpus.load().issues.filter { $0.message.contains("channels") }
    }
    let unsaid = try warnings(nil)
    #expect(unsaid.map(\.path) == ["b.wav", "c.wav"])
    #expect(unsaid.first?.message.contains("cancel") == true)
    #expect(unsaid.last?.message.contains("differ") == true)
    #expect(unsaid.last?.message.hasSuffix("; the same of 1 other recording") == true)
    #expect(unsaid.allSatisfy { $0.severity == .warning && $0.fix?.contains("channel: left") == true })
    #expect(try warnings("channel: mix\n").map(\.path) == ["b.wav"])
    #expect(try warnings("channel: left\n").isEmpty)
  }

  @Test("the chosen channel is what is heard, and changes the corpus's fingerprint") func chosen() throws {
    let file = [("a.wav", SmallCorpus.stereo { -$0 })]
    let (unsaid, right) = (try SmallCorpus(file), try SmallCorpus(file, settings: "channel: right\n"))
    let (mixed, heard) = (try unsaid.load(), try right.load())
    let loudness = try [mixed, heard].map { corpus in
      try corpus.utterances[0].sound().samples.map(abs).max() ?? 0
    }
    #expect(loudness[0] == 0 && loudness[1] > 0.2)
    #expect(mixed.fingerprint != heard.fingerprint)
  }

  @Test("an MP3 without a tag is studied to its end, and its clock is called unknown") func untagged()
    throws
  {
    let corpus = try SmallCorpus([
      ("a.mp3", try SmallCorpus.fixture("kinds/untagged_constant.mp3")),
      ("b.mp3", try SmallCorpus.fixture("kinds/untagged_variable.mp3")),
      ("c.mp3", try SmallCorpus.fixture("mono.mp3")),
    ]).load()
    #expect(corpus.utterances.map(\.seconds) == [0.684, 0.684, 0.6])
    let warnings = corpus.issues.filter { $0.message.contains("MP3") }
    #expect(warnings.map(\.path) == ["a.mp3"])
    #expect(warnings.first?.message.contains("69 ms late; the same of 1 other recording") == true)
  }

  @Test("audio that is not read is refused by name, unless it was converted") func foreign() throws {
    let m4a = try SmallCorpus.fixture("kinds/foreign.m4a")
    let wav = SmallCorpus.stereo { $0 }
    let corpus = try SmallCorpus([
      ("a.m4a", m4a), ("b.m4a", m4a), ("b.wav", wav), ("c.au", SmallCorpus.sun),
    ]).load()
    #expect(corpus.utterances.map(\.id) == ["b", "c"])
    let errors = corpus.issues.filter { $0.severity == .error }
    #expect(errors.map(\.path) == ["a.m4a"])
    #expect(errors.first?.message.contains("ffmpeg -i") == true)
    #expect(!corpus.issues.contains { $0.path == "b.m4a" })
  }
}
