import ArgumentParser
import Strata

/// What the options say.
extension AttributeCommand {
  func chosenMethods() throws -> [AttributionMethod] {
    try listed("methods", methods).map { name in
      guard let method = AttributionMethod(rawValue: name) else {
        let known = AttributionMethod.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("There is no method \(name); there are \(known).")
      }
      return method
    }
  }

  func chosenLevels() throws -> [Level] {
    try listed("levels", levels).map { name in
      guard let level = Level(rawValue: name) else {
        throw ValidationError(
          "There is no level \(name); there are \(Level.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      return level
    }
  }

  func chosenSettings() throws -> AttributionSettings {
    var settings = AttributionSettings()
    settings.steps = steps
    settings.seed = seed
    guard let baseline = AttributionSettings.Baseline(rawValue: baseline) else {
      throw ValidationError("--baseline takes noise or silence, not “\(baseline)”.")
    }
    settings.baseline = baseline
    switch rule {
    case "epsilon": settings.relevanceRule = .epsilon(1e-4)
    case "gamma": settings.relevanceRule = .gamma(0.25)
    case "z+": settings.relevanceRule = .positive
    default: throw ValidationError("--rule takes epsilon, gamma or z+, not “\(rule)”.")
    }
    return settings
  }

  func chosenSpan() throws -> Range<Double>? {
    guard let span else { return nil }
    let ends = span.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let start = ends[0], let end = ends[1], start >= 0, start < end, end.isFinite
    else {
      throw ValidationError("--span takes seconds such as 0.31-0.42, not “\(span)”.")
    }
    return start..<end
  }

  /// What the decoder is given, and the token of it that is asked about.
  func read(into explanation: inout AttributionRun, _ request: inout TargetRequest) throws {
    if let tokens {
      let ids = try listed("tokens", tokens).map { Int($0) }
      guard !ids.contains(nil) else {
        throw ValidationError("--tokens takes ids such as 3,5,8, not “\(tokens)”.")
      }
      explanation.tokens = ids.compactMap { $0 }
      request.token = (token - 1, ids.indices.contains(token - 1) ? "\(ids[token - 1] ?? 0)" : "")
    } else if let text {
      guard let reader = TeacherForcedModel(explanation.model), let tokenizer = explanation.model.tokenizer
      else {
        throw ValidationError("--text needs a model with a decoder and its tokeniser; see --tokens.")
      }
      let own = tokenizer.tokens(of: " " + text)
      explanation.tokens = reader.prefix + own.map(\.id)
      explanation.tokenNames = reader.prefix.map { "⟨\($0)⟩" } + own.map(\.text)
      request.token = (
        reader.prefix.count + token - 1, own.indices.contains(token - 1) ? own[token - 1].text : ""
      )
    }
  }

  /// A span of the recording in a stretch of it, from whose start times count.
  func within(_ stretch: Range<Double>, _ span: Range<Double>) throws -> Range<Double> {
    guard span.lowerBound >= stretch.lowerBound, span.upperBound <= stretch.upperBound else {
      throw ValidationError(
        "The target at \(span.lowerBound)–\(span.upperBound) s lies outside \(stretch.lowerBound)–\(stretch.upperBound) s, which is all that the model is given."
      )
    }
    return (span.lowerBound - stretch.lowerBound)..<(span.upperBound - stretch.lowerBound)
  }

  func labelled(_ at: String, in explanation: AttributionRun) throws -> Range<Double> {
    let parts = at.split(separator: ":", maxSplits: 1)
    if parts.count == 2, let number = Int(parts[1]), number > 0 {
      return try explanation.span(of: String(parts[0]), number: number)
    }
    return try explanation.span(of: at)
  }

  func linearProbe(
    of model: SpeechModel, _ corpus: Corpus?, _ frame: CommandFrame
  ) throws -> LinearReadout? {
    guard let probe else { return nil }
    guard let level = Level(rawValue: probe) else {
      let found = try LinearReadout.read(probe)
      guard found.fingerprint == model.fingerprint else {
        throw AttributionError.otherModel(path: probe, probe: found.fingerprint, model: model.fingerprint)
      }
      return found
    }
    let hidden = model.taps.last(where: \.kind.isHidden)?.name
    guard let name = try layer.map({ try model.resolve(layers: $0).first?.name }) ?? hidden else {
      throw ValidationError("Say the probe's layer with --layer.")
    }
    let corpus = try corpus ?? corpora.load(frame.note)
    return try LinearReadout.fit(
      to: model, layer: name, level: level, corpus: corpus, seed: seed,
      threads: running.threads, progress: { frame.onStage("Fitting a probe", $0, $1) },
      isCancelled: frame.isCancelled)
  }
}
