import Corpora
import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What an attention head follows, over some recordings.
public struct HeadProfile: Sendable {
  /// Where a key can lie from its query's point of view.
  public enum Place: String, Sendable, CaseIterable {
    case samePhone = "same phone"
    case previousPhone = "previous phone"
    case nextPhone = "next phone"
    /// The word's other phones.
    case sameWord = "rest of the word"
    /// Frames next to where one phone ends and another begins.
    case boundary
    case silence
  }

  /// How much of the attention falls on one kind of place.
  public struct Share: Sendable, Equatable {
    /// The kind of place.
    public let place: Place
    /// Of the attention of queries that have such a place, the mean over recordings.
    public let share: Double
    /// The same with labels moved along the recording by a random stretch, end joined to start, which keeps how near
    /// the head looks and how long phones are: the mean over such moves.
    public let chance: Double
    /// How many of chance's standard deviations lie between share and chance.
    public let score: Double
  }

  /// The tap point of the attention, `attention.k`.
  public let layer: String
  /// The head, counted from 1.
  public let head: Int
  /// The shares of all kinds of places that occur.
  public let shares: [Share]
  /// Bits of a query's attention, the mean over queries.
  public let entropy: Double
  /// Bits that attention spread evenly over all keys would have.
  public let mostEntropy: Double
  /// Milliseconds from query to key, weighed by attention; nil where a query is a token and has no time.
  public let distance: Double?

  /// The place that stands out most: at least 4 standard deviations and a quarter above chance.
  public var name: String {
    let found = shares.filter { $0.score >= 4 && $0.share >= 1.25 * $0.chance && $0.share >= 0.02 }
    return found.max { $0.score < $1.score }?.place.rawValue ?? "nothing of these"
  }
}

/// The labels of a recording, frame by frame.
struct FrameLabels: Sendable {
  /// Stretches of frames: phones and silences.
  let phones: [(frames: Range<Int>, isSilence: Bool)]
  /// The stretch of each frame, and the frames of its word; nil outside words.
  let phone: [Int]
  let word: [Range<Int>?]

  /// `phone` and `word` tell of each frame which span holds its centre, −1 for none; `shift` frames later ones come
  /// first.
  init(phone: [Int], word: [Int], shift: Int) {
    let count = phone.count
    func moved(_ labels: [Int]) -> [Int] { labels.indices.map { labels[($0 + shift) % max(1, count)] } }
    func runs(_ labels: [Int]) -> [Range<Int>] {
      var runs: [Range<Int>] = []
      for index in labels.indices {
        if index > 0, labels[index] == labels[index - 1], let last = runs.last {
          runs[runs.count - 1] = last.lowerBound..<(index + 1)
        } else {
          runs.append(index..<(index + 1))
        }
      }
      return runs
    }
    let (own, words) = (moved(phone), moved(word))
    phones = runs(own).map { ($0, own[$0.lowerBound] < 0) }
    self.phone = phones.enumerated().flatMap { number, run in run.frames.map { _ in number } }
    self.word = runs(words).flatMap { run in run.map { _ in words[run.lowerBound] < 0 ? nil : run } }
  }

  /// For each place, the mean over the queries that have one of how much of their attention falls there.
  ///
  /// `sums` are running sums of each query's row, `[frames × (frames + 1)]`; `columns` the mean attention a key gets.
  func shares(_ sums: [Double], _ columns: [Double]) -> [HeadProfile.Place: Double] {
    let count = phone.count
    var totals: [HeadProfile.Place: (sum: Double, queries: Int)] = [:]
    func add(_ place: HeadProfile.Place, _ value: Double) {
      totals[place, default: (0, 0)].sum += value
      totals[place, default: (0, 0)].queries += 1
    }
    for query in 0..<count {
      func mass(_ range: Range<Int>) -> Double {
        sums[query * (count + 1) + range.upperBound] - sums[query * (count + 1) + range.lowerBound]
      }
      let number = phone[query]
      guard !phones[number].isSilence else { continue }
      let same = mass(phones[number].frames)
      add(.samePhone, same)
      if number > 0, !phones[number - 1].isSilence { add(.previousPhone, mass(phones[number - 1].frames)) }
      if number + 1 < phones.count, !phones[number + 1].isSilence {
        add(.nextPhone, mass(phones[number + 1].frames))
      }
      if let word = word[query], word.count > phones[number].frames.count {
        add(.sameWord, mass(word) - same)
      }
    }
    var shares = totals.mapValues { $0.sum / Double(max(1, $0.queries)) }
    let starts = phones.dropFirst().map(\.frames.lowerBound)
    // In order: the last digits of a sum hang on it, and a set has another in each run.
    let edges = Set(starts.flatMap { [$0 - 1, $0] }).sorted()
    if !edges.isEmpty { shares[.boundary] = edges.reduce(0) { $0 + columns[$1] } }
    let silent = phones.filter(\.isSilence)
    if !silent.isEmpty {
      shares[.silence] = silent.reduce(0) { sum, run in sum + run.frames.reduce(0) { $0 + columns[$1] } }
    }
    return shares
  }
}

/// One head over one recording.
struct HeadReading: Sendable {
  /// Empty without labels.
  let shares: [HeadProfile.Place: Double]
  /// With labels moved.
  let moved: [[HeadProfile.Place: Double]]
  let entropy, mostEntropy: Double
  /// Milliseconds; nil where queries are tokens.
  let distance: Double?

  /// `weights` are one head's, `[frames × frames]`; rows that lost keys behind the sound are brought to one again.
  init(
    weights: ArraySlice<Float>, labels: FrameLabels?, moved: [FrameLabels], frames: Int,
    frameSeconds: Double
  ) {
    let rows = AttentionRows(weights, queries: frames, keys: frames)
    shares = labels?.shares(rows.sums, rows.columns) ?? [:]
    self.moved = moved.map { $0.shares(rows.sums, rows.columns) }
    (entropy, mostEntropy) = (rows.entropy, log2(Double(max(1, frames))))
    distance = 1000 * frameSeconds * rows.distance
  }

  /// `weights` are a decoder's, `[tokens × tokens or frames]`.
  init(weights: ArraySlice<Float>, queries: Int, keys: Int) {
    let rows = AttentionRows(weights, queries: queries, keys: keys)
    (shares, moved, distance) = ([:], [], nil)
    (entropy, mostEntropy) = (rows.entropy, log2(Double(max(1, keys))))
  }
}

/// What a head's weights come to, each query's brought to a sum of one.
private struct AttentionRows {
  /// Running sums of each query's row, `[queries × (keys + 1)]`.
  var sums: [Double]
  /// The mean attention that a key gets.
  var columns: [Double]
  /// Bits, and rows from query to key, the mean over queries.
  var (entropy, distance) = (0.0, 0.0)

  init(_ weights: ArraySlice<Float>, queries: Int, keys: Int) {
    sums = [Double](repeating: 0, count: queries * (keys + 1))
    columns = [Double](repeating: 0, count: keys)
    weights.withUnsafeBufferPointer { weights in
      for query in 0..<queries {
        var total = 0.0
        for key in 0..<keys { total += Double(weights[query * keys + key]) }
        var running = 0.0
        for key in 0..<keys {
          let weight = total > 0 ? Double(weights[query * keys + key]) / total : 0
          running += weight
          sums[query * (keys + 1) + key + 1] = running
          columns[key] += weight / Double(queries)
          if weight > 0 { entropy -= weight * log2(weight) }
          distance += weight * Double(abs(query - key))
        }
      }
    }
    entropy /= Double(max(1, queries))
    distance /= Double(max(1, queries))
  }
}

extension HeadProfile {
  init(layer: String, head: Int, readings: [HeadReading]) {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    self.layer = layer
    self.head = head
    entropy = mean(readings.map(\.entropy))
    mostEntropy = mean(readings.map(\.mostEntropy))
    let distances = readings.compactMap(\.distance)
    distance = distances.isEmpty ? nil : mean(distances)
    let draws = readings.map(\.moved.count).min() ?? 0
    shares = Place.allCases.compactMap { place in
      let own = readings.compactMap { $0.shares[place] }
      guard !own.isEmpty, draws > 1 else { return nil }
      let chance = (0..<draws).map { draw in mean(readings.compactMap { $0.moved[draw][place] }) }
      let middle = mean(chance)
      let spread = (chance.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(draws - 1))
        .squareRoot()
      let difference = mean(own) - middle
      return Share(
        place: place, share: mean(own), chance: middle, score: spread > 0 ? difference / spread : 0)
    }
  }
}
