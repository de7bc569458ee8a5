import Corpora
import Tensors

/// A bounded sample of one level's labelled spans, with each span's pooled vector at every layer.
///
/// ```swift
/// let states = try examples.states(of: "hidden.3")          // [items × width]
/// let labels = examples.items.map(\.label)                  // row i is item i
/// ```
public struct PooledSpans: Sendable {
  /// One labelled span.
  public struct Item: Sendable, Equatable {
    /// Index into `classes`; −1 for a span that has no label.
    public var label: Int
    /// Index into `types`: the unit that a control task gives a random class.
    public var type: Int
    /// Index into `utterances`.
    public var utterance: Int
    /// Index into `speakers`.
    public var speaker: Int
    /// Seconds from the start of the recording, half-open.
    public var start, end: Double

    public init(label: Int, type: Int, utterance: Int, speaker: Int, start: Double, end: Double) {
      self.label = label
      self.type = type
      self.utterance = utterance
      self.speaker = speaker
      self.start = start
      self.end = end
    }
  }

  /// The level whose spans they are.
  public let level: Level
  /// The labels come from other tiers by rule.
  public let isDerived: Bool
  /// Every label of the level in the corpus, sorted; some may have no item in the sample.
  public let classes: [String]
  /// The units that a control task gives random classes; `Item.type` is an index into it.
  public let types: [String]
  /// Every speaker of the corpus, sorted.
  public let speakers: [String]
  /// The ids of all the corpus's utterances in the corpus's order, so that a split's indices are these.
  public let utterances: [String]
  /// In the order of utterances, then of time.
  public let items: [Item]
  /// The layers that have vectors, in the order of the data.
  public let layers: [String]
  /// Why a layer that was asked for has no vectors at this level.
  public let reasons: [String: String]
  /// A layer's vectors in parts below each other, which may lie in mapped files: they are put together when
  /// they are asked for, one layer at a time.
  private let parts: [String: [Tensor]]

  /// `states` holds a tensor `[items × width]` for each layer.
  public init(
    level: Level, isDerived: Bool, classes: [String], types: [String], speakers: [String],
    utterances: [String], items: [Item], states: [(layer: String, states: Tensor)],
    reasons: [String: String] = [:]
  ) {
    self.init(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: items, parts: states.map { ($0.layer, [$0.states]) }, reasons: reasons)
  }

  init(
    level: Level, isDerived: Bool, classes: [String], types: [String], speakers: [String],
    utterances: [String], items: [Item], parts: [(layer: String, parts: [Tensor])],
    reasons: [String: String]
  ) {
    for (layer, parts) in parts {
      let rows = parts.reduce(0) { $0 + $1.rows }
      precondition(rows == items.count, "\(layer) has \(rows) rows for \(items.count) items")
    }
    self.level = level
    self.isDerived = isDerived
    self.classes = classes
    self.types = types
    self.speakers = speakers
    self.utterances = utterances
    self.items = items
    self.reasons = reasons
    layers = parts.map(\.layer)
    self.parts = Dictionary(parts, uniquingKeysWith: { first, _ in first })
  }

  /// The spans alone, which weigh little.
  package var withoutStates: PooledSpans {
    PooledSpans(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: items, parts: [], reasons: reasons)
  }

  /// The pooled vectors of a layer, `[items × width]`; row i is item i. Hold on to it where it is needed more
  /// than once: it may have to be put together.
  /// - Throws: `ActivationError.noSuchLayer` for a layer without vectors, with the reason.
  public func states(of layer: String) throws -> Tensor {
    if let parts = parts[layer] {
      let joined = Tensor(joining: parts)
      // What was put together is a copy: the sample's files need not stay in memory beside it.
      if parts.count > 1 { for part in parts { part.releasePages() } }
      return joined
    }
    throw ActivationError.noSuchLayer(
      layer, level: level.rawValue, reason: reasons[layer], available: layers)
  }

  /// The same vectors with other labels, item by item; −1 for an item that has none.
  public func relabelled(classes: [String], labels: [Int]) -> PooledSpans {
    precondition(labels.count == items.count, "\(labels.count) labels for \(items.count) items")
    var items = items
    for (index, label) in labels.enumerated() { items[index].label = label }
    return PooledSpans(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: items,
      parts: layers.compactMap { layer in parts[layer].map { (layer, $0) } }, reasons: reasons)
  }

  /// The same sample with items `indices` only, in that order.
  public func selecting(_ indices: [Int]) -> PooledSpans {
    PooledSpans(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: indices.map { items[$0] },
      states: layers.compactMap { layer in
        parts[layer].map { (layer, Tensor(joining: $0).selectingRows(indices)) }
      },
      reasons: reasons)
  }
}

extension Tensor {
  /// Matrices of one width below each other, `[rows × width]`; a single one as it is.
  init(joining parts: [Tensor]) {
    if parts.count == 1 {
      self = parts[0]
      return
    }
    let width = parts.first { $0.rows > 0 }?.width ?? parts.first?.shape.last ?? 0
    self.init(shape: [parts.reduce(0) { $0 + $1.rows }, width]) { target in
      var rest = target[...]
      for part in parts where part.count > 0 {
        part.withUnsafeBuffer { source in
          _ = UnsafeMutableBufferPointer(rebasing: rest).update(from: source)
        }
        rest = rest.dropFirst(part.count)
      }
    }
  }
}
