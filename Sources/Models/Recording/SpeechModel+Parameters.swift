import Tensors

extension SpeechModel {
  /// Every tensor among the model's parameters: what a recorded operation may take in that none has made.
  package var parameterTensors: [Tensor] {
    var found: [Tensor] = []
    func look(_ value: Any) {
      if let tensor = value as? Tensor { return found.append(tensor) }
      for child in Mirror(reflecting: value).children { look(child.value) }
    }
    look(architecture)
    return found
  }
}
