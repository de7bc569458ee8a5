import Foundation
import SpeechHierarchy

extension Corpus {
  /// A hash (64-bit FNV-1a, hexadecimal) of what a study reads from the corpus: each utterance's id, speaker,
  /// sentence, length and every label with its times. Audio enters by its length only.
  var fingerprint: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3  // so that "ab" + "c" is not "a" + "bc"
    }
    for utterance in utterances {
      [utterance.id, utterance.speaker, utterance.sentence, "\(utterance.seconds)"].forEach(add)
      for level in Level.allCases {
        for interval in utterance.tiers[level]?.intervals ?? [] {
          add("\(level.rawValue) \(interval.start) \(interval.end) \(interval.label)")
        }
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
