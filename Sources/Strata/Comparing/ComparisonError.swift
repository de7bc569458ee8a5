import Foundations

/// What keeps layers or models from being compared.
public enum ComparisonError: StrataError, Equatable, CustomStringConvertible, Sendable {
  case unknownMeasure(String, known: [String])
  /// Neither a level nor frames.
  case unknownUnit(String, known: [String])
  /// Frames were asked for, and no layer has any.
  case noFrames(model: String)
  /// Labels were asked for, and rows are frames.
  case labelsOfFrames
  /// A measure that takes the sound out of the layers, asked for of texts.
  case needsSound(measure: String)
  /// Too few rows to regress so many directions out of them.
  case fewRowsForConfounds(rows: Int, needed: Int)
  /// No level of the corpus has labels of what was asked for.
  case noSpans(level: String, corpus: String)
  /// There is nothing to compare with.
  case fewModels([String])
  /// Models that reports could not tell apart.
  case sameNames([String])
  /// No layer of a model has a number for a row.
  case noLayers(model: String, reasons: [String])

  public var description: String {
    switch self {
    case .unknownMeasure(let name, let known):
      "there is no measure \(name); the measures are \(known.joined(separator: ", "))"
    case .unknownUnit(let name, let known):
      "rows cannot be \(name); they can be \(known.joined(separator: ", "))"
    case .noFrames(let model):
      "no chosen layer of \(model) has frames in time; compare on the spans of a level instead"
    case .labelsOfFrames: "frames have no labels; compare with labels on the spans of a level"
    case .needsSound(let measure):
      "\(measure) regresses the sound out of both sides, and texts have none; choose another measure"
    case .fewRowsForConfounds(let rows, let needed):
      "partial_cka regresses speakers and the log-mel spectrum out of \(rows) rows and needs \(needed) of them, ten for each "
        + "direction; give more speech or --rows, or choose another measure"
    case .noSpans(let level, let corpus):
      "\(corpus) has no \(level) spans; choose another level, or compare frames"
    case .fewModels(let names):
      "there is nothing to compare \(names.first ?? "nothing") with; give two models, or a folder with the checkpoints "
        + "of a run, whose names have their steps in them"
    case .sameNames(let names):
      "\(names.joined(separator: ", ")) is there more than once; give each model once"
    case .noLayers(let model, let reasons):
      "no layer of \(model) can be compared here:\n  " + reasons.joined(separator: "\n  ")
    }
  }

  public var kind: FailureKind {
    switch self {
    case .noSpans, .noLayers, .fewRowsForConfounds: .badInput
    default: .badRequest
    }
  }
}
