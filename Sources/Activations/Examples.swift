import SpeechHierarchy
import Tensors

/// A bounded sample of one level's labelled spans, with each span's pooled vector at every layer.
///
/// ```swift
/// let states = try examples.states(of: "hidden.3")          // [items × width]
/// let labels = examples.items.map(\.label)                  // row i is item i
/// ```
public struct Examples: Sendable {
  /// One labelled span.
  public struct Item: Sendable, Equatable {
    /// Index into `classes`.
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

  public let level: Level
  /// The labels come from other tiers by rule.
  public let isDerived: Bool
  /// Every label of the level in the corpus, sorted; some may have no item in the sample.
  public let classes: [String]
  public let types: [String]
  public let speakers: [String]
  /// The ids of all the corpus's utterances in the corpus's order, so that a split's indices are these.
  public let utterances: [String]
  /// In the order of utterances, then of time.
  public let items: [Item]
  /// The layers that have vectors, in the order of the data.
  public let layers: [String]
  /// Why a layer that was asked for has no vectors at this level.
  public let reasons: [String: String]
  private let vectors: [String: Tensor]

  /// `states` holds a tensor `[items × width]` for each layer.
  public init(
    level: Level, isDerived: Bool, classes: [String], types: [String], speakers: [String],
    utterances: [String], items: [Item], states: [(layer: String, states: Tensor)],
    reasons: [String: String] = [:]
  ) {
    for (layer, states) in states {
      precondition(
        states.rows == items.count, "\(layer) has \(states.rows) rows for \(items.count) items")
    }
    self.level = level
    self.isDerived = isDerived
    self.classes = classes
    self.types = types
    self.speakers = speakers
    self.utterances = utterances
    self.items = items
    self.reasons = reasons
    layers = states.map(\.layer)
    vectors = Dictionary(states.map { ($0.layer, $0.states) }, uniquingKeysWith: { first, _ in first })
  }

  /// The pooled vectors of a layer, `[items × width]`; row i is item i.
  public func states(of layer: String) throws -> Tensor {
    if let states = vectors[layer] { return states }
    throw ActivationError.noSuchLayer(
      layer, level: level.rawValue, reason: reasons[layer], available: layers)
  }

  /// The same sample with items `indices` only, in that order.
  public func selecting(_ indices: [Int]) -> Examples {
    Examples(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: indices.map { items[$0] },
      states: layers.compactMap { layer in
        vectors[layer].map { (layer, $0.selectingRows(indices)) }
      },
      reasons: reasons)
  }
}

extension Tensor {
  /// Rows `indices` of the first axis, copied, in that order.
  func selectingRows(_ indices: [Int]) -> Tensor {
    let (rows, width) = (self.rows, self.width)
    return withUnsafeBuffer { source in
      Tensor(shape: [indices.count] + shape.dropFirst()) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (row, index) in indices.enumerated() {
          precondition(index >= 0 && index < rows, "row \(index) of a tensor with \(rows) rows")
          (to + row * width).update(from: from + index * width, count: width)
        }
      }
    }
  }
}
