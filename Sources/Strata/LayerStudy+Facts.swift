import Activations
import Models
import Probing
import Results
import SpeechHierarchy

extension LayerStudy {
  /// The levels that come with a probe definition, for a help text.
  public static var probedLevelNames: String {
    ProbeSpec.bundled.map(\.level.rawValue).joined(separator: ", ")
  }

  /// `phoneme,word` as levels.
  public static func levels(named names: String) throws -> [Level] {
    try names.split(separator: ",").map { part in
      let name = part.trimmingCharacters(in: .whitespaces)
      guard let level = Level(rawValue: name) else {
        throw StudyError.unknownLevel(name, known: Level.allCases.map(\.rawValue))
      }
      return level
    }
  }

  /// Every tap point but the scores of a trained head, which is no representation of its own.
  var layersByDefault: [String] { model.taps.map(\.name).filter { $0 != "logits" } }

  /// Every tap point of the model with its place in the order of the data.
  var layersOfModel: [Layer] {
    model.taps.enumerated().map { Layer(name: $1.name, depth: $0) }
  }

  var modelSummary: ModelSummary {
    let facts = model.facts
    return ModelSummary(
      name: model.name, family: facts.family, parameters: facts.parameters,
      samplingRate: facts.samplingRate, inputNormalisation: facts.inputNormalisation,
      tapPoints: zip(layersOfModel, model.taps).map { layer, tap in
        ModelSummary.TapPoint(
          layer: layer, width: tap.width, strideSeconds: tap.timing?.stride,
          receptiveFieldSeconds: tap.timing?.receptiveField,
          firstCentreSeconds: tap.timing?.centre(of: 0))
      },
      fingerprint: model.fingerprint)
  }

  var corpusSummary: CorpusSummary {
    let overview = CorpusOverview(corpus)
    return CorpusSummary(
      name: overview.name, utterances: overview.utterances, speakers: overview.speakers,
      sentences: overview.sentences, seconds: overview.seconds, silenceLabels: overview.silenceLabels,
      fingerprint: corpus.fingerprint)
  }

  var settings: Settings {
    Settings(
      seed: seed, levels: levels,
      layers: layers ?? layersByDefault,
      twinSeeds: twinSeeds, bootstrapResamples: bootstrapResamples, version: Release.version)
  }
}

/// What a reader must know before trusting a number, each said once.
struct Warnings {
  private(set) var sentences: [String] = []

  init(corpus: Corpus, splits: SplitPlan) {
    add(issues: corpus.issues)
    add(splits.warnings)
  }

  mutating func add(issues: [CorpusIssue]) {
    add(issues.filter { $0.severity > .note }.map(\.description))
  }

  mutating func add(_ warnings: [String], of probe: ProbeSpec) {
    add(warnings.map { "\(probe.level.rawValue): \($0)" })
  }

  mutating func add(noTwinOf model: String) {
    add([
      "\(model) has no randomly initialised twin, as only a model can: what its training added, beyond what its "
        + "architecture gives, cannot be told."
    ])
  }

  private mutating func add(_ more: [String]) {
    for sentence in more where !sentences.contains(sentence) { sentences.append(sentence) }
  }
}
