/// One recording, or one sentence of a text, and its labels.
public struct Utterance: Sendable, Equatable {
  /// Unique in its corpus: the audio's path below the corpus without its extension, such as `kal/kal_s005`; of a text
  /// its file and the sentence's name or line, such as `novel/s12`.
  public let id: String
  /// The recording; of a text the file that it stands in.
  public let audioPath: String
  /// What is written, where there is no audio; its tiers' times are then places in it, in Unicode scalars.
  public let text: String?
  /// The label file; the first one where there are several (TIMIT's `.PHN` before its `.WRD`).
  public let labelPath: String
  /// The speaker's name; of a text that of its source.
  public let speaker: String
  /// Equal for utterances that read the same sentence.
  public let sentence: String
  /// The channel of the recording that it is in, counted from 0; nil for the mean of all.
  public let channel: Int?
  /// The length of the audio; of a text the number of its Unicode scalars.
  public let seconds: Double
  /// The tiers whose level is known, as the label file has them.
  public let tiers: [Level: Tier]
  /// How labels become classes.
  public let labelling: Labelling

  public init(
    id: String, audioPath: String, text: String? = nil, labelPath: String, speaker: String,
    sentence: String, channel: Int? = nil, seconds: Double, tiers: [Level: Tier],
    labelling: Labelling = Labelling()
  ) {
    self.id = id
    self.audioPath = audioPath
    self.text = text
    self.labelPath = labelPath
    self.speaker = speaker
    self.sentence = sentence
    self.channel = channel
    self.seconds = seconds
    self.tiers = tiers
    self.labelling = labelling
  }
}

extension Utterance {
  /// The same utterance with other tiers, and maybe another length.
  public func with(tiers: [Level: Tier], seconds: Double? = nil) -> Utterance {
    Utterance(
      id: id, audioPath: audioPath, text: text, labelPath: labelPath, speaker: speaker, sentence: sentence,
      channel: channel, seconds: seconds ?? self.seconds, tiers: tiers, labelling: labelling)
  }

  /// Neighbours further apart than this, in seconds, do not touch.
  static let contact = 0.001

  /// The labelled spans of a level in the order of time: silences left out, labels normalised. Empty where
  /// the utterance has no such tier.
  public func spans(at level: Level) -> [LabelledSpan] {
    guard let tier = tiers[level], tier.kind == .intervals else { return [] }
    var spans: [LabelledSpan] = []
    /// Where each span begins a run of touching spans.
    var beginsRun: [Bool] = []
    var end = -Double.infinity
    let units = tier.tags[.unit] ?? []
    for (index, interval) in tier.intervals.enumerated() {
      guard !labelling.isSilence(interval.label, at: level) else {
        end = -.infinity
        continue
      }
      // A phone that its set leaves out is passed over: its neighbours still touch.
      if let label = labelling.label(interval.label, at: level) {
        beginsRun.append(interval.start - end > Self.contact)
        let unit = units.indices.contains(index) ? units[index] : label
        spans.append(LabelledSpan(start: interval.start, end: interval.end, label: label, type: unit))
      }
      end = spans.isEmpty ? -.infinity : interval.end
    }
    return level == .phoneme ? Self.withTriphones(spans, beginsRun) : spans
  }

  /// What is said, besides its label, of the interval of a level that begins at `start`; nil where nothing is.
  public func tag(_ tag: Tier.Tag, at level: Level, from start: Double) -> String? {
    guard let tier = tiers[level], let values = tier.tags[tag],
      let place = tier.intervals.firstIndex(where: { $0.start == start }), values.indices.contains(place)
    else { return nil }
    return values[place].isEmpty ? nil : values[place]
  }

  /// The control-task type of a phone is the phone with both its neighbours.
  private static func withTriphones(_ spans: [LabelledSpan], _ beginsRun: [Bool]) -> [LabelledSpan] {
    spans.indices.map { index in
      let span = spans[index]
      let before = beginsRun[index] ? "#" : spans[index - 1].label
      let isLast = index + 1 == spans.count || beginsRun[index + 1]
      let after = isLast ? "#" : spans[index + 1].label
      return LabelledSpan(
        start: span.start, end: span.end, label: span.label, type: "\(before)-\(span.label)-\(after)")
    }
  }
}
