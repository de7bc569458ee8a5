import Activations
import Foundations
import LinearAlgebra
import Results
import Tensors

/// One layer's states over the compared examples.
public struct LayerStates: Sendable {
  /// The layer's name.
  public let layer: String
  /// `[examples × width]`
  public let states: Tensor

  public init(layer: String, states: Tensor) {
    self.layer = layer
    self.states = states
  }
}

/// A measure between every two layers, of one model or of two.
///
/// ```swift
/// let matrix = try LayerSimilarity.matrix(examples, measure: LinearCKA(), threads: 2)
/// let across = try LayerSimilarity.matrix(base, against: large, measure: SVCCA(), threads: 2)
/// ```
/// What belongs to a layer is done once a layer, then the pairs run in parallel; the values are the same bits
/// for any number of threads. Where the measure refuses a layer or a pair the value is nil and the notes say
/// why.
public enum LayerSimilarity {
  /// All pairs of a model's layers (`layers`, or all that the examples have).
  /// - Throws: `ActivationError.noSuchLayer`; what the measure refuses is nil with a note.
  public static func matrix(
    _ examples: PooledSpans, layers: [String]? = nil, measure: some SimilarityMeasure, threads: Int = 1
  ) throws -> SimilarityMatrix {
    try matrix(
      rows: states(examples, layers), columns: nil, unit: unit(examples), measure: measure,
      threads: threads)
  }

  /// Layers of a model as rows against those of another as columns, over the spans that both have.
  ///
  /// Spans are matched by utterance and time, so that models of different frame rates can be compared.
  /// - Throws: `ActivationError.noSuchLayer`; what the measure refuses is nil with a note.
  public static func matrix(
    _ examples: PooledSpans, against other: PooledSpans, measure: some SimilarityMeasure, threads: Int = 1
  ) throws -> SimilarityMatrix {
    let (left, right) = sharedItems(examples, other)
    let (x, y) = (examples.selecting(left), other.selecting(right))
    var result = try matrix(
      rows: states(x, nil), columns: states(y, nil), unit: unit(examples), measure: measure,
      threads: threads)
    let most = max(examples.items.count, other.items.count)
    if left.count < most {
      result.notes.append("\(left.count) spans are in both samples, of at most \(most)")
    }
    return result
  }

  /// The same over states from anywhere: row i of every tensor is one example. Without `columns` the rows'
  /// layers are compared with each other.
  /// - Throws: What is no refusal of the measure, such as cancelled work.
  public static func matrix(
    rows: [LayerStates], columns: [LayerStates]? = nil, unit: String, measure: some SimilarityMeasure,
    threads: Int = 1
  ) throws -> SimilarityMatrix {
    try comparison(rows: rows, columns: columns, unit: unit, measure: measure, threads: threads).matrix
  }

  /// The same with what it was computed from.
  /// - Throws: What is no refusal of the measure, such as cancelled work.
  public static func comparison<M: SimilarityMeasure>(
    rows: [LayerStates], columns: [LayerStates]? = nil, unit: String, measure: M, threads: Int = 1
  ) throws -> LayerComparison {
    let all = rows + (columns ?? [])
    let count = all.first?.states.rows ?? 0
    if let other = all.first(where: { $0.states.rows != count }) {
      throw SimilarityError.rowsDiffer(x: count, y: other.states.rows)
    }
    let chosen = sample(count, limit: measure.rowLimit)
    let layers =
      chosen.map { chosen in
        all.map { LayerStates(layer: $0.layer, states: $0.states.selectingRows(chosen)) }
      } ?? all
    let used = chosen?.count ?? count
    let space = ComparisonSpace.cheaper(
      rows: used, totalWidth: layers.reduce(0) { $0 + $1.states.width })

    let prepared = try parallelMap(layers.count, threads: threads) { index in
      try refusable { try measure.prepare(layers[index].states, space: space) }
    }
    let (table, pairs) = try values(
      rows: rows.count, columns: columns?.count, symmetric: measure.isSymmetric, threads: threads
    ) { i, j in
      guard case .success(let x) = prepared[i], case .success(let y) = prepared[j] else { return nil }
      return try refusable {
        try measure.check(x, y)
        // A layer is itself: the product would only add rounding.
        return i == j ? 1 : try inRange(measure.compare(x, y), of: measure)
      }
    }

    var notes = MatrixNotes(layers: all.map(\.layer))
    notes.add(rows: used, of: count)
    notes.add(space: prepared.compactMap { try? $0.get().space })
    for caveat in measure.caveats(rows: used, width: all.map(\.states.width).max() ?? 0) {
      notes.add(caveat)
    }
    notes.add(dimensions: prepared.map { try? $0.get().dimensions })
    notes.add(remarks: prepared.map { (try? $0.get()).flatMap(measure.remark) })
    notes.add(refused: prepared.map(\.reason))
    notes.add(refusedPairs: pairs)
    if !measure.isUnbiased, layers.count > 1 {
      let (first, last) = (0, layers.count - 1)
      if case .success(let x) = prepared[first], case .success(let y) = prepared[last] {
        try notes.add(
          shuffled: refusable {
            try measure.check(x, y)
            var numbers = RandomNumbers(seed: 0, stream: "similarity null")
            let order = numbers.permutation(used)
            let shuffled =
              try y.reordered(order)
              ?? measure.prepare(layers[last].states.selectingRows(order), space: space)
            return try measure.compare(x, shuffled)
          }, first, last)
      }
    }
    let matrix = SimilarityMatrix(
      measure: measure.name, unit: unit, examples: used, rowLayers: rows.map(\.layer),
      columnLayers: (columns ?? rows).map(\.layer), values: table, notes: notes.lines)
    return LayerComparison(matrix: matrix, source: source(prepared.compactMap { try? $0.get() }))
  }

  private static func source<P: PreparedStates>(_ prepared: [P]) -> LayerComparison.Source {
    if P.self == MinibatchCKA.Prepared.self { return .minibatch }
    let inGram = prepared.count { $0.space == .gram }
    return inGram == 0 ? .features : inGram == prepared.count ? .gram : .mixed
  }

  /// All pairs of layers from their moments, over every span that was added to them; or `layers` as rows against
  /// `columns`.
  /// - Throws: `ActivationError.noSuchLayer` for layers that the moments do not have, `.noCrossMoment` for pairs.
  public static func matrix<M: MomentMeasure>(
    _ moments: Moments, unit: String, layers: [String]? = nil, against columns: [String]? = nil, measure: M,
    threads: Int = 1
  ) throws -> SimilarityMatrix {
    let rows = layers ?? moments.layers
    let names = rows + (columns ?? [])
    let summaries = try parallelMap(names.count, threads: threads) { index in
      let sums = try moments.sums(of: names[index])
      return try refusable { try measure.summarise(sums) }
    }
    let (table, pairs) = try values(
      rows: rows.count, columns: columns?.count, symmetric: measure.isSymmetric, threads: threads
    ) { i, j in
      guard case .success(let x) = summaries[i], case .success(let y) = summaries[j] else { return nil }
      return try refusable {
        try measure.check(x, y)
        return i == j
          ? 1 : try inRange(measure.compare(x, y, moments.sums(names[i], names[j])), of: measure)
      }
    }
    var notes = MatrixNotes(layers: names)
    notes.add("from moments of all \(moments.count) rows, in feature space")
    let width = zip(moments.layers, moments.widths).filter { names.contains($0.0) }.map(\.1).max() ?? 0
    for caveat in measure.caveats(rows: moments.count, width: width) { notes.add(caveat) }
    notes.add(dimensions: try names.map { try moments.dimensions(of: $0) })
    notes.add(remarks: summaries.map { (try? $0.get()).flatMap(measure.remark) })
    notes.add(refused: summaries.map(\.reason))
    notes.add(refusedPairs: pairs)
    return SimilarityMatrix(
      measure: measure.name, unit: unit, examples: moments.count, rowLayers: rows,
      columnLayers: columns ?? rows, values: table, notes: notes.lines)
  }
}

// MARK: - Pairs

extension LayerSimilarity {
  /// A measure's answer: a value, or the reason why there is none.
  typealias Answer<T> = Result<T, Refusal>

  struct Refusal: Error {
    let reason: String
  }

  /// What a measure may refuse becomes a reason; anything else is thrown on.
  private static func refusable<T>(_ body: () throws -> T) throws -> Answer<T> {
    do {
      return .success(try body())
    } catch let error as SimilarityError {
      return .failure(Refusal(reason: error.description))
    } catch let error as LinearAlgebraError {
      return .failure(Refusal(reason: error.description))
    }
  }

  /// The value, brought back over the bound that rounding took it past; throws where it is further out.
  static func inRange(_ value: Double, of measure: some SimilarityMeasure) throws(SimilarityError) -> Double
  {
    let range = measure.range
    let nearest = min(max(value, range.lowerBound), range.upperBound)
    guard value.isNaN || abs(value - nearest) <= 1e-6 else {
      throw .outOfRange(value: value, measure: measure.name)
    }
    return value.isNaN ? value : nearest
  }

  /// Values of all pairs, `[rows × columns]`, and the refused pairs with their reasons. `compare` gets
  /// places in rows followed by columns; nil from it is a pair of which a layer was refused.
  private static func values(
    rows: Int, columns: Int?, symmetric: Bool, threads: Int,
    compare: @Sendable (Int, Int) throws -> Answer<Double>?
  ) throws -> (values: [[Double?]], refused: [(Int, Int, String)]) {
    let width = columns ?? rows
    let offset = columns == nil ? 0 : rows
    let mirrored = columns == nil && symmetric
    let pairs = (0..<rows).flatMap { i in ((mirrored ? i : 0)..<width).map { (i, $0) } }
    let answers = try parallelMap(pairs.count, threads: threads) { index in
      try compare(pairs[index].0, offset + pairs[index].1)
    }
    var table = [[Double?]](repeating: Array(repeating: nil, count: width), count: rows)
    var refused: [(Int, Int, String)] = []
    for ((i, j), answer) in zip(pairs, answers) {
      switch answer {
      case .success(let value):
        table[i][j] = value
        if mirrored { table[j][i] = value }
      case .failure(let refusal): refused.append((i, offset + j, refusal.reason))
      case nil: break
      }
    }
    return (table, refused)
  }
}

extension Result where Failure == LayerSimilarity.Refusal {
  var reason: String? {
    if case .failure(let refusal) = self { refusal.reason } else { nil }
  }
}

// MARK: - Examples

extension LayerSimilarity {
  private static func states(_ examples: PooledSpans, _ layers: [String]?) throws -> [LayerStates] {
    try (layers ?? examples.layers).map {
      LayerStates(layer: $0, states: try examples.states(of: $0))
    }
  }

  private static func unit(_ examples: PooledSpans) -> String { "\(examples.level.rawValue) spans" }

  /// The items of both samples that are the same span of the same utterance, in the order of the first.
  private static func sharedItems(_ a: PooledSpans, _ b: PooledSpans) -> ([Int], [Int]) {
    struct PooledSpan: Hashable {
      let utterance: String
      let start, end: Double
    }
    func span(_ examples: PooledSpans, _ item: PooledSpans.Item) -> PooledSpan {
      PooledSpan(utterance: examples.utterances[item.utterance], start: item.start, end: item.end)
    }
    let places = Dictionary(
      b.items.enumerated().map { (span(b, $0.element), $0.offset) }, uniquingKeysWith: { first, _ in first }
    )
    let shared = a.items.enumerated().compactMap { index, item in
      places[span(a, item)].map { (index, $0) }
    }
    return (shared.map(\.0), shared.map(\.1))
  }

  /// A seeded choice of `limit` rows, in their order; nil where all may be taken.
  private static func sample(_ count: Int, limit: Int?) -> [Int]? {
    guard let limit, count > limit else { return nil }
    var numbers = RandomNumbers(seed: 0, stream: "similarity rows")
    return numbers.permutation(count).prefix(limit).sorted()
  }
}
