import Corpora
import Results

/// Studies made by rule, with the shapes that real ones have: profiles that rise and fall, intervals that
/// widen for rare labels, a level that is undecided. Every number is rounded, so no CPU's last bit matters.
enum SyntheticStudy {
  /// Seven convolutions, the projection and seven hidden states; phonemes, syllables and words.
  static let small: StudyResult = {
    let layers = convolutional(hidden: 7)
    let phoneme = level(
      .phoneme, layers, classes: 39, examples: 4871, majority: 0.081, mel: 0.403,
      profile: Profile(base: 0.22, top: 0.712, peak: 10, spread: 4.2, twin: 0.36, error: 0.028),
      sentence:
        "Phonemes are encoded: a probe on hidden.2 names 71.2 % [68.4, 74.0] of them rightly, 30.9 points "
        + "more than on mel [27.4, 34.4] and 34.4 more than on the untrained model [30.9, 37.9].", .encoded)
    let syllable = level(
      .syllable, layers, classes: 64, examples: 2103, majority: 0.062, mel: 0.187,
      profile: Profile(base: 0.11, top: 0.436, peak: 12, spread: 3.6, twin: 0.19, error: 0.041),
      isDerived: true,
      sentence:
        "Syllables are encoded: a probe on hidden.4 names 43.6 % [39.5, 47.7] of them rightly, 24.9 points "
        + "more than on mel [19.8, 30.0] and 24.8 more than on the untrained model [19.7, 29.9].", .encoded)
    let word = level(
      .word, layers, classes: 28, examples: 812, majority: 0.098, mel: 0.171,
      profile: Profile(base: 0.12, top: 0.254, peak: 13, spread: 2.8, twin: 0.17, error: 0.079),
      sentence:
        "Whether words are encoded is undecided: a probe on hidden.5 names 25.4 % [17.5, 33.3] of them "
        + "rightly, but its gain over the untrained model, 8.6 points [−1.2, 18.4], may be zero.",
      .undecided,
      utterancesToDecide: 410)
    return study(
      name: "w2v2-tiny-phones", family: "wav2vec 2.0", parameters: 1_243_392, layers: layers,
      levels: [phoneme, syllable, word],
      warnings: [
        "5 words have fewer than 5 test examples; their accuracy means little.",
        "Layer conv.1 has 3 dimensions that never change; they were left out of its standardisation.",
      ])
  }()

  /// Every level, 33 tap points, some without a number, several layers in a peak set, two similarities.
  static let large: StudyResult = {
    let layers = convolutional(hidden: 25)
    let metrics: [(Level, Metric, Double, Int, Double)] = [
      (.sound, .balancedAccuracy, 0.91, 3, 0.5), (.phoneme, .accuracy, 0.886, 18, 0.08),
      (.syllable, .accuracy, 0.641, 22, 0.06), (.word, .accuracy, 0.713, 26, 0.09),
      (.phrase, .macroF1, 0.482, 28, 0.2), (.sentence, .bits, 0.0316, 29, 0.0002),
    ]
    let levels = metrics.enumerated().map { index, entry -> LevelResult in
      let (name, metric, top, peak, majority) = entry
      var level = level(
        name, layers, classes: 2 + index * 9, examples: 20_000 >> index, majority: majority,
        mel: rounded(majority + (top - majority) * 0.4),
        profile: Profile(
          base: majority + (top - majority) * 0.25, top: top, peak: peak, spread: 9,
          twin: majority + (top - majority) * 0.35, error: 0.01 * Double(index + 1)),
        sentence: "\(name.rawValue.capitalized)s are encoded: see the table.", .encoded, metric: metric)
      if name >= .phrase {
        for place in 0..<7 {
          level.layers[place].metrics = nil
          level.layers[place].twin = nil
          level.layers[place].reason = "its frame sees less than a tenth of the median \(name.rawValue)"
        }
        level.peak?.peakSet.removeAll { $0.depth < 7 }
      }
      return level
    }
    var result = study(
      name: "wav2vec2-large-960h-lv60-self", family: "wav2vec 2.0", parameters: 315_438_720,
      layers: layers, levels: levels, warnings: [])
    result.similarity.append(similarity(layers, measure: "svcca", noise: 0.1))
    return result
  }()

  /// A study whose every name tries to break out of the file that it is written to.
  static let hostile: StudyResult = {
    let name = "<script>alert(1)</script>\"\u{301} onload='x' & | a,b\n`c` \\input{x} \u{1B}[2J=1+1"
    var study = small
    study.model.name = name
    study.model.family = name
    study.corpus.name = name
    study.warnings = [name]
    study.levels[0].probe = name
    study.levels[0].majorityClass = name
    study.levels[0].verdict?.sentence = name
    study.levels[1].level = .phoneme
    study.levels[0].layers[2].layer = Layer(name: name, depth: 2)
    study.levels[0].layers[3].metrics = nil
    study.levels[0].layers[3].reason = name
    study.similarity[0].rowLayers[1] = name
    study.similarity[0].columnLayers[1] = name
    study.similarity[0].measure = name
    study.spectra?[0].layer = name
    study.levels[2].classes[1] = name
    study.levels[2].errors = study.levels[2].peak.map { peak in
      var errors = errors
      errors.layer = peak.layer
      errors.confusions = ["class 0": ["class 0": 3, name: 2], name: [name: 4]]
      errors.worst[0].utterance = name
      errors.worst[0].guess = name
      return [errors]
    }
    study.settings.layers = [name]
    return study
  }()

  /// A regression's, of one output.
  static let deviations = DeviationAnalysis(
    layer: Layer(name: "hidden.2", depth: 9),
    parts: [
      .init(kind: .speaker, name: "one", tested: 60, rootMeanSquare: 0.5, mean: 0.125),
      .init(kind: .duration, name: "0.02 s", tested: 100, rootMeanSquare: 0.75, mean: -0.25),
    ],
    worst: [
      .init(
        utterance: "one-03", speaker: "one", start: 1.25, end: 1.27, truth: 5.5, guess: 3, deviation: 2.5)
    ])

  /// The small one with the mistakes of two of its levels.
  static let whole: StudyResult = {
    var study = small
    for place in [0, 2] {
      var level = study.levels[place]
      level.classes = level.classes.indices.map { place == 0 ? phones[$0] : "word \($0)" }
      level.errors = level.peak.map { [mistakes(of: level.classes, at: $0.layer)] }
      study.levels[place] = level
    }
    return study
  }()

  private static let phones =
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
    .split(separator: " ").map(String.init)

  /// Neighbours in the list are confused.
  private static func mistakes(of classes: [String], at layer: Layer) -> ErrorAnalysis {
    var confusions: [String: [String: Int]] = [:]
    for (place, name) in classes.enumerated() {
      let tested = 12 + place * 37 % 101
      confusions[name] = [name: tested]
      for step in [1, 2, 5] where (place * 7 + step) % 3 != 0 {
        let other = classes[(place + step * (place % 2 == 0 ? 1 : classes.count - 1)) % classes.count]
        confusions[name]?[other] = tested / (step * 3)
      }
    }
    var errors = errors
    (errors.layer, errors.confusions) = (layer, confusions)
    return errors
  }

  /// Three classes, of which the third is often taken for the first.
  static let errors = ErrorAnalysis(
    layer: Layer(name: "hidden.2", depth: 10),
    confusions: [
      "class 0": ["class 0": 40, "class 1": 3, "class 2": 2], "class 1": ["class 1": 30, "class 2": 5],
      "class 2": ["class 0": 9, "class 2": 11],
    ],
    parts: [
      .init(kind: .speaker, name: "one", tested: 60, right: 52),
      .init(kind: .speaker, name: "two", tested: 40, right: 29),
      .init(kind: .duration, name: "0.03–0.07 s", tested: 50, right: 35),
      .init(kind: .duration, name: "0.07–0.21 s", tested: 50, right: 46),
    ],
    worst: [
      .init(
        utterance: "one-03", speaker: "one", start: 1.25, end: 1.31, truth: "class 2", guess: "class 0",
        probability: 0.0015)
    ],
    changes: .init(
      since: Layer(name: "conv.1", depth: 0),
      classes: [
        .init(name: "class 0", tested: 45, gained: 12, lost: 1),
        .init(name: "class 1", tested: 35, gained: 9, lost: 4),
        .init(name: "class 2", tested: 20, gained: 0, lost: 2),
      ],
      pairs: [
        .init(truth: "class 0", guess: "class 2", before: 9, now: 2),
        .init(truth: "class 1", guess: "class 0", before: 6, now: 0),
      ],
      broken: [
        .init(
          utterance: "one-03", speaker: "one", start: 1.25, end: 1.31, truth: "class 2", guess: "class 0",
          probability: 0.0015)
      ],
      mended: [
        .init(
          utterance: "two-07", speaker: "two", start: 0.5, end: 0.61, truth: "class 1", guess: "class 0",
          probability: 0.02)
      ]))

  // MARK: Parts

  struct Profile {
    var base: Double
    var top: Double
    /// The depth of the highest value.
    var peak: Int
    /// How many layers it takes to fall off.
    var spread: Double
    var twin: Double
    /// Half the interval's width.
    var error: Double

    func value(at depth: Int) -> Double {
      let distance = Double(depth - peak) / spread
      return base + (top - base) / (1 + distance * distance)
    }
  }

  static func convolutional(hidden: Int) -> [Layer] {
    let names = (1...7).map { "conv.\($0)" } + ["projection"] + (0..<hidden).map { "hidden.\($0)" }
    return names.enumerated().map { Layer(name: $0.element, depth: $0.offset) }
  }

  static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

  static func estimate(_ value: Double, _ error: Double) -> Estimate {
    Estimate(value: rounded(value), low: rounded(value - error), high: rounded(value + error))
  }

  static func metrics(_ value: Double, _ error: Double) -> MetricTable {
    MetricTable(
      accuracy: estimate(value, error), balancedAccuracy: estimate(value * 0.9, error),
      macroF1: estimate(value * 0.88, error), logLoss: estimate(3.2 * (1 - value), error * 2),
      bits: estimate(4 * value, error * 3))
  }

  static func level(
    _ level: Level, _ layers: [Layer], classes: Int, examples: Int, majority: Double, mel: Double,
    profile: Profile, isDerived: Bool = false, sentence: String, _ decision: Verdict.Decision,
    utterancesToDecide: Int? = nil, metric: Metric = .accuracy
  ) -> LevelResult {
    let results = layers.map { layer -> LayerResult in
      // A small ripple, so that neighbours are not on one curve.
      let ripple = layer.depth == profile.peak ? 0 : [0.004, -0.006, 0.002, -0.003][layer.depth % 4]
      let value = profile.value(at: layer.depth) + ripple * min(1, profile.top)
      let twin = profile.twin * (1 + 0.02 * [0, 1, -1][layer.depth % 3])
      return LayerResult(
        layer: layer, metrics: metrics(value, profile.error), twin: metrics(twin, profile.error),
        gainOverTwin: estimate(value - twin, profile.error * 1.25),
        gainOverMel: estimate(value - mel, profile.error * 1.25),
        selectivity: estimate((value - majority) * 0.8, profile.error), penalty: 0.01)
    }
    let table = results.first { $0.layer.depth == profile.peak }?.metrics
    let best = table?[metric] ?? estimate(profile.top, profile.error)
    let peakSet = results.filter { ($0.metrics?[metric].high ?? 0) > best.value + 0.3 * profile.error }
    var result = LevelResult(
      level: level, probe: level.rawValue, isDerived: isDerived, metric: metric,
      classes: (0..<classes).map { "class \($0)" }, examples: examples, tested: examples * 4 / 5,
      speakers: 12,
      split: "5 folds, no speaker and no sentence on both sides", leaks: false, intervalUnit: "speakers",
      labelEntropy: rounded(3.1 + Double(classes) / 40), majorityClass: "class 0",
      majority: metrics(majority, profile.error / 2), shuffled: metrics(majority * 0.9, profile.error / 2),
      mel: metrics(mel, profile.error), layers: results,
      peak: Peak(layer: layers[profile.peak], estimate: best, peakSet: peakSet.map(\.layer)),
      verdict: Verdict(decision: decision, sentence: sentence, utterancesToDecide: utterancesToDecide))
    let (tested, left) = (examples * 4 / 5, examples / 10)
    result.scope = ProbeScope(
      spans: tested, ofSpans: examples + left, classes: classes, ofClasses: classes + 2,
      leftOut: [
        .init(
          rule: .rare, limit: 10, classes: 2, spans: left,
          named: [.init(name: "rare 0", spans: left - 1), .init(name: "rare 1", spans: 1)])
      ])
    if level == .syllable || level == .word {
      result.joint = JointBaselineResult(
        features: ["mel", "duration", "length", "bag-of-phones"], width: 310,
        baseline: metrics(profile.top - 0.05, profile.error), layer: layers[profile.peak],
        withLayer: metrics(profile.top + 0.02, profile.error),
        gain: estimate(0.07, profile.error), gainInBits: estimate(0.3, profile.error * 3))
    }
    return result
  }

  static func similarity(_ layers: [Layer], measure: String, noise: Double) -> SimilarityMatrix {
    let names = layers.map(\.name)
    let values = layers.map { row in
      layers.map { column -> Double? in
        let distance = Double(row.depth - column.depth) / 5
        let isAcross = (row.depth < 8) != (column.depth < 8)
        return row == column ? 1 : rounded((isAcross ? 0.62 : 0.97) / (1 + distance * distance) - noise)
      }
    }
    return SimilarityMatrix(
      measure: measure, unit: "phoneme spans", examples: 4871, rowLayers: names, columnLayers: names,
      values: values, notes: [])
  }

  /// Ranks that fall and rise along the layers.
  static func spectrum(_ layer: Layer, model: String) -> LayerSpectrum {
    let width = layer.depth < 7 ? 64 : 128
    let share = 0.2 + 0.5 / (1 + Double((layer.depth - 9) * (layer.depth - 9)) / 12)
    return LayerSpectrum(
      model: model, layer: layer.name, rows: 4871, width: width,
      effectiveRank: rounded(Double(width) * (1 - share)), rankMe: rounded(Double(width) * (0.9 - share)),
      participationRatio: rounded(Double(width) * (1 - share) * (1 - share) / 2),
      anisotropy: layer.depth == 3 ? nil : rounded(share * 1.2 - 0.3), topShare: rounded(share / 2),
      topTenShare: rounded(share), outliers: [.init(dimension: 3, share: 0.04)],
      dead: layer.depth == 0 ? [1, 5, 9] : [])
  }

  static func study(
    name: String, family: String, parameters: Int, layers: [Layer], levels: [LevelResult],
    warnings: [String]
  ) -> StudyResult {
    let taps = layers.map { layer -> ModelSummary.TapPoint in
      let stride = [5.0, 10, 20, 40, 80, 160, 320][min(layer.depth, 6)] / 16_000
      let field = [10.0, 20, 40, 80, 160, 240, 400][min(layer.depth, 6)] / 16_000
      return .init(
        layer: layer, width: layer.depth < 7 ? 64 : 128, strideSeconds: stride,
        receptiveFieldSeconds: field,
        firstCentreSeconds: field / 2)
    }
    return StudyResult(
      model: ModelSummary(
        name: name, family: family, parameters: parameters, samplingRate: 16_000,
        inputNormalisation: "zero mean and unit variance per utterance", tapPoints: taps,
        fingerprint: "xxh3-128:5f0c6a0c8d0f4a6e9d3b7f21c44e1a90"),
      corpus: CorpusSummary(
        name: "unseen", utterances: 125, speakers: 12, sentences: 25, seconds: 372.4,
        silenceLabels: ["", "sil", "sp"], fingerprint: "xxh3-128:0d4f3e8a61be4f0ab1f0a55a3de0c7b2"),
      settings: Settings(
        seed: 17, levels: levels.map(\.level), layers: layers.map(\.name), twinSeeds: [1, 2, 3],
        bootstrapResamples: 1000, version: "0.1.0"),
      levels: levels,
      similarity: [similarity(layers, measure: "debiased_linear_cka", noise: 0.02)],
      spectra: layers.map { spectrum($0, model: name) }, warnings: warnings)
  }
}
