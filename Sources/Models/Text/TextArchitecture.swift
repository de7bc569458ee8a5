import Checkpoints
import Tensors

/// A family of text models that can be read and run.
protocol TextArchitecture: Sendable {
  /// What `TextModel.family` says.
  var family: String { get }
  var parameters: Int { get }
  /// Ids of tokens are less.
  var vocabulary: Int { get }
  var maximumTokens: Int { get }
  /// How many kinds of tokens there are (BERT's segments); 1 where the model knows none.
  var tokenTypes: Int { get }
  var taps: [TapPoint] { get }
  var attentionTaps: [TapPoint] { get }

  /// One pass; see `SpeechArchitecture.forward`. Tokens from `validTokens` on are padding.
  func forward(
    _ ids: [Int], types typeIDs: [Int], validTokens: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws

  /// The same architecture with parameters as before training.
  func untrained(seed: UInt64) throws -> Self
}

/// A text architecture with what became of the checkpoint's tensors.
struct BuiltTextModel {
  var architecture: any TextArchitecture
  var report: TensorReport
}

/// The text model types that are read, each with what builds it.
enum TextArchitectures {
  static let modelTypes = TextEncoder.modelTypes + TextTransformer.families.flatMap(\.modelTypes)

  static func build(_ description: ModelDescription) throws -> BuiltTextModel {
    let type = description.modelType ?? ""
    if let family = TextTransformer.families.first(where: { $0.modelTypes.contains(type) }) {
      return try TextTransformer.build(family, description)
    }
    let (encoder, report) = try TextEncoder.build(description)
    return BuiltTextModel(architecture: encoder, report: report)
  }
}

extension TextEncoder: TextArchitecture {
  var family: String { configuration.family.rawValue }
  var vocabulary: Int { configuration.vocabulary }
  var maximumTokens: Int { configuration.maximumTokens }
  var tokenTypes: Int { configuration.types }
}
