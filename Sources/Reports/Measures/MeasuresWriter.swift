import Foundation
import Results

/// Writes what measures beside linear probes say into a folder.
///
/// | file | holds |
/// |---|---|
/// | `report.html` | the page, complete in itself |
/// | `summary.md` | the tables and what each measure is |
/// | `measures.csv` | every number, one a row |
/// | `measures.json` | everything, as `--json` prints it |
public enum MeasuresWriter {
  /// What the page says of the run.
  public struct Facts: Sendable {
    /// The model that was measured.
    public var model: ModelSummary
    /// The corpus that it was measured on.
    public var corpus: CorpusSummary
    /// The seed of every random choice.
    public var seed: UInt64
    /// The version of Strata that made the numbers.
    public var version: String

    public init(model: ModelSummary, corpus: CorpusSummary, seed: UInt64, version: String) {
      (self.model, self.corpus, self.seed, self.version) = (model, corpus, seed, version)
    }
  }

  /// All of it, or nothing; `json` is the result as it is printed.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public static func write(
    _ measures: [LayerMeasure], _ facts: Facts, json: Data, to folder: String,
    records: [StudyWriter.Record] = []
  ) throws {
    let document = document(measures, facts)
    let files: [(name: String, data: Data)] = [
      ("report.html", Data(try ComparisonPage(document).html().utf8)),
      ("summary.md", Data(document.markdown.utf8)),
      ("measures.csv", Data(MeasuresTable.csv(measures, model: facts.model.name).utf8)),
      ("measures.json", json),
    ]
    _ = try StudyWriter.write(files, figures: [], records: records, to: folder)
  }

  static func document(_ measures: [LayerMeasure], _ facts: Facts) -> ComparisonDocument {
    let names = LayerMeasure.Name.allCases.filter { name in measures.contains { $0.name == name } }
    let layers = Set(measures.map(\.layer)).sorted()
    let level = measures.first.map(\.level.rawValue) ?? "labelled"
    let sections = LayerMeasure.Name.Kind.allCases.compactMap { kind -> ComparisonDocument.Section? in
      let own = names.filter { $0.kind == kind }
      guard !own.isEmpty else { return nil }
      let reasons = Set(
        measures.filter { own.contains($0.name) }.compactMap(\.reason)
      ).sorted()
      return ComparisonDocument.Section(
        title: kind.title,
        tables: [
          NamedTable(
            title: "by layer, with 95 % intervals over utterances",
            columns: own.flatMap { [$0.legend.name, "by chance"] },
            rows: layers.map { layer in
              (
                layer.name,
                own.flatMap { name in
                  let found = measures.first { $0.layer == layer && $0.name == name }
                  return [cell(found?.estimate), chance(found?.null)]
                }
              )
            },
            notes: own.map { name in
              let counts = measures.filter { $0.name == name }.map(\.count)
              let over = counts.max().map { " Over at most \(NumberText.grouped($0))." } ?? ""
              return "\(name.legend.name): \(name.legend.words)\(over)"
            } + reasons.map { "—: \($0)" })
        ])
    }
    return ComparisonDocument(
      title: "What the layers of \(facts.model.name) tell of \(level) spans, beside a linear probe",
      lead: [
        "From \(count(facts.corpus.utterances, facts.corpus.unit)) (\(facts.corpus.length)) of \(facts.corpus.name).",
        "“By chance” is the middle 95 % of the same with labels exchanged between whole utterances, of ABX one half.",
      ],
      sections: sections, warnings: [],
      provenance: [
        ("Strata", facts.version), ("model", "\(facts.model.name), fingerprint \(facts.model.fingerprint)"),
        ("corpus", "\(facts.corpus.name), fingerprint \(facts.corpus.fingerprint)"),
        ("seed", "\(facts.seed)"),
      ], version: facts.version)
  }

  private static func cell(_ estimate: Estimate?) -> String {
    guard let estimate, estimate.value.isFinite else { return "—" }
    let value = NumberText.fixed(estimate.value, 3)
    guard estimate.hasInterval else { return value }
    return "\(value) [\(NumberText.fixed(estimate.low, 3)), \(NumberText.fixed(estimate.high, 3))]"
  }

  private static func chance(_ null: Estimate?) -> String {
    guard let null, null.value.isFinite else { return "—" }
    return null.hasInterval
      ? "\(NumberText.fixed(null.low, 3)) to \(NumberText.fixed(null.high, 3))"
      : NumberText.fixed(null.value, 3)
  }
}

extension LayerMeasure.Name {
  /// Measures that belong together.
  enum Kind: CaseIterable {
    case distances, clusters, correlations, codes, probes, mixture

    var title: String {
      switch self {
      case .distances: "ABX"
      case .clusters: "Clusters"
      case .correlations: "Correlation with the labels"
      case .codes: "Codelengths"
      case .probes: "Probes"
      case .mixture: "A reader of all layers"
      }
    }
  }

  var kind: Kind {
    switch self {
    case .abxWithin, .abxWithinPooled, .abxAcross, .abxAcrossPooled: .distances
    case .labelPurity, .clusterPurity, .pnmi, .adjustedInformation: .clusters
    case .labelCCA, .shuffledCCA: .correlations
    case .compression, .compressionOfEntropy: .codes
    case .linearAccuracy, .hiddenAccuracy, .beyondMel, .beyondNGrams: .probes
    case .mixtureWeight, .mixtureAccuracy: .mixture
    }
  }

  /// The column's head by itself, and what it means.
  var legend: (name: String, words: String) {
    switch self {
    case .abxWithin:
      (
        "within",
        "the share of triplets of one speaker in which X is nearer to the other phone; less is better."
      )
    case .abxWithinPooled: ("within, pooled", "the same of the means of the phones' frames.")
    case .abxAcross: ("across", "the same with X said by another speaker than A and B.")
    case .abxAcrossPooled: ("across, pooled", "the same of the means of the phones' frames.")
    case .labelPurity: ("purity", "the share of spans with their cluster's commonest label.")
    case .clusterPurity: ("cluster purity", "the share of spans in their label's commonest cluster.")
    case .pnmi: ("PNMI", "I(label; cluster)/H(label), which grows with the number of clusters.")
    case .adjustedInformation: ("AMI", "the same less what any clusters of these sizes share by chance.")
    case .labelCCA: ("CCA", "with one-hot labels, fitted and read on different utterances.")
    case .shuffledCCA: ("shuffled", "the same with labels dealt at random: its floor.")
    case .compression: ("MDL", "the uniform code's length over that of the online code; more is better.")
    case .compressionOfEntropy:
      ("MDL/H", "the length of a code that knows the labels' frequencies, over that of the online code.")
    case .linearAccuracy: ("linear", "the held-out accuracy of a linear probe.")
    case .hiddenAccuracy: ("hidden layer", "that of a probe with a hidden layer, on the same folds.")
    case .beyondMel: ("bits beyond mel", "what a probe on log-mel and the layer has beyond one on log-mel.")
    case .beyondNGrams: ("bits beyond n-grams", "what a probe on n-grams and the layer has beyond n-grams.")
    case .mixtureWeight: ("weight", "the layer's in a learnt mixture of all, copies sharing theirs.")
    case .mixtureAccuracy: ("accuracy", "of the reader of that mixture.")
    }
  }
}
