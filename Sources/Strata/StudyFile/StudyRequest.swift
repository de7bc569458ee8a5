import Activations
import Corpora
import Models
import Probing
import Results

/// What a study is of and how it is made, as a user writes it: paths, lists of names, numbers. The command's options and
/// a study file both come to one of these.
package struct StudyRequest: Sendable {
  /// A checkpoint, a folder, or activations made elsewhere.
  package var model: String
  /// A folder, or `layout:folder`.
  package var corpus: String
  package var overrides = CorpusOverrides()
  package var loading = LoadOptions()
  package var imports = ImportSettings()
  /// What a multilingual Whisper's decoder is told, such as `de`.
  package var language: String?
  /// Lists with commas between; nil for the usual.
  package var levels, layers, probes, errors: String?
  package var search: ProbeSpec.Search?
  package var seed: UInt64 = 0
  /// How many untrained models.
  package var twins = 3
  package var dimensions: Int?
  package var maps = 3

  package init(model: String, corpus: String) { (self.model, self.corpus) = (model, corpus) }

  /// Reads the corpus and opens the model. `note` is told what is read and assumed, `warn` what a user must know.
  ///
  /// - Throws: what reading and loading throw; `ProbeSpecError`, `StudyError.unknownLevel` and `ModelError` for names that
  ///   are not there, with the nearest ones.
  package func study(
    note: (String) -> Void = { _ in }, warn: (String) -> Void = { _ in }
  ) throws -> LayerStudy {
    note("reading \(corpus)")
    let corpus = try Corpus.load(corpus, overriding: overrides).alignmentChecked()
    corpus.issues.map(\.description).forEach(note)
    note("reading \(model)")
    let loaded = try LoadedModel.load(
      model, for: corpus, options: loading, imports: imports, language: language)
    loaded.notes.forEach(note)
    loaded.warnings.forEach(warn)
    var study = LayerStudy(model: loaded.source, corpus: corpus)
    (study.seed, study.maps, study.dimensions) = (seed, maps, dimensions)
    study.twinSeeds = LayerStudy.untrainedSeeds(twins, after: seed)
    let taps = study.model.taps
    if let layers { study.layers = try taps.resolve(layers: layers).map(\.name) }
    if let errors {
      study.errorLayers = try (errors == "all" ? taps : taps.resolve(layers: errors)).map(\.name)
    }
    // A file dropped into the folder that comes with the tool counts too.
    try study.select(probes: probes, levels: levels, bundledFolder: BundledFiles.probes)
    if let search {
      for place in study.probes.indices { study.probes[place].search = search }
    }
    return study
  }
}
