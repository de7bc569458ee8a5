import Audio
import Corpora

/// Whether a corpus's labels lie where its sound changes, found without any model.
///
/// At the boundaries of phones the spectrum changes, and where speech begins or ends the loudness does. Labels whose
/// clock is not the audio's meet these changes better after a shift or a stretch: all shifts of up to 1.5 s and stretches of
/// up to 25 % are tried on a sample of the recordings, and what is clearly better in most of them is told.
///
/// ```swift
/// for finding in AlignmentCheck(corpus).findings() { print(finding) }
/// ```
public struct AlignmentCheck {
  /// What would make the labels fit.
  public struct Finding: Sendable, Equatable, Codable {
    /// Nil for the whole corpus.
    public var speaker: String?
    /// Seconds to add to the labels' times.
    public var shift: Double
    /// What the times are to be multiplied with, less 1; the shift comes after it.
    public var stretch: Double
    /// How many stretches of speech were looked at, and how many of them fit better so.
    public var pieces, agreeing: Int
  }

  /// How much audio is looked at, in seconds; each speaker's share is the same.
  static let budget = 300.0
  /// Of one recording, in seconds.
  static let longest = 60.0
  /// How much may be decoded for it, in seconds.
  static let decodingBudget = 1800.0
  static let mostSpeakers = 60
  /// Edges in a piece: what is counted as one observation.
  static let pieceEdges = 10
  /// The fewest pieces that tell anything.
  static let fewestPieces = 8
  /// Frames of 10 ms.
  static let farMoves = -150...150
  static let moves = -30...30
  static let stretches = [1, 2, 3, 4, 5, 6, 8, 9, 10, 12.5, 15, 20, 25].flatMap { [-$0 / 100, $0 / 100] }

  private let corpus: Corpus

  /// A check of a corpus of recordings; of texts it finds nothing.
  public init(_ corpus: Corpus) { self.corpus = corpus }

  /// What does not fit, of the corpus where its speakers agree, else of each speaker; empty where all fits, where there is
  /// too little to tell, and for texts.
  public func findings() -> [Finding] {
    guard !corpus.isText else { return [] }
    let pieces = sample().compactMap { Self.pieces(of: $0.utterance, seconds: $0.seconds) }.flatMap(\.self)
    let speakers = Dictionary(grouping: pieces, by: \.speaker)
    let all = Self.finding(pieces)
    let own =
      speakers.count < 2
      ? []
      : speakers.sorted { $0.key < $1.key }.compactMap { speaker, pieces in
        Self.finding(pieces).map { finding -> Finding in
          var finding = finding
          finding.speaker = speaker
          return finding
        }
      }
    // One clock for all: where every speaker that tells anything tells the same as the whole.
    let telling = speakers.values.count { $0.count >= Self.fewestPieces }
    if let all, own.count >= telling,
      own.allSatisfy({ abs($0.shift - all.shift) <= 0.03 && $0.stretch == all.stretch })
    {
      return [all]
    }
    return own.isEmpty ? all.map { [$0] } ?? [] : own
  }

  // MARK: The sample

  /// Utterances of every speaker, evenly through the corpus, and how much of each is looked at, in seconds.
  private func sample() -> [(utterance: Utterance, seconds: Double)] {
    let all = Dictionary(grouping: corpus.utterances, by: \.speaker).sorted { $0.key < $1.key }.map(\.value)
    let count = min(all.count, Self.mostSpeakers)
    let share = Self.budget / Double(max(1, count))
    let part = min(Self.longest, max(share, 5))
    let rounds = (0..<count).flatMap { place -> [(round: Int, utterance: Utterance)] in
      let own = all[place * all.count / count]
      let mean = own.reduce(0) { $0 + min($1.seconds, part) } / Double(own.count)
      let count = max(1, min(own.count, Int((share / max(mean, 0.1)).rounded(.up))))
      return (0..<count).map { ($0, own[$0 * own.count / count]) }
    }
    // A file is decoded whole: of hours of audio a few must do.
    var decoded = 0.0
    return rounds.sorted { ($0.round, $0.utterance.id) < ($1.round, $1.utterance.id) }.prefix { row in
      defer { decoded += row.utterance.seconds }
      return decoded < Self.decodingBudget
    }.map { ($0.utterance, part) }
  }

  // MARK: Fitting

  /// A stretch of speech, and how well each change of its labels' times fits it.
  struct Piece {
    let speaker: String
    let isOfPhones: Bool
    /// For each far move without a stretch.
    let far: [Double]
    /// For each stretch, each move.
    let stretched: [[Double]]
  }

  /// Nil where the recording cannot be read or has no labels.
  static func pieces(of utterance: Utterance, seconds: Double = longest) -> [Piece]? {
    guard let edges = LabelledEdges(utterance), edges.edges.count > 1,
      let waveform = try? Waveform.read(utterance.audioPath, channel: utterance.channel),
      let sound = try? SoundChange(waveform.prefix(seconds: seconds))
    else { return nil }
    let inside = edges.edges.filter { $0.time < seconds }
    let count = max(1, inside.count / pieceEdges)
    return (0..<count).map { piece in
      let part = inside[(piece * inside.count / count)..<((piece + 1) * inside.count / count)]
      return Piece(
        speaker: utterance.speaker, isOfPhones: edges.areOfPhones,
        far: edges.fit(part, to: sound, stretch: 0, moves: farMoves),
        stretched: stretches.map { edges.fit(part, to: sound, stretch: $0, moves: moves) })
    }
  }

  /// The change that makes pieces fit clearly better; nil where there is none.
  static func finding(_ pieces: [Piece]) -> Finding? {
    guard pieces.count >= fewestPieces else { return nil }
    let none = -farMoves.lowerBound
    func sum(_ rows: [[Double]]) -> [Double] {
      rows.reduce(into: [Double](repeating: 0, count: rows.first?.count ?? 0)) { sums, row in
        for index in row.indices { sums[index] += row[index] }
      }
    }
    func best(_ sums: [Double]) -> (place: Int, value: Double) {
      sums.enumerated().max { $0.element < $1.element }.map { ($0.offset, $0.element) } ?? (0, 0)
    }
    let far = sum(pieces.map(\.far))
    let (shifted, value) = best(far)
    let asIs = Comparison(pieces.map { ($0.far[none], $0.far[shifted]) })
    let ofPhones = pieces.count { $0.isOfPhones } * 2 > pieces.count
    let shift = Double(shifted - none) / SoundChange.rate
    var found: Finding?
    // Words' edges are softer than phones', and drawn a little before or behind the change of the sound.
    if abs(shift) >= (ofPhones ? 0.03 : 0.06), asIs.isClear(share: 0.75) {
      found = Finding(
        speaker: nil, shift: shift, stretch: 0, pieces: pieces.count, agreeing: asIs.agreeing)
    }
    // A stretch must fit better than the best shift alone does.
    let stretched = stretches.indices.map { index in best(sum(pieces.map { $0.stretched[index] })) }
    if let index = stretches.indices.max(by: { stretched[$0].value < stretched[$1].value }),
      stretched[index].value > value, abs(stretches[index]) >= 0.02
    {
      let place = stretched[index].place
      let compared = Comparison(pieces.map { ($0.far[shifted], $0.stretched[index][place]) })
      let whole = Comparison(pieces.map { ($0.far[none], $0.stretched[index][place]) })
      if compared.isClear(share: 0.75), whole.isClear(share: 0.75) {
        found = Finding(
          speaker: nil, shift: Double(place + moves.lowerBound) / SoundChange.rate,
          stretch: stretches[index],
          pieces: pieces.count, agreeing: whole.agreeing)
      }
    }
    return found
  }

  /// How pieces fit one way and another.
  private struct Comparison {
    let agreeing: Int
    private let ratio, t: Double

    init(_ pairs: [(before: Double, after: Double)]) {
      let gains = pairs.map { $0.after - $0.before }
      let count = Double(max(gains.count, 1))
      let mean = gains.reduce(0, +) / count
      let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
      agreeing = gains.count { $0 > 0 }
      t = mean / max((variance / count).squareRoot(), 1e-9)
      let after = pairs.reduce(0) { $0 + $1.after }
      ratio = after > 0 ? pairs.reduce(0) { $0 + $1.before } / after : 1
    }

    /// Whether the second fits better beyond doubt (t of 4), and the first at most `share` as well.
    func isClear(share: Double) -> Bool { t >= 4 && ratio <= share }
  }
}

extension AlignmentCheck.Finding: CustomStringConvertible {
  public var description: String {
    let whose = speaker.map { "the labels of \($0)" } ?? "the labels"
    let milliseconds = Int((shift * 1000).rounded())
    let moved = "\(milliseconds > 0 ? "+" : "")\(milliseconds) ms"
    let sure = "in \(agreeing) of \(pieces) stretches of speech"
    if stretch == 0 { return "\(whose) fit the sound clearly better when moved by \(moved) (\(sure))" }
    let factor = ((1 + stretch) * 1000).rounded() / 1000
    let and = milliseconds == 0 ? "" : " and moved by \(moved)"
    return
      "\(whose) fit the sound clearly better when their times are multiplied by \(factor)\(and) (\(sure))"
  }

  /// What its owner can do.
  public var fix: String {
    guard stretch == 0 else {
      return
        "use the audio that was labelled: this one was changed in speed, or its header has a wrong rate"
    }
    let value = "\((shift * 1000).rounded() / 1000)"
    let setting = speaker.map { "shift: {\($0): \(value)}" } ?? "shift: \(value)"
    return "look at one in Praat or ELAN; if it is so, say `\(setting)` in corpus.yaml"
      + (speaker == nil ? ", or try it with --shift \(value)" : "")
  }
}

extension Waveform {
  /// Its beginning, or all of it where it is shorter.
  fileprivate func prefix(seconds: Double) -> Waveform {
    let count = Int(seconds * Double(samplingRate))
    return samples.count <= count
      ? self : Waveform(samples: Array(samples.prefix(count)), samplingRate: samplingRate)
  }
}
