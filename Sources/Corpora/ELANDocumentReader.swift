/// Reads ELAN's own files (`.eaf`): tiers of annotations between time slots.
///
/// - A time slot without a time lies evenly between its tier's neighbours that have one, as ELAN shows it.
/// - An annotation that refers to another one has that one's time. Where several refer to the same one they have no
///   times of their own, so that they become one interval with their labels in a row.
public struct ELANDocumentReader: LabelReader {
  public init() {}

  public func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording] {
    var document = Document(path: text.path)
    let walk = try XMLWalk(text)
    while let event = try walk.next() {
      guard case .start(let name, let attributes) = event else { continue }
      try document.take(name, attributes, walk)
    }
    guard document.isELAN else {
      throw .unexpected(
        path: text.path, line: 1, expected: "an ANNOTATION_DOCUMENT, as ELAN writes them",
        found: "another kind of XML")
    }
    var recording = LabelledRecording(tiers: try document.tiers())
    recording.mediaOrigins = document.mediaOrigins
    return [recording]
  }
}

extension ELANDocumentReader {
  private struct Annotation {
    var id: String
    var line: Int
    var label: String
    /// The slots of its start and end; nil where it refers to another.
    var slots: (start: String, end: String)?
    var reference = ""
    /// In seconds, once it is known.
    var start = 0.0
    var end = 0.0
  }

  private struct Document {
    let path: String
    var isELAN = false
    /// Milliseconds; nil for a slot that has none.
    private var slots: [String: Double?] = [:]
    /// Seconds, by the file's path.
    private(set) var mediaOrigins: [String: Double] = [:]
    private var names: [String] = []
    private var participants: [String?] = []
    /// What each tier's annotations are, by the name of its type.
    private var types: [String] = []
    private var annotations: [[Annotation]] = []

    init(path: String) { self.path = path }

    mutating func take(
      _ name: String, _ attributes: [String: String], _ walk: XMLWalk
    ) throws(CorpusError) {
      let line = walk.line
      func attribute(_ key: String) throws(CorpusError) -> String {
        guard let value = attributes[key] else {
          throw .unexpected(path: path, line: line, expected: "\(key) of a \(name)", found: "none")
        }
        return value
      }
      switch name {
      case "ANNOTATION_DOCUMENT": isELAN = true
      case "HEADER":
        guard let units = attributes["TIME_UNITS"], units != "milliseconds" else { return }
        throw .unexpected(
          path: path, line: line, expected: "times in milliseconds; save it with a current ELAN",
          found: "“\(units.prefix(40))”")
      case "MEDIA_DESCRIPTOR":
        let origin = try attributes["TIME_ORIGIN"].map { text throws(CorpusError) -> Double in
          try LabelLine(path: path, number: line, text: text[...]).number(text, "a time in milliseconds")
        }
        mediaOrigins[attributes["MEDIA_URL"] ?? ""] = (origin ?? 0) / 1000
      case "TIME_SLOT":
        let value = try attributes["TIME_VALUE"].map { text throws(CorpusError) -> Double in
          try LabelLine(path: path, number: line, text: text[...]).number(text, "a time in milliseconds")
        }
        slots[try attribute("TIME_SLOT_ID")] = .some(value)
      case "TIER":
        names.append(try attribute("TIER_ID"))
        participants.append(attributes["PARTICIPANT"].flatMap { $0.isEmpty ? nil : $0 })
        types.append(attributes["LINGUISTIC_TYPE_REF"] ?? "")
        annotations.append([])
      case "ALIGNABLE_ANNOTATION", "REF_ANNOTATION":
        guard !annotations.isEmpty else {
          throw .unexpected(path: path, line: line, expected: "a TIER around a \(name)", found: "none")
        }
        var annotation = Annotation(id: try attribute("ANNOTATION_ID"), line: line, label: "")
        if name == "REF_ANNOTATION" {
          annotation.reference = try attribute("ANNOTATION_REF")
        } else {
          annotation.slots = (try attribute("TIME_SLOT_REF1"), try attribute("TIME_SLOT_REF2"))
        }
        annotation.label = try walk.textToEnd().trimmed
        annotations[annotations.count - 1].append(annotation)
      default: break
      }
    }

    // MARK: Times

    mutating func tiers() throws(CorpusError) -> [Tier] {
      for tier in annotations.indices { try place(tier) }
      try followReferences()
      return names.indices.map { place in
        let annotations = annotations[place]
        var joined: [Annotation] = []
        for annotation in annotations {
          // Those that share one annotation stand one after the other.
          if let last = joined.last, annotation.slots == nil, last.reference == annotation.reference {
            joined[joined.count - 1].label = "\(last.label) \(annotation.label)".trimmed
          } else {
            joined.append(annotation)
          }
        }
        let order = joined.enumerated().sorted {
          ($0.element.start, $0.offset) < ($1.element.start, $1.offset)
        }
        .map(\.element)
        var tier = Tier(
          name: names[place], level: TierNames.level(of: types[place])?.level,
          intervals: order.map { Interval(start: $0.start, end: $0.end, label: $0.label) },
          lines: order.map(\.line))
        tier.speaker = participants[place]
        return tier
      }
    }

    /// Gives a tier's alignable annotations their times.
    private mutating func place(_ tier: Int) throws(CorpusError) {
      // The slots in the tier's order, each once where one annotation ends and the next begins.
      var chain: [String] = []
      for annotation in annotations[tier] {
        guard let (start, end) = annotation.slots else { continue }
        for slot in [start, end] {
          guard slots.keys.contains(slot) else {
            throw .unexpected(
              path: path, line: annotation.line, expected: "a TIME_SLOT_ID of the TIME_ORDER",
              found: "“\(slot.prefix(40))”")
          }
          if chain.last != slot { chain.append(slot) }
        }
      }
      var times: [String: Double] = [:]
      var before: Int?
      for (index, slot) in chain.enumerated() {
        guard let time = slots[slot] ?? nil else { continue }
        times[slot] = time
        if let before, let start = slots[chain[before]] ?? nil {
          for between in (before + 1)..<max(index, before + 1) {
            times[chain[between]] =
              start + (time - start) * Double(between - before) / Double(index - before)
          }
        }
        before = index
      }
      for index in annotations[tier].indices {
        guard let (start, end) = annotations[tier][index].slots else { continue }
        guard let from = times[start], let to = times[end] else {
          throw .unexpected(
            path: path, line: annotations[tier][index].line,
            expected: "time slots with a TIME_VALUE before and after it", found: "none")
        }
        (annotations[tier][index].start, annotations[tier][index].end) = (from / 1000, to / 1000)
      }
    }

    /// Gives the annotations that refer to others the times at the end of their chains.
    private mutating func followReferences() throws(CorpusError) {
      var places: [String: (tier: Int, index: Int)] = [:]
      for (tier, list) in annotations.enumerated() {
        for (index, annotation) in list.enumerated() {
          guard places.updateValue((tier, index), forKey: annotation.id) == nil else {
            throw .unexpected(
              path: path, line: annotation.line, expected: "an ANNOTATION_ID of its own",
              found: "“\(annotation.id.prefix(40))” a second time")
          }
        }
      }
      for (tier, list) in annotations.enumerated() {
        for (index, annotation) in list.enumerated() where annotation.slots == nil {
          var (at, steps) = (annotation, 0)
          while at.slots == nil {
            guard let next = places[at.reference] else {
              throw .unexpected(
                path: path, line: at.line, expected: "the ANNOTATION_ID of another annotation",
                found: "“\(at.reference.prefix(40))”")
            }
            steps += 1
            guard steps <= names.count else {
              throw .unexpected(
                path: path, line: annotation.line,
                expected: "a reference that ends at an aligned annotation",
                found: "a circle, or more steps than there are tiers")
            }
            at = annotations[next.tier][next.index]
          }
          (annotations[tier][index].start, annotations[tier][index].end) = (at.start, at.end)
        }
      }
    }
  }
}

extension String {
  /// Without white space at its ends, and with single spaces for line ends.
  fileprivate var trimmed: String {
    split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
