import Corpora
import Results

extension StudyFinding {
  /// In a sentence.
  public func words(_ terms: CorpusTerms) -> String {
    (about.map { "\($0): " } ?? "") + kind.words(terms)
  }
}

extension StudyFinding.Kind {
  /// The finding in a sentence, with what the corpus calls its parts.
  public func words(_ terms: CorpusTerms) -> String {
    switch self {
    case .rareClasses(let names):
      let listed =
        names.prefix(5).map { "“\($0)”" }.joined(separator: ", ") + (names.count > 5 ? ", …" : "")
      return
        "\(count(names.count, "class", "classes")) with fewer than 5 test examples (\(listed)): their own share of the "
        + "macro averages is mostly chance"
    case .untrainedClasses(let examples):
      return
        "\(count(examples, "example")) left out, since their classes do not occur in what may be learned from while they "
        + "are held out"
    case .fewUnits(let units, let unit):
      return
        "intervals are drawn from \(units) \(unit) only and are too narrow; ten are the least that can be trusted, and "
        + "nothing is decided from fewer"
    case .unconverged(let fits, let all):
      return
        "\(count(fits, "fit")) of \(all) did not come down to the gradient that was asked for; try stronger penalties"
    case .weakestPenalty(let layer, let penalty, let folds, let all):
      return
        "at \(layer) the weakest penalty (\(penalty)) was chosen in \(folds) of \(all) folds; weaker ones may read more"
    case .durationTells(let alone, let majority):
      let known = terms == .speech ? "duration" : "length"
      return
        "a probe that knows nothing but each span's \(known) has an accuracy of \(NumberWords.interval(alone)), against "
        + "\(NumberWords.number(majority)) for the commonest class: part of what layers show may be \(known)"
    case .outliers(let layers, let first, let utterance, let start):
      let names = layers == 1 ? "layer \(first) has" : "\(layers) layers have"
      return
        "\(names) spans whose norm is more than \(Int(OutlierRows.factor)) times the median (\(first): \(utterance) at "
        + "\(NumberWords.number(start)) s, and so on): their numbers stand beside those without these spans; look for "
        + "clicks, padding or a broken file"
    case .refusedLayer(let layer, let reason): return "layer \(layer): \(reason)"
    case .nothingToProbe(let reason): return reason
    case .split(let finding): return finding.words(terms)
    case .corpus(let issue): return issue.description
    case .otherKernels(let kernels):
      return
        "the shards and this study used different BLAS kernels (\(kernels.joined(separator: ", "))): numbers can differ "
        + "in their last digits from those of one machine."
    case .noUntrainedModel(let model):
      return
        "\(model) has no untrained model beside it, as only a model can have: what its training added, beyond what its "
        + "architecture gives, cannot be told."
    }
  }
}
