import Foundations
import Models
import Tensors

extension Attribution {
  /// Value times what arrives at the input, by time and frequency: of relevance its sum is the target's value less
  /// what stayed with biases, which is checked.
  func gradientInput(by rules: PropagationRules, _ method: AttributionMethod) throws -> AttributionMap {
    let (pass, score, seed) = try recorded(samples)
    let walk = try pass.walk(from: [target.tap: seed], to: [RecordedPass.input], by: rules)
    let (input, gradient) = try arrived(walk, pass)
    var map = try inputMap(method, score: score, input: input, gradient: gradient, pass)
    if rules.conservesRelevance {
      let explained = score - target.bias
      let found = input.dot(gradient)
      map.checks = [
        .init(
          name: "conservation error",
          value: abs(explained - found - walk.absorbed) / max(abs(explained), 1e-12), limit: 1e-3),
        .init(name: "relevance left with biases", value: walk.absorbed, limit: nil),
        .init(name: "relevance of the input", value: found, limit: nil),
      ]
    }
    return map
  }

  /// The mean gradient of noisy copies (Smilkov 2017), times the input.
  func smoothGrad() throws -> AttributionMap {
    let (pass, score, _) = try recorded(samples)
    let scale = rootMeanSquare * settings.noise
    var sum: Tensor?
    for copy in 0..<max(1, settings.copies) {
      var random = RandomNumbers(seed: settings.seed, stream: "smoothgrad \(copy)")
      let noisy = samples.map { $0 + Float(random.normal() * scale) }
      let (pass, _, seed) = try recorded(noisy)
      let gradient = try arrived(
        pass.walk(from: [target.tap: seed], to: [RecordedPass.input]), pass
      ).gradient
      if sum == nil { sum = gradient } else { sum?.add(gradient) }
    }
    guard var gradient = sum, let input = pass.input?.values else {
      throw AttributionError.unreachable(target: target.name, layer: RecordedPass.input)
    }
    gradient.multiply(by: 1 / Float(max(1, settings.copies)))
    return try inputMap(.smoothGrad, score: score, input: input, gradient: gradient, pass)
  }

  /// Gradients along the straight way from a baseline (Sundararajan 2017), by the midpoint rule, times the difference.
  /// They must add up to the difference of the target's values: the completeness error is checked.
  func integratedGradients() throws -> AttributionMap {
    let (pass, score, _) = try recorded(samples)
    guard let input = pass.input else {
      throw AttributionError.unreachable(target: target.name, layer: RecordedPass.input)
    }
    guard input.name == "waveform" else { return try integratedFeatures(pass, score, input.values) }
    let count = settings.baseline == .noise ? max(1, settings.baselines) : 1
    return try (0..<count).map { try integrated(from: baseline($0), pass, score, input.values.shape) }
      .meanOverBaselines()
  }

  private func integrated(
    from baseline: [Float], _ pass: RecordedPass, _ score: Double, _ shape: [Int]
  ) throws -> AttributionMap {
    let start = try self.score(of: baseline)
    var sum: Tensor?
    for step in 0..<max(1, settings.steps) {
      let share = (Float(step) + 0.5) / Float(max(1, settings.steps))
      let between = zip(baseline, samples).map { $0 + share * ($1 - $0) }
      let (pass, _, seed) = try recorded(between)
      let gradient = try arrived(
        pass.walk(from: [target.tap: seed], to: [RecordedPass.input]), pass
      ).gradient
      if sum == nil { sum = gradient } else { sum?.add(gradient) }
    }
    let difference = Tensor(zip(samples, baseline).map { $0 - $1 }, shape: shape)
    return try integrated(pass, score, from: start, sum, difference)
  }

  /// The same for a model with a front end, from its features at silence; what comes behind them is run again.
  private func integratedFeatures(
    _ pass: RecordedPass, _ score: Double, _ features: Tensor
  ) throws -> AttributionMap {
    let silent = try RecordedPass(
      model, [Float](repeating: 0, count: samples.count), tokens: tokens, upTo: target.tap, threads: threads
    )
    guard let baseline = silent.input?.values else {
      throw AttributionError.unreachable(target: target.name, layer: RecordedPass.input)
    }
    let start = try target.reading(of: silent.values(of: target.tap), at: point).value
    var sum: Tensor?
    for step in 0..<max(1, settings.steps) {
      let share = (Float(step) + 0.5) / Float(max(1, settings.steps))
      let between = features.zipped(with: baseline) { $1 + share * ($0 - $1) }
      let moved = try pass.replacingInput(by: between)
      let seed = try target.reading(of: moved.values(of: target.tap), at: point).seed
      let gradient = try arrived(
        moved.walk(from: [target.tap: seed], to: [RecordedPass.input]), moved
      ).gradient
      if sum == nil { sum = gradient } else { sum?.add(gradient) }
    }
    return try [integrated(pass, score, from: start, sum, features.zipped(with: baseline, -))]
      .meanOverBaselines()
  }

  private func integrated(
    _ pass: RecordedPass, _ score: Double, from start: Double, _ sum: Tensor?, _ difference: Tensor
  ) throws -> AttributionMap {
    guard var mean = sum else {
      throw AttributionError.unreachable(target: target.name, layer: RecordedPass.input)
    }
    mean.multiply(by: 1 / Float(max(1, settings.steps)))
    var map = try inputMap(
      .integratedGradients, score: score, input: difference, gradient: mean, pass)
    let change = score - start
    map.checks = [
      .init(
        name: "completeness error", value: abs(change - difference.dot(mean)) / max(abs(change), 1e-12),
        limit: 0.05),
      .init(name: "target at the baseline", value: start, limit: nil),
    ]
    return map
  }

  /// Where the path begins, in the input's own units; of noise, the draw of this number.
  private func baseline(_ number: Int) -> [Float] {
    switch settings.baseline {
    case .silence: return [Float](repeating: 0, count: samples.count)
    case .noise:
      var random = RandomNumbers(
        seed: settings.seed, stream: number == 0 ? "baseline" : "baseline \(number)")
      let scale = rootMeanSquare
      return samples.map { _ in Float(random.normal() * scale) }
    }
  }

  var rootMeanSquare: Double {
    (samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))).squareRoot()
  }

  private func arrived(
    _ walk: RecordedPass.Walk, _ pass: RecordedPass
  ) throws -> (input: Tensor, gradient: Tensor) {
    guard let input = pass.input?.values, let gradient = walk.gradients[RecordedPass.input] else {
      throw AttributionError.unreachable(target: target.name, layer: RecordedPass.input)
    }
    return (input, gradient)
  }

  /// `Σ input·gradient` by time and frequency.
  private func inputMap(
    _ method: AttributionMethod, score: Double, input: Tensor, gradient: Tensor, _ pass: RecordedPass
  ) throws -> AttributionMap {
    let grid: Tensor
    let (centres, bands): ([Double], [Double])
    if pass.input?.name == "waveform" {
      let frames = SpectralFrames(samplingRate: model.samplingRate)
      grid = frames.products(of: input.values, and: gradient.values)
      centres = (0..<grid.rows).map(frames.centre)
      bands = frames.bandCentres
    } else {
      // A model's own features: frames of 10 ms by bands, as far as there is sound. Kaldi's windows lie within the
      // sound, Whisper's have their middle on a frame.
      let sound = min(input.rows, samples.count * 100 / model.samplingRate + 1)
      let first = pass.input?.name == "filter banks" ? 0.0125 : 0
      grid = folded(input.zipped(with: gradient, *), frames: sound)
      centres = (0..<sound).map { first + Double($0) / 100 }
      bands = SpectralFrames.centres(bands: input.width, samplingRate: model.samplingRate)
    }
    let values = grid.values
    let profile = (0..<grid.rows).map { row in
      values[(row * grid.width)..<((row + 1) * grid.width)].reduce(0.0) { $0 + Double($1) }
    }
    var map = AttributionMap(
      method: method.title, target: target.name, score: score, layer: RecordedPass.input,
      centres: centres, profile: profile)
    map.grid = grid
    map.bandProfile = (0..<grid.width).map { band in
      stride(from: band, to: values.count, by: grid.width).reduce(0.0) { $0 + Double(values[$1]) }
    }
    map.bands = bands
    return map
  }

  /// What a model hears again counts for where it was heard first: CLAP repeats a short sound to fill its window.
  private func folded(_ grid: Tensor, frames: Int) -> Tensor {
    guard model.family.hasPrefix("clap"), grid.rows > frames else { return grid.rows(0..<frames) }
    let (hop, width) = (model.samplingRate / 100, grid.width)
    return grid.withUnsafeBuffer { grid in
      Tensor(shape: [frames, width]) { sum in
        sum.update(repeating: 0)
        for row in 0..<(grid.count / width) {
          let place = min(row * hop % max(1, samples.count) / hop, frames - 1)
          for band in 0..<width { sum[place * width + band] += grid[row * width + band] }
        }
      }
    }
  }
}

extension [AttributionMap] {
  /// The mean of maps of one recording from several baselines, with how many there are and how far they are apart: the
  /// mean over frames of their standard deviation, as a share of the mean map's mean magnitude.
  fileprivate func meanOverBaselines() -> AttributionMap {
    let (first, count) = (self[0], Double(self.count))
    func mean(_ values: (AttributionMap) -> [Double]) -> [Double] {
      values(first).indices.map { i in reduce(0) { $0 + values($1)[i] } / count }
    }
    let profile = mean(\.profile)
    var result = AttributionMap(
      method: first.method, target: first.target, score: first.score, layer: first.layer,
      centres: first.centres, profile: profile)
    if var grid = first.grid {
      for map in dropFirst() { if let other = map.grid { grid.add(other) } }
      grid.multiply(by: Float(1 / count))
      result.grid = grid
    }
    (result.bandProfile, result.bands) = (mean(\.bandProfile), first.bands)
    result.checks = first.checks.map { check in
      let values = compactMap { map in map.checks.first { $0.name == check.name }?.value }
      // The worst of what has a limit.
      let value = check.limit == nil ? values.reduce(0, +) / count : values.max() ?? check.value
      return AttributionMap.Check(name: check.name, value: value, limit: check.limit)
    }
    result.checks.append(.init(name: "baselines", value: count, limit: nil))
    guard self.count > 1 else { return result }
    let deviations = profile.indices.map { i in
      (reduce(0.0) { $0 + ($1.profile[i] - profile[i]) * ($1.profile[i] - profile[i]) } / (count - 1))
        .squareRoot()
    }
    let size = profile.reduce(0) { $0 + abs($1) }
    result.checks.append(
      .init(
        name: "spread over baselines", value: size > 0 ? deviations.reduce(0, +) / size : 0, limit: nil))
    return result
  }
}
