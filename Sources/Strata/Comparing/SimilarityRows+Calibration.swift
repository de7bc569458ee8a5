import Activations
import Foundations
import Probing
import Results
import Similarity
import Tensors

extension Rows {
  /// At most `limit` rows, drawn from the seed, in their order.
  func sample(_ limit: Int) -> [Int] {
    let count = activations.examples.items.count
    guard count > limit else { return Array(0..<count) }
    var numbers = RandomNumbers(seed: study.seed, stream: "similarity rows")
    return numbers.permutation(count).prefix(limit).sorted()
  }

  private func utterances(_ rows: [Int]) -> [Int] { rows.map { activations.examples.items[$0].utterance } }

  /// The measure with what it must know of the rows; nil where it needs nothing.
  private func measure(_ name: MeasureName, _ rows: [Int]) throws -> any SimilarityMeasure {
    switch name {
    case .mutualNeighbours: MutualNeighbours(groups: utterances(rows))
    case .partialCKA: try partial(rows)
    default: name.measure
    }
  }

  private func partial(_ rows: [Int]) throws -> PartialCKA {
    do {
      return try PartialCKA(confounds: confounds(rows))
    } catch SimilarityError.tooFewRows(let rows, let needed, _) {
      throw ComparisonError.fewRowsForConfounds(rows: rows, needed: needed)
    }
  }

  /// Of a measure that must know which row is which.
  func rowwise(_ name: MeasureName) throws -> LayerComparison {
    let chosen = sample(name == .mutualNeighbours ? 4096 : .max)
    func chosenStates(_ side: Side) throws -> [LayerStates] {
      try states(of: side).map {
        LayerStates(layer: $0.layer, states: $0.states.selectingRows(chosen))
      }
    }
    let measure = try measure(name, chosen)
    var comparison = try LayerSimilarity.comparison(
      rows: chosenStates(sides[0]), columns: try sides.dropFirst().first.map(chosenStates), unit: unit,
      measure: measure, threads: study.threads)
    if let partial = measure as? PartialCKA {
      comparison.matrix.notes.append(
        "speaker and log-mel spectrum are regressed out of both sides: \(partial.directions) directions")
    }
    return comparison
  }

  /// One-hot speakers and the log-mel spectrum of the spans, `[rows × features]`.
  private func confounds(_ rows: [Int]) throws -> Tensor {
    guard !study.corpus.isText else { throw ComparisonError.needsSound(measure: "partial_cka") }
    let examples = activations.examples.withoutStates
    let spans = try SpanFeatures(of: examples, in: utterancesOfRows).blocks([.mel], threads: study.threads)
    let speakers = examples.speakers.count
    let mel = spans.first?.block.states ?? Tensor(shape: [examples.items.count, 0])
    let width = speakers + mel.width
    return Tensor(shape: [rows.count, width]) { out in
      out.update(repeating: 0)
      mel.withUnsafeBuffer { values in
        for (place, row) in rows.enumerated() {
          out[place * width + examples.items[row].speaker] = 1
          for k in 0..<mel.width { out[place * width + speakers + k] = values[row * mel.width + k] }
        }
      }
    }
  }

  /// P values and calibrated similarities, where they were asked for.
  func calibration(_ name: MeasureName) throws -> LayerCalibration? {
    // Its rows are too few for what is regressed out.
    guard study.calibrationDraws > 0, name != .partialCKA else { return nil }
    guard !study.isCancelled() else { throw StudyError.interrupted }
    var calibration = SimilarityCalibration()
    (calibration.draws, calibration.seed) = (study.calibrationDraws, study.seed)
    let groups = activations.examples.items.map(\.utterance)
    let chosen = calibration.sample(groups)
    func chosenStates(_ side: Side) throws -> [LayerStates] {
      try states(of: side).map {
        LayerStates(layer: $0.layer, states: $0.states.selectingRows(chosen))
      }
    }
    return try calibration.calibration(
      rows: chosenStates(sides[0]), columns: try sides.dropFirst().first.map(chosenStates),
      groups: utterances(chosen), measure: try measure(name, chosen), threads: study.threads)
  }
}

extension LayerDimension {
  init(_ found: IntrinsicDimension, model: String, layer: String) {
    self.init(
      model: model, layer: layer, rows: found.rows, duplicates: found.duplicates, twoNN: found.twoNN,
      levinaBickel: found.levinaBickel,
      scales: found.scales.map { Scale(rows: $0.rows, twoNN: $0.twoNN, levinaBickel: $0.levinaBickel) })
  }
}
