import Tensors

extension FeatureEncoder {
  /// The frames that so many samples make.
  func frames(of samples: Int) -> Int { layers.reduce(samples) { $1.frames(of: $0) } }

  /// Where the frames of the first `count` layers lie, or of all.
  func timing(samplingRate: Int, layers count: Int? = nil) -> FrameTiming {
    let layers = layers.prefix(count ?? layers.count)
    return FrameTiming(
      samplingRate: samplingRate, kernels: layers.map(\.kernel), strides: layers.map(\.stride))
  }

  /// `conv.1 …`
  func taps(samplingRate: Int) -> [TapPoint] {
    layers.indices.map { index in
      TapPoint(
        name: "conv.\(index + 1)", width: layers[index].outputs,
        timing: timing(samplingRate: samplingRate, layers: index + 1))
    }
  }

  /// Offers `visit` the convolutions that are wanted, and the last where something deeper is, which it returns; nil
  /// where nothing is.
  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    var numbers = Set(layers.indices.filter { wanted.contains("conv.\($0 + 1)") })
    if wanted.contains(where: { !TapKind($0).isConvolution }) { numbers.insert(layers.count - 1) }
    let convolved = self(samples, validSamples: validSamples, wanted: numbers, run)
    for layer in convolved.keys.sorted() {
      guard let output = convolved[layer], try visit("conv.\(layer + 1)", output) else { return nil }
    }
    return convolved[layers.count - 1]
  }
}
