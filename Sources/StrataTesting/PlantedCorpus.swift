import Audio
import Corpora
import Foundation
import Foundations

/// Recordings of white noise with phones and words as labels, for tests that need a corpus and no speech.
///
/// ```swift
/// let corpus = try PlantedCorpus().write(to: folder)
/// ```
/// Every speaker reads every sentence. A word is two or three phones of 60 to 140 ms, drawn once; a sentence is some words
/// with 100 ms of silence on both sides. The noise tells nothing of the labels, so that the input baseline is at chance.
public struct PlantedCorpus: Sendable, Equatable {
  /// How many speakers there are.
  public var speakers = 4
  /// How many sentences each of them reads.
  public var sentences = 6
  /// Words of a sentence.
  public var words = 6
  /// Different words.
  public var vocabulary = 6
  /// The seed of words, sentences, durations and noise.
  public var seed: UInt64 = 0

  private static let rate = 16_000
  private static let silence = 0.1
  private static let (consonants, vowels) = (["B", "D", "G", "M", "S"], ["AA", "IY", "UW"])

  public init() {}

  /// Writes a WAV file for each utterance, `speaker-1/sentence-1.wav` and so on, into a folder that need not be there.
  /// - Returns: The corpus with its labels, which are not written; `CorpusConverter` does that.
  /// - Throws: What writing the files throws.
  public func write(to folder: String) throws -> Corpus {
    let lexicon = lexicon
    var order = RandomNumbers(seed: seed, stream: "planted sentences")
    let texts = (0..<sentences).map { _ in (0..<words).map { _ in order.index(below: lexicon.count) } }
    var utterances: [Utterance] = []
    for speaker in 1...max(1, speakers) {
      for (place, text) in texts.enumerated() {
        let id = "speaker-\(speaker)/sentence-\(place + 1)"
        let labels = labels(of: text.map { lexicon[$0] }, id)
        let path = "\(folder)/\(id).wav"
        try FileManager.default.createDirectory(
          atPath: "\(folder)/speaker-\(speaker)", withIntermediateDirectories: true)
        try Data(noise(labels.seconds, id).wav()).write(to: URL(filePath: path))
        utterances.append(
          Utterance(
            id: id, audioPath: path, labelPath: path, speaker: "speaker-\(speaker)",
            sentence: "sentence \(place + 1)", seconds: labels.seconds,
            tiers: [
              .phoneme: Tier(name: "phones", level: .phoneme, intervals: labels.phones),
              .word: Tier(name: "words", level: .word, intervals: labels.words),
            ]))
      }
    }
    return Corpus(
      name: "planted", path: folder, utterances: utterances.sorted { $0.id < $1.id },
      silenceLabels: SilenceLabels.usual, issues: [])
  }

  /// Different words, each a consonant and a vowel, and sometimes a consonant more.
  private var lexicon: [[String]] {
    var numbers = RandomNumbers(seed: seed, stream: "planted words")
    func drawn(_ phones: [String]) -> String { phones[numbers.index(below: phones.count)] }
    let most = Self.consonants.count * Self.vowels.count * (1 + Self.consonants.count)
    var words: [[String]] = []
    while words.count < min(max(1, vocabulary), most) {
      var word = [drawn(Self.consonants), drawn(Self.vowels)]
      if numbers.index(below: 2) == 1 { word.append(drawn(Self.consonants)) }
      if !words.contains(word) { words.append(word) }
    }
    return words
  }

  private func labels(
    of words: [[String]], _ id: String
  ) -> (phones: [Interval], words: [Interval], seconds: Double) {
    var numbers = RandomNumbers(seed: seed, stream: "planted durations \(id)")
    var (time, phones, spans) = (Self.silence, [Interval](), [Interval]())
    for word in words {
      let start = time
      for phone in word {
        let end = ((time + 0.06 + Double(numbers.index(below: 81)) / 1000) * 1000).rounded() / 1000
        phones.append(Interval(start: time, end: end, label: phone))
        time = end
      }
      spans.append(Interval(start: start, end: time, label: word.joined().lowercased()))
    }
    return (phones, spans, time + Self.silence)
  }

  private func noise(_ seconds: Double, _ id: String) -> Waveform {
    var numbers = RandomNumbers(seed: seed, stream: "planted sound \(id)")
    let count = Int((seconds * Double(Self.rate)).rounded())
    return Waveform(
      samples: (0..<count).map { _ in Float(0.1 * numbers.normal()) }, samplingRate: Self.rate)
  }
}
