import Activations
import Corpora
import Foundation
import Models
import Probing
import Results
import Tensors

extension LayerStudy {
  /// What `--levels` takes, for a help text: the levels, then the groups of probes that are run when asked for.
  public static var probedLevelNames: String {
    func levels(ofText: Bool) -> String {
      Set(ProbeSpec.bundled.filter { $0.isDefault && $0.fits(ofText: ofText) }.map(\.level)).sorted()
        .map(\.rawValue).joined(separator: ", ")
    }
    let groups = ProbeGroup.allCases.filter { group in
      ProbeSpec.bundled.contains { group.contains($0.target) }
    }
    let usual = Set(ProbeSpec.bundled.filter(\.isDefault).map(\.level))
    let others = Set(
      ProbeSpec.bundled.filter { $0.target == .identity && !usual.contains($0.level) }.map(\.level)
    ).sorted()
    let names = others.map(\.rawValue) + groups.map(\.rawValue)
    return
      "\(levels(ofText: false)) (the default), of texts \(levels(ofText: true)) (the default), \(names.joined(separator: ", "))"
  }

  /// Takes the probes that are asked for.
  ///
  /// - `probes`: `all`, names with commas between, or a folder of definitions; nil for those of `folder` (the one
  ///   that comes with the tool).
  /// - `levels`: levels and groups (`ProbeGroup`) with commas between, of which the probes must be. Where no probe
  ///   was asked for by name, a level has those that are run by default; one without any (moras) its identity probe.
  ///
  /// Throws `ProbeSpecError` for a name that no definition has, with the nearest one, and
  /// `StudyError.unknownLevel`.
  public mutating func select(
    probes request: String? = nil, levels names: String? = nil, bundledFolder folder: String? = nil
  ) throws {
    let known = try ProbeSpec.all(in: [folder].compactMap(\.self)).filter { $0.fits(ofText: corpus.isText) }
    var candidates = try request.map { try LayerStudy.probes($0, among: known) } ?? known
    guard let names else {
      if request == nil { candidates = candidates.filter(\.isDefault) }
      (probes, levels) = (candidates, Set(candidates.map(\.level)).sorted())
      return
    }
    let parts = names.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    if let stranger = parts.first(where: { !ProbeGroup.names.contains($0) }) {
      throw StudyError.unknownLevel(stranger, known: ProbeGroup.names)
    }
    let asked = parts.compactMap(Level.init(rawValue:))
    let groups = parts.compactMap(ProbeGroup.init(rawValue:))
    let usual = Set(candidates.filter(\.isDefault).map(\.level))
    probes = candidates.filter { probe in
      let isMeant = probe.isDefault || (probe.target == .identity && !usual.contains(probe.level))
      return groups.contains { $0.contains(probe.target) }
        || (asked.contains(probe.level) && (request != nil || isMeant))
    }
    levels = Set(asked + probes.map(\.level)).sorted()
  }

  private static func probes(_ request: String, among known: [ProbeSpec]) throws -> [ProbeSpec] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: request, isDirectory: &isFolder), isFolder.boolValue {
      return try ProbeSpec.load(folder: request)
    }
    guard !request.contains("/") else { throw ProbeSpecError.noSuchFolder(request) }
    if request == "all" { return known }
    return try request.split(separator: ",").map {
      try ProbeSpec.named($0.trimmingCharacters(in: .whitespaces), among: known)
    }
  }

  /// Every tap point but the scores of a trained head, which is no representation of its own.
  var layersByDefault: [String] { model.taps.map(\.name).filter { $0 != "logits" } }

  /// Every tap point of the model with its place in the order of the data.
  var layersOfModel: [Layer] {
    model.taps.enumerated().map { Layer(name: $1.name, depth: $0) }
  }

  /// A hash of all that the result hangs on: studies of one identity write the same bytes, alone or merged from shards.
  public var identity: String {
    var hash = TextHash()
    let texts =
      [
        model.fingerprint, corpus.fingerprint, "\(seed)", "\(twinSeeds)", "\(bootstrapResamples)",
        "\(maps)",
      ] + (dimensions.map { ["\($0) principal components"] } ?? [])
      + [levels.map(\.rawValue), layers ?? layersByDefault, errorLayers, [similarityLevel.rawValue]].map {
        $0.joined(separator: ",")
      }
    for text in texts { hash.add(text) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for probe in probes {
      hash.add((try? encoder.encode(probe)).map { String(decoding: $0, as: UTF8.self) } ?? probe.name)
    }
    return hash.text
  }

  var modelSummary: ModelSummary { ModelSummary(model) }

  var corpusSummary: CorpusSummary { CorpusSummary(corpus) }

  var settings: Settings {
    var settings = Settings(
      seed: seed, levels: levels,
      layers: layers ?? layersByDefault,
      twinSeeds: twinSeeds, bootstrapResamples: bootstrapResamples, version: Release.version)
    (settings.kernel, settings.processor) = (BLAS.kernel, Processor.name)
    settings.dimensions = dimensions
    return settings
  }
}

extension ModelSummary {
  init(_ model: any ActivationSource) {
    let facts = model.facts
    self.init(
      name: model.name, family: facts.family, parameters: facts.parameters,
      samplingRate: facts.samplingRate, inputNormalisation: facts.inputNormalisation,
      tapPoints: model.taps.enumerated().map { depth, tap in
        ModelSummary.TapPoint(
          layer: Layer(name: tap.name, depth: depth), width: tap.width, strideSeconds: tap.timing?.stride,
          receptiveFieldSeconds: tap.timing?.receptiveField,
          firstCentreSeconds: tap.timing?.centre(of: 0))
      },
      fingerprint: model.fingerprint)
  }
}

extension CorpusSummary {
  init(_ corpus: Corpus) {
    let overview = CorpusOverview(corpus)
    self.init(
      name: overview.name, utterances: overview.utterances, speakers: overview.speakers,
      sentences: overview.sentences, seconds: overview.isText ? 0 : overview.seconds,
      silenceLabels: corpus.silenceLabels.sorted(), fingerprint: corpus.fingerprint)
    if overview.isText { characters = Int(overview.seconds) }
  }
}

/// What a reader must know before trusting a number, each once.
struct FindingList {
  private(set) var all: [StudyFinding] = []

  init(corpus: Corpus, splits: SplitPlan) {
    add(issues: corpus.issues)
    add(splits.findings.map { StudyFinding(.split(finding: $0)) })
  }

  mutating func add(issues: [CorpusIssue]) {
    add(issues.filter { $0.severity > .note }.map { StudyFinding(.corpus(issue: $0)) })
  }

  mutating func add(_ findings: [StudyFinding.Kind], of probe: ProbeSpec) {
    let name = probe.target == .identity ? probe.level.rawValue : probe.name
    add(findings.map { StudyFinding($0, about: name) })
  }

  /// Where shards were made with several kinds of kernels, or with others than this study's.
  mutating func add(kernelsOfShards kernels: [String]) {
    let all = Set(kernels + [BLAS.kernel]).sorted()
    guard !kernels.isEmpty, all.count > 1 else { return }
    add([StudyFinding(.otherKernels(kernels: all))])
  }

  mutating func add(noTwinOf model: String) {
    add([StudyFinding(.noUntrainedModel(model: model))])
  }

  private mutating func add(_ more: [StudyFinding]) {
    for finding in more where !all.contains(finding) { all.append(finding) }
  }

  func sentences(_ terms: CorpusTerms) -> [String] { all.map { $0.words(terms) } }
}
