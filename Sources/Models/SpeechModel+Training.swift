import Checkpoints
import Tensors

/// An architecture that can be built again with other values of its parameters.
protocol TrainableArchitecture: SpeechArchitecture {
  /// The same architecture with the parameters that `reader` gives.
  func rebuilt(from reader: inout ParameterReader) throws -> Self

  /// Whether a parameter of the checkpoint belongs to what is built again; a decoder's do not.
  func isRebuilt(_ parameter: String) -> Bool

  /// Whether a parameter stays as it is whatever is trained: running means, and tables that were never learned.
  func isFixed(_ parameter: String) -> Bool
}

extension TrainableArchitecture {
  func isRebuilt(_ parameter: String) -> Bool { true }

  func isFixed(_ parameter: String) -> Bool {
    ["running_mean", "running_var"].contains { parameter.hasSuffix($0) }
  }
}

/// Where a model's parameters lie, to be read again as they are stored.
struct ParameterOrigin: Sendable {
  let checkpoint: Checkpoint
  /// From the architecture's names to the checkpoint's.
  let names: [String: String]
  /// What a `config.json` would say, where something does.
  let configuration: MetadataValue?
  /// What a `preprocessor_config.json` would say, where something does.
  let preprocessing: MetadataValue?
}

extension SpeechModel {
  /// The tap that a new head is put on: the deepest that is no head's.
  package var topTap: TapPoint? { taps.last { $0.name != "logits" } }

  /// The values of its parameters by the architecture's names, which are transformers', as the checkpoint has them
  /// before anything is made of them; without those of a head.
  ///
  /// Throws `ModelError.untrainable` for a family that cannot be trained here, and for a twin.
  package func parameterValues() throws -> [String: Tensor] {
    guard let trained = architecture as? any TrainableArchitecture else {
      throw ModelError.untrainable(model: name, reason: .family(family))
    }
    guard let origin else { throw ModelError.untrainable(model: name, reason: .noCheckpoint) }
    var values: [String: Tensor] = [:]
    for parameter in tensorReport.parameters where trained.isRebuilt(parameter.name) {
      guard let stored = origin.names[parameter.name] else { continue }
      values[parameter.name] = try origin.checkpoint.tensor(stored)
    }
    return values
  }

  /// Whether a parameter of `parameterValues` stays as it is whatever is trained.
  package func isFixed(_ parameter: String) -> Bool {
    (architecture as? any TrainableArchitecture)?.isFixed(parameter) ?? true
  }

  /// The configuration, and the feature extractor's, that lie with it.
  package var storedConfiguration: MetadataValue? { origin?.configuration }
  package var storedPreprocessing: MetadataValue? { origin?.preprocessing }

  /// The seconds that one pass takes in; nil where it takes any.
  package var passSeconds: Double? {
    (architecture as? any WindowedArchitecture).map { Double($0.window.length) / Double(samplingRate) }
  }

  /// The tensors of its checkpoint that no layer uses and that belong to the family, such as what stands in for masked
  /// frames, by the architecture's names.
  package func storedTensor(_ name: String) throws -> Tensor? {
    guard let origin, let stored = origin.names[name], let entry = origin.checkpoint.tensors[stored],
      !entry.type.isInteger
    else { return nil }
    return try origin.checkpoint.tensor(stored)
  }

  /// The same model with other values of its parameters, which must be those of `parameterValues`, and the places of
  /// its tensors.
  package func rebuilt(_ values: [String: Tensor]) throws -> (model: SpeechModel, places: ParameterPlaces) {
    guard let trained = architecture as? any TrainableArchitecture else {
      throw ModelError.untrainable(model: name, reason: .family(family))
    }
    var reader = ParameterReader(path: name, source: .values(values))
    let architecture = try trained.rebuilt(from: &reader)
    try reader.finish(ignoring: [])
    return (SpeechModel(self, with: architecture), reader.places)
  }
}
