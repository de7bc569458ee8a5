import Audio
import Corpora

/// How much a sound changes at each moment, and how loud it is: what labelled boundaries should meet.
struct SoundChange {
  /// Frames a second.
  static let rate = 100.0
  /// Natural logarithms of energy below the loudest that count as silence: about 60 dB.
  private static let depth: Float = 14

  /// The distance of the spectra on both sides of each frame, of mean 0 and variance 1 over the sound.
  let novelty: [Double]
  /// Sums of the loudness (mean 0, variance 1) of all frames before each.
  private let loudnessSums: [Double]

  var frames: Int { novelty.count }

  init(_ waveform: Waveform) throws {
    let features = try LogMel.baseline(bands: 24).features(of: waveform)
    let (frames, bands) = (features.shape[0], features.shape[1])
    var values = features.values
    let floor = (values.max() ?? 0) - Self.depth
    for index in values.indices { values[index] = max(values[index], floor) }
    // Sums over time, so that the mean of any stretch is one difference. [frames + 1, bands]
    var sums = [Double](repeating: 0, count: (frames + 1) * bands)
    var loudness = [Double](repeating: 0, count: frames)
    for frame in 0..<frames {
      for band in 0..<bands {
        let value = Double(values[frame * bands + band])
        sums[(frame + 1) * bands + band] = sums[frame * bands + band] + value
        loudness[frame] += value / Double(bands)
      }
    }
    func mean(_ first: Int, _ last: Int, _ band: Int) -> Double {
      let (low, high) = (max(0, min(first, frames - 1)), min(frames - 1, max(last, 0)))
      return (sums[(high + 1) * bands + band] - sums[low * bands + band]) / Double(high + 1 - low)
    }
    let distances = (0..<frames).map { frame in
      var sum = 0.0
      for band in 0..<bands {
        // 10 to 30 ms before against 10 to 30 ms after.
        let difference = mean(frame + 1, frame + 3, band) - mean(frame - 3, frame - 1, band)
        sum += difference * difference
      }
      return (sum / Double(bands)).squareRoot()
    }
    novelty = Self.standardised(distances)
    loudnessSums = Self.standardised(loudness).reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
  }

  /// How much louder the 100 ms after a frame are than the 100 ms before it.
  func rise(at frame: Int) -> Double {
    func mean(_ first: Int, _ end: Int) -> Double {
      let (low, high) = (max(0, min(first, frames)), max(0, min(end, frames)))
      return high > low ? (loudnessSums[high] - loudnessSums[low]) / Double(high - low) : 0
    }
    return mean(frame, frame + 10) - mean(frame - 10, frame)
  }

  private static func standardised(_ values: [Double]) -> [Double] {
    guard !values.isEmpty else { return [] }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    let scale = 1 / max(variance.squareRoot(), 1e-6)
    return values.map { ($0 - mean) * scale }
  }
}

/// Where labels say that the sound changes.
struct LabelledEdges {
  struct Edge {
    /// Seconds.
    let time: Double
    /// 1 where speech begins after silence, -1 where it ends, else 0.
    let turn: Double
  }

  private(set) var edges: [Edge] = []
  /// Whether they are phones', which change the sound more than words'.
  let areOfPhones: Bool

  /// Nil where an utterance has neither phones nor words.
  init?(_ utterance: Utterance) {
    areOfPhones = utterance.tiers[.phoneme] != nil
    guard let tier = utterance.tiers[.phoneme] ?? utterance.tiers[.word] else { return nil }
    let labelling = utterance.labelling
    let own = tier.intervals
    for (place, interval) in own.enumerated() {
      let isSilence = labelling.isSilence(interval.label)
      let before = place > 0 ? own[place - 1] : nil
      let touches = before.map { interval.start - $0.end < 0.001 } ?? false
      let wasSilence = before.map { !touches || labelling.isSilence($0.label) } ?? true
      edges.append(Edge(time: interval.start, turn: isSilence == wasSilence ? 0 : isSilence ? -1 : 1))
      let next = place + 1 < own.count ? own[place + 1] : nil
      if next.map({ $0.start - interval.end >= 0.001 }) ?? true {
        edges.append(Edge(time: interval.end, turn: isSilence ? 0 : -1))
      }
    }
    // The beginning of a file is no change of the sound.
    edges.removeAll { $0.time < 0.02 }
  }

  /// How well the edges meet the sound's changes when all times are stretched by `1 + stretch` and moved by so many
  /// frames.
  func fit(_ edges: ArraySlice<Edge>, to sound: SoundChange, stretch: Double, moves: ClosedRange<Int>)
    -> [Double]
  {
    var sums = [Double](repeating: 0, count: moves.count)
    for edge in edges {
      let frame = Int((edge.time * (1 + stretch) * SoundChange.rate).rounded())
      for (place, move) in moves.enumerated() {
        let at = frame + move
        if sound.novelty.indices.contains(at) { sums[place] += sound.novelty[at] }
        if edge.turn != 0 { sums[place] += edge.turn * sound.rise(at: at) }
      }
    }
    return sums
  }
}
