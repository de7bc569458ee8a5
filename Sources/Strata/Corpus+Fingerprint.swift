import Checkpoints
import Corpora
import Files
import Foundation

extension Corpus {
  /// A hash (64-bit FNV-1a, hexadecimal) of what a study reads from the corpus: each utterance's id, speaker,
  /// sentence, length, channel and every label with its times. Audio enters by its length only; its bytes have a hash of
  /// their own.
  public var fingerprint: String {
    var hash = TextHash()
    for utterance in utterances {
      for text in [utterance.id, utterance.speaker, utterance.sentence, "\(utterance.seconds)"] {
        hash.add(text)
      }
      if let channel = utterance.channel { hash.add("channel \(channel)") }
      for level in Level.allCases {
        for interval in utterance.tiers[level]?.intervals ?? [] {
          hash.add("\(level.rawValue) \(interval.start) \(interval.end) \(interval.label)")
        }
      }
    }
    return hash.text
  }
}

extension Corpus {
  /// The files that are heard; none of texts.
  var recordings: [String] { isText ? [] : utterances.map(\.audioPath) }

  /// A hash (XXH3-128, hexadecimal) of the bytes of all recordings; of one that cannot be read, of that. Nil of texts.
  func soundFingerprint(_ fingerprints: FileFingerprints) -> String? {
    guard !isText else { return nil }
    return ContentHash.hexadecimal(
      of: utterances.map { (try? fingerprints.fingerprint(of: $0.audioPath)) ?? "-" }.joined(separator: " ")
    )
  }
}

/// A hash of texts, the same on every machine: 64-bit FNV-1a, in hexadecimal.
struct TextHash {
  private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ text: String) {
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ 0xff) &* 0x100_0000_01b3  // so that "ab" + "c" is not "a" + "bc"
  }

  var text: String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
