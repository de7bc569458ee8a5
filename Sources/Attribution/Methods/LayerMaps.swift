import Models
import Tensors

extension Attribution {
  /// Class activation map (Zhou 2016): a target that is a mean over frames of a weighted sum is made of what each frame
  /// gives to that sum, which is shown for the whole utterance.
  func cam() throws -> AttributionMap {
    var values: Tensor?
    try model.forward(inputValues: samples, taps: [target.tap], threads: threads) { values = $1 }
    guard let values else { throw AttributionError.unreachable(target: target.name, layer: target.tap) }
    let weights = Tensor(target.weights, shape: [1, target.weights.count])
    let scores = matrixProduct(values, .none, weights, .transposed).values.map(Double.init)
    return map(
      .cam, score: try target.reading(of: values, at: point).value, layer: target.tap, profile: scores)
  }

  /// Grad-CAM (Selvaraju 2017) along time: `ReLU(Σ_c α_c·A_tc)`, with α the mean over frames of channel c's gradient.
  /// Grad-CAM++ (Chattopadhay 2018, eq. 19) weighs frames by `g² / (2g² + g³·Σ_t A)` and takes positive gradients only.
  func gradCAM(_ layer: String, isPlusPlus: Bool) throws -> AttributionMap {
    let (pass, score, seed) = try recorded(samples)
    let walk = try pass.walk(from: [target.tap: seed], to: [layer])
    let values = try pass.values(of: layer)
    guard let gradient = walk.gradients[layer] else {
      throw AttributionError.unreachable(target: target.name, layer: layer)
    }
    let (frames, width) = (values.rows, values.width)
    let (a, g) = (values.values, gradient.values)
    var weights = [Double](repeating: 0, count: width)
    if isPlusPlus {
      var sums = [Double](repeating: 0, count: width)
      for index in a.indices { sums[index % width] += Double(max(0, a[index])) }
      for index in g.indices where g[index] > 0 {
        // α·g with g² cancelled; activations that can be negative count by their positive part.
        weights[index % width] += Double(g[index]) / (2 + Double(g[index]) * sums[index % width])
      }
    } else {
      for index in g.indices { weights[index % width] += Double(g[index]) / Double(frames) }
    }
    let profile = (0..<frames).map { frame in
      max(0, (0..<width).reduce(0.0) { $0 + weights[$1] * Double(a[frame * width + $1]) })
    }
    return map(isPlusPlus ? .gradCAMPlusPlus : .gradCAM, score: score, layer: layer, profile: profile)
  }

  /// What each channel gives to Grad-CAM, `[frames × channels]`: `α_c·A_tc`, without the rectifier.
  public func channelMaps(at layer: String) throws -> Tensor {
    let (pass, _, seed) = try recorded(samples)
    let walk = try pass.walk(from: [target.tap: seed], to: [layer])
    let values = try pass.values(of: layer)
    guard let gradient = walk.gradients[layer] else {
      throw AttributionError.unreachable(target: target.name, layer: layer)
    }
    let width = values.width
    var means = [Float](repeating: 0, count: width)
    for (index, value) in gradient.values.enumerated() {
      means[index % width] += value / Float(values.rows)
    }
    return Tensor(
      values.values.enumerated().map { $1 * means[$0 % width] }, shape: [values.rows, width])
  }

  /// A map of a layer's frames.
  func map(
    _ method: AttributionMethod, score: Double, layer: String, profile: [Double]
  ) -> AttributionMap {
    let timing = model.taps.first { $0.name == layer }?.timing
    return AttributionMap(
      method: method.title, target: target.name, score: score, layer: layer,
      centres: profile.indices.map { timing?.centre(of: $0) ?? Double($0) }, profile: profile)
  }
}
