/// In what units the label files of a corpus count time: by `corpus.yaml`, else by how long the recordings are.
struct TimeUnits: Equatable {
  /// A unit that labels are written in.
  enum Unit: Equatable {
    case seconds, milliseconds, microseconds, hundredNanoseconds
    /// At so many a second; nil for the recording's own rate.
    case samples(Double?)

    static let names: [(name: String, unit: Unit)] = [
      ("seconds", .seconds), ("milliseconds", .milliseconds), ("microseconds", .microseconds),
      ("100ns", .hundredNanoseconds), ("samples", .samples(nil)),
    ]

    var words: String {
      switch self {
      case .seconds: "seconds"
      case .milliseconds: "milliseconds"
      case .microseconds: "microseconds"
      case .hundredNanoseconds: "100 ns"
      case .samples(let rate): "samples" + (rate.map { " at \(Int($0.rounded())) Hz" } ?? "")
      }
    }

    /// How long one is, in seconds; nil for samples of a rate that nobody said.
    func seconds(rate: Double?) -> Double? {
      switch self {
      case .seconds: 1
      case .milliseconds: 1e-3
      case .microseconds: 1e-6
      case .hundredNanoseconds: 1e-7
      case .samples(let own): (own ?? rate).flatMap { $0 > 0 ? 1 / $0 : nil }
      }
    }
  }

  /// A recording: where its last label ends, as read, its length in seconds and its samples a second.
  struct Recording {
    let end: Double
    let seconds: Double
    var rate: Double?
  }

  /// What times as read are multiplied with to be seconds; nil where each recording's rate decides.
  let unit: Unit
  /// What the format's reader took them for.
  let assumed: Unit
  /// How it was judged, for a note; nil where the reader was right.
  let words: String?

  /// What times as read are multiplied with; nil where a recording's rate is needed and not known.
  func factor(rate: Double?) -> Double? {
    guard let own = unit.seconds(rate: rate), let assumed = assumed.seconds(rate: rate) else { return nil }
    return unit == self.assumed ? 1 : own / assumed
  }

  /// The unit that a format's reader assumes; nil where the format leaves no choice.
  static func assumed(by format: LabelFormat) -> Unit? {
    switch format {
    case .htk, .mlf: .hundredNanoseconds
    case .ctm, .audacity, .csv, .esps: .seconds
    default: nil
    }
  }

  init(said unit: Unit, for format: LabelFormat) {
    (self.unit, words) = (unit, nil)
    assumed = Self.assumed(by: format) ?? .seconds
  }

  /// Judges by recordings; nil where the format leaves no choice, or no recording's length is known.
  ///
  /// The reader's unit stands where the labels end inside the recordings and cover a fifth of them at least, or where no
  /// other unit does better.
  init?(judging recordings: [Recording], of format: LabelFormat) {
    guard let assumed = Self.assumed(by: format), let base = assumed.seconds(rate: nil) else { return nil }
    let known = recordings.filter { $0.end > 0 && $0.seconds > 0 }
    guard !known.isEmpty else { return nil }
    self.assumed = assumed
    func coverage(_ unit: Unit) -> [Double]? {
      let shares = known.compactMap { recording in
        unit.seconds(rate: recording.rate).map { recording.end / base * $0 / recording.seconds }
      }
      return shares.count == known.count ? shares.sorted() : nil
    }
    func fits(_ unit: Unit, from least: Double) -> Bool {
      guard let shares = coverage(unit), let last = shares.last else { return false }
      return shares[shares.count / 2] >= least && last <= 1.05
    }
    let other = Self.candidates(known, base).first { $0 != assumed && fits($0, from: 0.5) }
    guard !fits(assumed, from: 0.2), let other, let shares = coverage(other) else {
      (unit, words) = (assumed, nil)
      return
    }
    unit = other
    let share = Int((100 * shares[shares.count / 2]).rounded())
    words =
      "times of the labels are taken for \(other.words), in which they end at \(share) % of the recordings "
      + "(\(format.title) should be in \(assumed.words), in which they do not fit); units: in corpus.yaml decides"
  }

  /// Samples last: at the recordings' own rate, or at a usual one by which the longest labels end where the sound does.
  private static func candidates(_ recordings: [Recording], _ base: Double) -> [Unit] {
    let perSecond = recordings.map { $0.end / base / $0.seconds }.max() ?? 0
    let usual = [8000.0, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]
    let near = usual.first { (0.985...1.005).contains(perSecond / $0) }
    let own = recordings.allSatisfy { $0.rate != nil } ? [Unit.samples(nil)] : []
    return [.seconds, .milliseconds, .microseconds, .hundredNanoseconds] + own
      + (near.map { [.samples($0)] } ?? [])
  }

  /// Times as read in seconds.
  static func scaled(_ tiers: [Tier], by factor: Double) -> [Tier] {
    guard factor != 1, factor.isFinite, factor > 0 else { return tiers }
    return tiers.map { tier in
      var tier = tier
      tier.intervals = tier.intervals.map {
        Interval(start: scaled($0.start, factor), end: scaled($0.end, factor), label: $0.label)
      }
      tier.extent = tier.extent.map {
        scaled($0.lowerBound, factor)...max(scaled($0.lowerBound, factor), scaled($0.upperBound, factor))
      }
      return tier
    }
  }

  /// To a tenth of a microsecond, so that a product of decimals is the decimal that is meant.
  private static func scaled(_ time: Double, _ factor: Double) -> Double {
    let product = time * factor
    return abs(product) < 1e8 ? (product * 1e7).rounded() / 1e7 : product
  }
}
