import Foundation
import Foundations
import Testing

@testable import Corpora

/// Damages real files at random, the same way each time: whatever comes of it is an error or labels that hold
/// together, never a crash or a hang. `scripts/fuzz.sh` searches longer and with feedback.
@Suite("Damaged at random") struct MutationTests {
  static let files = [
    "utf16le-nobom.TextGrid", "utf16be-bom.TextGrid", "points.TextGrid", "short.TextGrid", "PHN", "WRD",
    "TXT",
    "phones.ctm", "words.ctm", "audacity.txt", "elan.tsv", "csv", "mfa.json", "lab", "twolevel.lab", "mlf",
    "eaf",
  ]

  @Test("label files are read or refused", arguments: files)
  func mutations(name: String) throws {
    let original = try bytes("formats/austen_0880.\(name)")
    let format = try LabelFormat.recognise(LabelText(original, path: name == "PHN" ? "a.PHN" : "a.\(name)"))
    var numbers = SplitMix64(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for _ in 0..<80 {
      var bytes = original
      for _ in 0...Int.random(in: 0...3, using: &numbers) { Self.mutate(&bytes, using: &numbers) }
      Self.readEverything(bytes, path: "a.\(name)", format: format)
    }
  }

  /// Inputs that once brought a reader down (`Resources/found/TARGET`).
  static let found: [String] = {
    let names = FileManager.default.subpaths(atPath: resource("found")) ?? []
    return names.filter { $0.contains("/") }.sorted()
  }()

  @Test("inputs that fuzzing found stay harmless", arguments: found)
  func staysHarmless(name: String) throws {
    let bytes = try bytes("found/\(name)")
    let format = name.split(separator: "/").first.flatMap { LabelFormat(rawValue: String($0)) }
    if let format {
      // The first byte chooses the file's ending in the fuzzer.
      for ending in ["txt", "PHN", "WRD"] {
        Self.readEverything(Array(bytes.dropFirst()), path: "a.\(ending)", format: format)
      }
    } else {
      try Self.loadCorpus(bytes)
    }
  }

  @Test("a corpus's settings and table are read or refused")
  func settings() throws {
    let yaml = Array(
      """
      tiers: {words: word}
      speaker: {pattern: "^([a-z]+)_"}
      sentence: {column: sentence}
      silence: [sil, "<eps>"]
      phone_set: arpabet
      %%%
      utterance\tspeaker\tsentence
      an_1\tan\ts1
      %%%
      """.utf8)
    let original = yaml + textGrid([("words", [(0, 0.5, "good"), (0.5, 1, "day")])]).utf8
    var numbers = SplitMix64(seed: 11)
    for _ in 0..<150 {
      var bytes = original
      for _ in 0...Int.random(in: 0...2, using: &numbers) { Self.mutate(&bytes, using: &numbers) }
      try Self.loadCorpus(bytes)
    }
  }

  /// Settings, table and TextGrid of a corpus of two recordings, with `%%%` between them.
  static func loadCorpus(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let parts = text.split(separator: "%%%\n", maxSplits: 2, omittingEmptySubsequences: false).map(
      String.init)
    let folder = try TemporaryFolder()
    for name in ["an_1.wav", "x/bo_1.wav"] { try folder.write(name) }
    try folder.write("corpus.yaml", parts[0])
    if parts.count > 1 { try folder.write("utterances.tsv", parts[1]) }
    if parts.count > 2 {
      for name in ["an_1", "x/bo_1"] { try folder.write("\(name).TextGrid", parts[2]) }
    }
    do throws(CorpusError) {
      let corpus = try Corpus.load(folder.path) { $0.hasSuffix("an_1.wav") ? 1 : nil }
      for utterance in corpus.utterances { check(utterance) }
      _ = try? SplitPlan.make(for: corpus, seed: 1)
    } catch {
      #expect(!error.description.isEmpty)
    }
  }

  /// Reads a file and takes its labels all the way to spans.
  static func readEverything(_ bytes: [UInt8], path: String, format: LabelFormat) {
    do throws(CorpusError) {
      let text = try LabelText(bytes, path: path)
      for recording in try LabelFile.recordings(text, format: format) {
        var issues = IssueList()
        let found = TierLevels(mapping: ["labels": .phoneme]).find(
          in: recording.tiers, issues: &issues)
        let other = TierLevels(mapping: nil).find(in: recording.tiers, issues: &issues)
        var tiers = (found.speakers + other.speakers).reduce(into: [Level: Tier]()) { tiers, found in
          tiers.merge(found.tiers) { $1 }
        }
        let labelling = Labelling(phoneSet: .arpabet)
        for seconds in [2.99, nil] {
          for (level, tier) in tiers {
            tiers[level] = TierCheck.repaired(
              tier, seconds: seconds, labelling: labelling, issues: &issues)
          }
          if let phones = tiers[.phoneme], let words = tiers[.word] {
            tiers[.syllable] = DerivedTiers.syllables(phones: phones, words: words, labelling: labelling)
            tiers[.phrase] = DerivedTiers.phrases(words: words, labelling: labelling)
          }
          check(
            Utterance(
              id: "a", audioPath: "", labelPath: path, speaker: "s", sentence: "x", seconds: seconds ?? 1e7,
              tiers: tiers,
              labelling: labelling))
        }
      }
    } catch {
      #expect(error.description.hasPrefix(path))
    }
  }

  /// Whatever was read, spans lie in the audio, in order, and last.
  static func check(_ utterance: Utterance) {
    for level in Level.allCases {
      let spans = utterance.spans(at: level)
      #expect(spans.allSatisfy { $0.start < $0.end && $0.start >= 0 && $0.end <= utterance.seconds })
      #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.start <= $1.start })
    }
  }

  /// One change of the kinds that bring readers of text down.
  static func mutate(_ bytes: inout [UInt8], using numbers: inout SplitMix64) {
    guard bytes.count > 8 else { return }
    let position = Int.random(in: 0..<bytes.count, using: &numbers)
    let count = min(Int.random(in: 1...40, using: &numbers), bytes.count - position)
    switch Int.random(in: 0..<7, using: &numbers) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
    case 1: bytes.removeLast(bytes.count - position)
    case 2: bytes.removeSubrange(position..<(position + count))
    case 3:
      let start = Int.random(in: 0...(bytes.count - count), using: &numbers)
      bytes.insert(contentsOf: bytes[start..<(start + count)], at: position)
    case 4:
      if let digit = bytes[position...].firstIndex(where: { (48...57).contains($0) }) {
        bytes[digit] = UInt8.random(in: 45...57, using: &numbers)
      }
    default:
      let pieces = [
        "\"", "\"\"", "\n", "\r", "\t", " ", "\0", "-1", "1e308", "9223372036854775808", "nan", "<", ">",
        "!", ".", ",",
        "{", "[", "]", "%%%\n", "\u{feff}", "ə", "&a *a",
      ]
      let piece = pieces.randomElement(using: &numbers) ?? ""
      let isInvalid = Int.random(in: 0..<12, using: &numbers) == 0
      bytes.insert(contentsOf: isInvalid ? [0xff] : Array(piece.utf8), at: position)
    }
  }
}
