import Activations
import Corpora
import Results
import Tensors
import Testing

@testable import Similarity

@Suite("Layer similarity") struct LayerSimilarityTests {
  static let rows = 180

  /// Three layers of 8, 8 and 6 dimensions, each half made of the one before.
  static let layers: [(layer: String, states: Tensor)] = {
    let first = decaying(rows, 8, "first")
    let second = related(to: first, width: 8)
    return [
      ("projection", first), ("hidden.0", second), ("hidden.1", related(to: second, width: 6)),
    ]
  }()

  static let layerStates = layers.map { LayerStates(layer: $0.layer, states: $0.states) }

  /// Spans of ten utterances, `rows` of them from `start` on.
  private func examples(
    _ layers: [(layer: String, states: Tensor)], from start: Int = 0, level: Level = .phoneme
  ) -> PooledSpans {
    let count = layers.first?.states.rows ?? 0
    let items = (start..<start + count).map { i -> PooledSpans.Item in
      let place = Double(i % 40)
      return PooledSpans.Item(
        label: 0, type: 0, utterance: i / 40, speaker: 0, start: place / 10, end: (place + 1) / 10)
    }
    return PooledSpans(
      level: level, isDerived: false, classes: ["a"], types: ["a"], speakers: ["s"],
      utterances: (0..<10).map { "u\($0)" }, items: items, states: layers)
  }

  private func moments(_ extent: Moments.Extent = .pairs) -> Moments {
    var moments = Moments(
      layers: Self.layers.map { ($0.layer, $0.states.width) }, classes: [], extent: extent)
    moments.add(Self.layers.map(\.states), labels: Array(repeating: nil, count: Self.rows))
    return moments
  }

  @Test("holds each pair's similarity, in any number of threads the same bits", arguments: Named.all)
  func pairs(of named: Named) throws {
    try check(named.measure)
  }

  private func check(_ measure: some SimilarityMeasure) throws {
    let matrix = try LayerSimilarity.matrix(examples(Self.layers), measure: measure)
    #expect(matrix.measure == measure.name && matrix.unit == "phoneme spans")
    #expect(matrix.examples == Self.rows && matrix.rowLayers == ["projection", "hidden.0", "hidden.1"])
    #expect(matrix.columnLayers == matrix.rowLayers)
    for (i, x) in Self.layers.enumerated() {
      for (j, y) in Self.layers.enumerated() {
        let expected = try measure.similarity(x.states, y.states).value
        #expect(abs((matrix.values[i][j] ?? .nan) - expected) < 1e-6, "\(x.layer), \(y.layer)")
      }
      #expect(matrix.values[i][i] == 1)
    }
    for threads in 2...4 {
      let again = try LayerSimilarity.matrix(
        rows: Self.layerStates, unit: "phoneme spans", measure: measure, threads: threads)
      #expect(again == matrix)
    }
  }

  @Test("from moments equals that from states")
  func fromMoments() throws {
    func check(_ measure: some MomentMeasure) throws {
      let states = try LayerSimilarity.matrix(rows: Self.layerStates, unit: "spans", measure: measure)
      let found = try LayerSimilarity.matrix(moments(), unit: "spans", measure: measure)
      for i in 0..<3 {
        for j in 0..<3 {
          let (a, b) = (states.values[i][j] ?? .nan, found.values[i][j] ?? .nan)
          #expect(abs(a - b) < 1e-6, "\(measure.name) \(i) \(j): \(a), \(b)")
        }
      }
      #expect(found.examples == Self.rows && found.rowLayers == states.rowLayers)
      let threaded = try LayerSimilarity.matrix(moments(), unit: "spans", measure: measure, threads: 3)
      #expect(threaded == found)
      let x = try moments().sums(of: "projection")
      let y = try moments().sums(of: "hidden.1")
      let pair = try moments().sums("projection", "hidden.1")
      #expect(try measure.similarity(x, y, pair) == found.values[0][2])
    }
    try check(LinearCKA())
    try check(LinearCKA(debiased: false))
    try check(MeanCCA())
    try check(SVCCA())
    try check(PWCCA())
    try check(PWCCA(weights: .x))
    try check(Procrustes())
  }

  @Test("without the cross moments says what to do")
  func noCrossMoments() throws {
    #expect(throws: ActivationError.noCrossMoment("projection", "hidden.0")) {
      try LayerSimilarity.matrix(moments(.layers), unit: "spans", measure: LinearCKA())
    }
  }

  @Test("spectra of moments are those of the states")
  func spectrumOfMoments() throws {
    let found = try moments().spectrum(of: "hidden.1")
    let expected = try Spectrum(of: Self.layers[2].states)
    #expect(abs(found.effectiveRank - expected.effectiveRank) < 1e-9)
    #expect(abs(found.rankMe - expected.rankMe) < 1e-9)
    #expect(found.width == 6 && found.rows == Self.rows)
  }

  @Test("of two models compares the spans that both have")
  func twoModels() throws {
    // The second model's sample begins 30 spans later, and its layers have other widths.
    let later = Self.layers.map { layer, states in (layer, states.rows(30..<Self.rows)) }
    let other = examples([later[2], later[0]], from: 30)
    let matrix = try LayerSimilarity.matrix(examples(Self.layers), against: other, measure: LinearCKA())
    #expect(matrix.rowLayers == ["projection", "hidden.0", "hidden.1"])
    #expect(matrix.columnLayers == ["hidden.1", "projection"])
    #expect(matrix.examples == 150)
    #expect(abs((matrix.values[2][0] ?? 0) - 1) < 1e-6 && abs((matrix.values[0][1] ?? 0) - 1) < 1e-6)
    let expected = try LinearCKA().similarity(later[0].1, later[2].1).value
    #expect(abs((matrix.values[0][0] ?? 0) - expected) < 1e-6)
    #expect(matrix.notes.contains("150 spans are in both samples, of at most 180"))
    let again = try LayerSimilarity.matrix(
      examples(Self.layers), against: other, measure: LinearCKA(), threads: 2)
    #expect(again == matrix)
  }

  @Test("of two models asymmetric measures keep the side that weighs")
  func asymmetric() throws {
    let (x, y) = (Self.layers[0].states, Self.layers[2].states)
    let matrix = try LayerSimilarity.matrix(
      rows: [LayerStates(layer: "a", states: x)], columns: [LayerStates(layer: "b", states: y)],
      unit: "spans", measure: PWCCA(weights: .x))
    #expect(matrix.values == [[try PWCCA(weights: .x).similarity(x, y).value]])
    #expect(matrix.notes.contains("the rows' layers weigh"))
  }

  @Test("notes name what is refused, dead, dominant or sampled")
  func notes() throws {
    var broken = Self.layers[1].states
    broken.withUnsafeMutableBuffer { $0[8 * 17 + 3] = .infinity }
    var odd = Self.layers[2].states
    odd.withUnsafeMutableBuffer { values in
      for i in 0..<Self.rows {
        values[i * 6 + 4] = -2
        values[i * 6 + 1] *= 100
      }
    }
    let layers = [Self.layers[0], ("hidden.0", broken), ("hidden.1", odd)]
    let matrix = try LayerSimilarity.matrix(examples(layers), measure: LinearCKA(debiased: false))
    #expect(matrix.values[1] == [nil, nil, nil])
    #expect(matrix.values[0][1] == nil && matrix.values[0][2] != nil && matrix.values[2][2] == 1)
    #expect(
      matrix.notes.dropLast() == [
        "over all 180 rows", "in feature space, without products between rows",
        "biased: tends to 1 with few rows, also for independent layers",
        "hidden.1: 1 of 6 dimensions do not vary", "hidden.1: dimension 1 owns 100 % of the variance",
        "hidden.0 is not compared: row 17, column 3 is NaN or infinite; a layer with such values is not "
          + "compared",
      ])
    #expect(matrix.notes.last?.hasPrefix("projection and hidden.1 with its rows shuffled: 0.0") == true)
  }

  @Test("too few rows for CCA leave no value, with the reason and the directions")
  func fewRows() throws {
    let few = Self.layers.map { layer, states in (layer, states.rows(0..<20)) }
    let matrix = try LayerSimilarity.matrix(examples(few), measure: SVCCA())
    #expect(matrix.values.allSatisfy { $0.allSatisfy { $0 == nil } })
    #expect(matrix.notes.contains { $0.contains("too few for canonical correlations") })
    #expect(matrix.notes.contains { $0.contains("projection: ") && $0.contains("of 8 directions kept") })
    let biased = try LayerSimilarity.matrix(
      examples(few.map { ($0.0, $0.1.rows(0..<5)) }), measure: LinearCKA(debiased: false))
    #expect(biased.notes.contains { $0.hasSuffix("there are fewer rows (5) than dimensions (8)") })
    #expect(biased.notes.contains { $0.hasPrefix("from products between all rows") })
  }

  @Test("a measure over all pairs of rows takes a seeded sample")
  func sampled() throws {
    let x = gaussian(2100, 3, "x")
    let layers = [("a", x), ("b", sum(1, x, 1, gaussian(2100, 3, "y")))]
    let matrix = try LayerSimilarity.matrix(examples(layers), measure: RSA(dissimilarity: .euclidean))
    #expect(matrix.examples == 2048)
    #expect(matrix.notes.first == "over a seeded sample of 2048 of 2100 rows")
    #expect((matrix.values[0][1] ?? 0) > 0.3)
  }

  @Test("rows that differ are an error, no layers an empty matrix")
  func edges() throws {
    #expect(throws: SimilarityError.rowsDiffer(x: 5, y: 6)) {
      try LayerSimilarity.matrix(
        rows: [
          LayerStates(layer: "a", states: gaussian(5, 2, "a")),
          LayerStates(layer: "b", states: gaussian(6, 2, "b")),
        ], unit: "spans", measure: LinearCKA())
    }
    #expect(try LayerSimilarity.matrix(rows: [], unit: "spans", measure: LinearCKA()).values.isEmpty)
    let empty = examples(Self.layers.map { ($0.0, $0.1.rows(0..<0)) })
    let matrix = try LayerSimilarity.matrix(empty, measure: LinearCKA())
    #expect(matrix.values.allSatisfy { $0.allSatisfy { $0 == nil } })
    #expect(
      matrix.notes.contains(
        "hidden.1 is not compared: debiased_linear_cka needs at least 4 rows, there are 0"))
  }
}
