import Models
import Tensors

extension Attribution {
  /// Class activation map (Zhou 2016): a target that is a mean over frames of a weighted sum is made of what each frame
  /// gives to that sum, which is shown for the whole utterance.
  func cam() throws -> AttributionMap {
    var values: Tensor?
    try model.forward(samples, tokens: tokens, taps: [target.tap], threads: threads) { values = $1 }
    guard let values else { throw AttributionError.unreachable(target: target.name, layer: target.tap) }
    guard values.rows > 1, point.timing != nil else {
      throw AttributionError.notApplicable(
        method: "CAM", reason: "\(target.tap) has one row for the whole recording, or rows that are tokens")
    }
    let weights = Tensor(target.weights, shape: [1, target.weights.count])
    let scores = matrixProduct(values, .none, weights, .transposed).values.map(Double.init)
    return map(
      .cam, score: try target.reading(of: values, at: point).value, layer: target.tap, profile: scores)
  }

  /// Grad-CAM (Selvaraju 2017) along time: `ReLU(Σ_c α_c·A_tc)`, with α the mean over frames of channel c's gradient.
  /// Grad-CAM++ (Chattopadhay 2018, eq. 19) weighs frames by `g² / (2g² + g³·Σ_t A)` and takes positive gradients only.
  ///
  /// A layer of patches is weighed patch by patch, which tells frequencies apart.
  func gradCAM(_ layer: String, isPlusPlus: Bool) throws -> AttributionMap {
    let found = try arriving(at: layer)
    let weights = Self.weights(of: found.gradient, found.values, isPlusPlus: isPlusPlus)
    let width = found.values.width
    let scores = found.values.withUnsafeBuffer { a in
      (0..<found.values.rows).map { row in
        max(0, (0..<width).reduce(0.0) { $0 + weights[$1] * Double(a[row * width + $1]) })
      }
    }
    let method = isPlusPlus ? AttributionMethod.gradCAMPlusPlus : .gradCAM
    guard let frames = found.frames else {
      return map(method, score: found.score, layer: layer, profile: scores)
    }
    let grid = frames.grid(of: scores)
    let profile = (0..<grid.rows).map { frame in grid[row: frame].reduce(0.0) { $0 + Double($1) } }
    var map = map(method, score: found.score, layer: layer, profile: profile)
    map.grid = grid
    return map
  }

  /// A layer's values, or the tokens that its frames are made of, and what arrives there.
  private func arriving(
    at layer: String
  ) throws -> (values: Tensor, gradient: Tensor, score: Double, frames: FrameOperation?) {
    let (pass, score, seed) = try recorded(samples, from: layer)
    let walk = try pass.walk(from: [target.tap: seed], to: [layer])
    guard let gradient = walk.gradients[layer] else {
      throw AttributionError.unreachable(target: target.name, layer: layer)
    }
    let frames = pass.tokens(of: layer)
    let values = try frames == nil ? pass.values(of: layer) : pass.tokenValues(of: layer)
    return (values, gradient, score, frames)
  }

  /// One weight a channel.
  private static func weights(of gradient: Tensor, _ values: Tensor, isPlusPlus: Bool) -> [Double] {
    let width = values.width
    var weights = [Double](repeating: 0, count: width)
    values.withUnsafeBuffer { a in
      gradient.withUnsafeBuffer { g in
        guard isPlusPlus else {
          for index in g.indices { weights[index % width] += Double(g[index]) / Double(values.rows) }
          return
        }
        var sums = [Double](repeating: 0, count: width)
        for index in a.indices { sums[index % width] += Double(max(0, a[index])) }
        for index in g.indices where g[index] > 0 {
          // α·g with g² cancelled; activations that can be negative count by their positive part.
          weights[index % width] += Double(g[index]) / (2 + Double(g[index]) * sums[index % width])
        }
      }
    }
    return weights
  }

  /// What each channel gives to Grad-CAM, `[frames × channels]`: `α_c·A_tc`, without the rectifier.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func channelMaps(at layer: String) throws -> Tensor {
    let found = try arriving(at: layer)
    let weights = Self.weights(of: found.gradient, found.values, isPlusPlus: false)
    let width = found.values.width
    let products = Tensor(
      found.values.values.enumerated().map { Float(Double($1) * weights[$0 % width]) },
      shape: [found.values.rows, width])
    guard let frames = found.frames else { return products }
    return frames([products], on: Evaluation(threads: threads, pool: MemoryPool()))
  }

  /// The maps of the channels that give most to Grad-CAM at a layer, the weightiest first.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func topChannels(_ count: Int, at layer: String? = nil) throws -> [AttributionMap] {
    let layer = try layer ?? defaultLayer()
    let maps = try channelMaps(at: layer)
    let (values, width) = (maps.values, maps.width)
    let columns = (0..<width).map { channel in
      stride(from: channel, to: values.count, by: width).map { Double(values[$0]) }
    }
    let weights = columns.map { column in column.reduce(0) { $0 + max(0, $1) } }
    let best = columns.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }.prefix(count)
    let score = try self.score()
    return best.map { channel in
      var map = map(.gradCAM, score: score, layer: layer, profile: columns[channel])
      map.method = "channel \(channel) of Grad-CAM"
      return map
    }
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
