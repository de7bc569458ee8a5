import Activations
import Corpora
import Foundation
import Foundations
import Models
import Results
import Similarity
import Tensors

/// The rows of a comparison, with every layer's states over them.
struct Rows {
  let study: SimilarityStudy
  let sides: [Side]
  let activations: LevelActivations
  let unit: String
  /// The corpus's, or their frames.
  let utterancesOfRows: [Utterance]
  private(set) var warnings: [String] = []

  /// Runs the pass.
  init(_ study: SimilarityStudy, _ sides: [Side], _ grid: FrameGrid?) throws {
    self.study = study
    self.sides = sides
    let level = study.level ?? FrameGrid.level
    let utterances =
      study.level == nil
      ? grid?.applied(to: study.corpus.utterances) ?? [] : study.corpus.utterances
    utterancesOfRows = utterances
    unit = study.level.map { "\($0.rawValue) spans" } ?? grid?.unit ?? "frames"
    let width = sides.flatMap(\.taps).reduce(0) { $0 + $1.width }
    let limit = max(4, min(study.rowLimit, study.memory / (4 * max(1, width))))
    let settings = ExtractionSettings(
      levels: [level], layers: sides.flatMap(\.names), includesMel: false,
      sample: SampleLimits(perClass: limit, total: limit, bytes: .max), momentsBudget: study.memory,
      seed: study.seed)
    let source: any ActivationSource =
      study.second.map { PairedSource(first: study.model, second: $0) } ?? study.model
    let pass = ExtractionPass(
      of: source, over: utterances, settings: settings, workFolder: study.workFolder)
    let started = Date()
    func requireUnchanged() throws { try source.requireUnchanged(atEnd: true) }
    let extraction = try requiring(requireUnchanged) {
      try pass.run(
        threads: study.threads,
        progress: { [onProgress = study.onProgress] progress in
          let rate = progress.seconds / max(Date().timeIntervalSince(started), 1e-3)
          onProgress(
            StudyProgress(
              stage: "Extracting \(source.name)", done: progress.done, total: progress.total,
              detail: "\(Int(rate)) × real time"))
        }, isCancelled: study.isCancelled)
    }
    if let folder = study.workFolder { study.work.add(try pass.keptFolders(), in: folder) }
    guard let activations = extraction.levels[level] else {
      throw ComparisonError.noSpans(level: level.rawValue, corpus: study.corpus.name)
    }
    self.activations = activations
    warnings = (study.corpus.issues + extraction.issues).filter { $0.severity > .note }.map(\.description)
    let reasons = activations.examples.reasons.sorted { $0.key < $1.key }
      .map { "\($0.key) is left out: \($0.value)" }
    warnings += reasons
    for side in sides where layers(of: side).isEmpty {
      throw ComparisonError.noLayers(model: side.source.name, reasons: reasons)
    }
    let (rows, widest) = (activations.examples.items.count, sides.flatMap(\.taps).map(\.width).max() ?? 0)
    if rows < widest {
      warnings.append(
        "There are fewer rows (\(rows)) than dimensions (\(widest)): biased CKA is high for unrelated layers too, and "
          + "canonical correlations are refused. Read the debiased CKA, or compare more speech.")
    }
    if study.level == nil {
      warnings.append(
        "Rows are frames: neighbours are near copies of each other and raise every similarity.")
    }
  }

  private var isSampled: Bool { activations.spans > activations.examples.items.count }

  /// The layers of a side that have states here, as the pass names them.
  private func layers(of side: Side) -> [String] {
    side.names.filter(activations.examples.layers.contains)
  }

  func states(of side: Side) throws -> [LayerStates] {
    try layers(of: side).map {
      LayerStates(
        layer: String($0.dropFirst(side.prefix.count)), states: try activations.examples.states(of: $0))
    }
  }

  // MARK: Layers with layers

  /// From the moments of all rows where these hold every pair, else from the sampled rows.
  func comparison(_ name: MeasureName) throws -> LayerComparison {
    var comparison = try plainComparison(name)
    comparison.calibration = try calibration(name)
    return comparison
  }

  private func plainComparison(_ name: MeasureName) throws -> LayerComparison {
    guard !study.isCancelled() else { throw StudyError.interrupted }
    if name == .partialCKA || name == .mutualNeighbours { return try rowwise(name) }
    let measure = name.measure
    if isSampled, let moments = activations.moments, moments.extent == .pairs,
      let measure = measure as? any MomentMeasure
    {
      return LayerComparison(matrix: try matrix(moments, measure), source: .moments)
    }
    let (rows, columns) = (try states(of: sides[0]), try sides.dropFirst().first.map(states))
    let widths = (rows + (columns ?? [])).map(\.states.width)
    let cost = CKACost(rows: activations.examples.items.count, widths: widths)
    let used: any SimilarityMeasure =
      name == .debiasedLinearCKA && cost.choice() == .minibatch ? MinibatchCKA() : measure
    return try LayerSimilarity.comparison(
      rows: rows, columns: columns, unit: unit, measure: used, threads: study.threads)
  }

  private func matrix(_ moments: Moments, _ measure: some MomentMeasure) throws -> SimilarityMatrix {
    var matrix = try LayerSimilarity.matrix(
      moments, unit: unit, layers: layers(of: sides[0]), against: sides.dropFirst().first.map(layers),
      measure: measure, threads: study.threads)
    func plain(_ name: String) -> String {
      sides.first { !$0.prefix.isEmpty && name.hasPrefix($0.prefix) }
        .map { String(name.dropFirst($0.prefix.count)) } ?? name
    }
    matrix.rowLayers = matrix.rowLayers.map(plain)
    matrix.columnLayers = matrix.columnLayers.map(plain)
    return matrix
  }

  // MARK: Layers alone, and with labels

  /// One a layer, and why a layer has none.
  func dimensions() throws -> (dimensions: [LayerDimension], refusals: [String]) {
    let chosen = sample(IntrinsicDimension.rowLimit)
    let groups = chosen.map { activations.examples.items[$0].utterance }
    var (dimensions, refusals) = ([LayerDimension](), [String]())
    for side in sides {
      let states = try states(of: side)
      let found = try parallelMap(states.count, threads: study.threads) { [seed = study.seed] index in
        try refusable {
          try IntrinsicDimension(
            of: states[index].states.selectingRows(chosen), groups: groups, seed: seed)
        }
      }
      for (layer, answer) in zip(states, found) {
        switch answer {
        case .success(let found):
          dimensions.append(LayerDimension(found, model: side.source.name, layer: layer.layer))
        case .failure(let refusal): refusals.append("\(layer.layer) has no intrinsic dimension: \(refusal)")
        }
      }
    }
    return (dimensions, refusals)
  }

  /// One a layer, and why a layer has none.
  func spectra() throws -> (spectra: [LayerSpectrum], refusals: [String]) {
    var (spectra, refusals) = ([LayerSpectrum](), [String]())
    for side in sides {
      let states = try states(of: side)
      let found = try parallelMap(states.count, threads: study.threads) { index in
        try refusable { try spectrum(of: states[index], side.source.name) }
      }
      for (layer, answer) in zip(states, found) {
        switch answer {
        case .success(let spectrum): spectra.append(spectrum)
        case .failure(let refusal): refusals.append("\(layer.layer) has no spectrum: \(refusal)")
        }
      }
    }
    return (spectra, refusals)
  }

  /// What a measure refuses is an answer; anything else is thrown on.
  private func refusable<T>(_ body: () throws -> T) throws -> Result<T, SimilarityError> {
    do {
      return .success(try body())
    } catch let error as SimilarityError {
      return .failure(error)
    }
  }

  private func spectrum(of states: LayerStates, _ model: String) throws -> LayerSpectrum {
    LayerSpectrum(try Spectrum(of: states.states), model: model, layer: states.layer)
  }

  func labels() throws -> [LabelSimilarity] {
    let examples = activations.examples
    let folds = try SplitPlan.make(for: study.corpus, cells: .diagonal, seed: study.seed).folds
    let classes = examples.classes.count
    let oneHot = Tensor(shape: [examples.items.count, classes]) { values in
      values.update(repeating: 0)
      for (row, item) in examples.items.enumerated() { values[row * classes + item.label] = 1 }
    }
    return try sides.flatMap { side in
      let layers = layers(of: side)
      let correlations = try LabelCCA(seed: study.seed).correlations(
        examples, layers: layers, folds: folds, threads: study.threads)
      return try correlations.map { correlation in
        let states = try examples.states(of: correlation.layer)
        return LabelSimilarity(
          model: side.source.name, layer: String(correlation.layer.dropFirst(side.prefix.count)),
          level: examples.level.rawValue, classes: classes,
          debiasedCKA: try? refusable { try LinearCKA().similarity(states, oneHot).value }.get(),
          heldOutCCA: correlation.value,
          shuffledCCA: correlation.shuffled, tested: correlation.testExamples)
      }
    }
  }
}
