import Models
import Tensors

/// The layers of attention that a target is reached through.
struct AttentionPath: Sendable {
  /// From the first block up.
  var encoder: [TapPoint]
  /// Of each block of a decoder, its tokens' attention to each other, then to the sound.
  var decoder: [TapPoint] = []

  var names: Set<String> { Set((encoder + decoder).map(\.name)) }

  static func crosses(_ name: String) -> Bool {
    if case .tower("decoder", .crossAttention) = TapKind(name) { true } else { false }
  }
}

extension Attribution {
  /// Rows beyond which attention flow takes too long: it is asked of each row by itself.
  private static let mostFlowRows = 200

  /// The attention of the last block before the target, or rollout or flow through all blocks (Abnar & Zuidema 2020):
  /// which frames the target's rows look at. Every class of a span has the same map.
  ///
  /// Of a decoder's token it goes through the attention of tokens to each other and to the sound, then through the
  /// encoder's. Patches of a spectrogram keep their frequencies: a frame's value is their sum. What falls on tokens that
  /// stand for no sound is named among the checks.
  func attentionMap(_ method: AttributionMethod) throws -> AttributionMap {
    let path = try attentionPath(method.title)
    let patches = model.attentionPatches(ofSamples: samples.count)
    // Flow between thousands of patches would take hours; it goes between their columns.
    let columns = method == .attentionFlow ? patches.map(TokenGroups.columns) : nil
    var layers: [AttentionLayer] = []
    var (value, rows) = (0.0, 0)
    try model.forward(
      samples, tokens: tokens, taps: path.names.union([target.tap]), threads: threads
    ) { name, values in
      guard name != target.tap else {
        (value, rows) = (try target.reading(of: values, at: point).value, values.rows)
        return
      }
      let sound = layers.first?.keys.count ?? values.shape[2]
      layers.append(
        AttentionLayer(
          columns?.folded(values) ?? values, queriesFrom: TapKind(name).isOfDecoder ? sound : 0,
          keysFrom: TapKind(name).isOfDecoder && !AttentionPath.crosses(name) ? sound : 0))
    }
    guard let sound = layers.first?.keys else {
      throw AttributionError.notApplicable(
        method: method.title, reason: "the model gives no attention weights")
    }
    let targets = try attentionTargets(method, rows, sound, patches, columns)
    try checkCancellation()
    guard method != .attention else {
      let last = layers.last { $0.keys == sound }
      let name = path.decoder.last { AttentionPath.crosses($0.name) } ?? path.encoder.last
      return attentionMap(
        method, value, layer: name?.name ?? "", last?.mean(of: targets) ?? [], patches, sound.count)
    }
    var graph = AttentionGraph(rows: sound.count + (path.decoder.isEmpty ? 0 : tokens?.count ?? 0))
    for layer in layers { graph.add(layer) }
    guard method == .attentionFlow else {
      return attentionMap(
        method, value, layer: "hidden.0", graph.rollout(from: targets), patches, sound.count)
    }
    guard graph.rows <= Self.mostFlowRows else {
      throw AttributionError.notApplicable(
        method: method.title,
        reason:
          "\(graph.rows) frames would take too long, at most \(Self.mostFlowRows); cut the recording, or take "
          + "attention-rollout")
    }
    let flow = graph.flow(from: targets)
    let leading = patches?.leading ?? 0
    return map(
      method, score: value, layer: "hidden.0",
      profile: Array(flow[leading..<(leading + (patches?.frames ?? sound.count))]))
  }

  /// The rows of the graph that the target is read at.
  private func attentionTargets(
    _ method: AttributionMethod, _ rows: Int, _ sound: Range<Int>, _ patches: FrameOperation?,
    _ columns: TokenGroups?
  ) throws -> [Int] {
    let frames = try target.frames(of: point, count: rows)
    if point.timing == nil { return frames.map { sound.count + $0 } }
    guard let patches else {
      guard rows == sound.count else {
        throw AttributionError.notApplicable(
          method: method.title, reason: "attention is of \(sound.count) rows, \(target.tap) has \(rows)")
      }
      return frames
    }
    // What is one row for the whole recording is read at the tokens in front.
    if rows == 1, patches.leading > 0 { return Array(0..<patches.leading) }
    if columns != nil { return frames.map { patches.leading + $0 } }
    let groups = TokenGroups.frames(of: patches)
    return frames.flatMap { groups.tokens(of: $0) }
  }

  /// `shares` of all rows, the sound's first, as a map over time and, of patches, frequency.
  private func attentionMap(
    _ method: AttributionMethod, _ value: Double, layer: String, _ shares: [Double],
    _ patches: FrameOperation?, _ sound: Int
  ) -> AttributionMap {
    guard let patches else {
      var map = attentionMap(method, value, layer, Array(shares.prefix(sound)))
      if shares.count > sound {
        map.checks = [
          .init(name: "share that stays with the text", value: shares[sound...].reduce(0, +), limit: nil)
        ]
      }
      return map
    }
    let grid = patches.grid(of: shares)
    var map = attentionMap(
      method, value, layer, (0..<grid.rows).map { grid[row: $0].reduce(0) { $0 + Double($1) } })
    map.grid = grid
    let front = shares.prefix(patches.leading).reduce(0, +)
    map.checks = [
      .init(name: "share of the tokens that stand for no patch", value: front, limit: nil),
      .init(
        name: "share of the filling behind the sound",
        value: max(0, shares.reduce(0, +) - front - map.profile.reduce(0, +)), limit: nil),
    ]
    return map
  }

  /// Frames of attention lie as those that enter the first block.
  private func attentionMap(
    _ method: AttributionMethod, _ value: Double, _ layer: String, _ profile: [Double]
  ) -> AttributionMap {
    var map = map(method, score: value, layer: "hidden.0", profile: profile)
    map.layer = layer
    return map
  }

  /// The attention between the input and the target's layer, for what is called `method`.
  func attentionPath(_ method: String) throws -> AttentionPath {
    func missing(_ reason: String) -> AttributionError { .notApplicable(method: method, reason: reason) }
    if let obstacle = model.attentionObstacle { throw missing(obstacle) }
    guard let first = model.attentionTaps.first else { throw missing("the model has no attention") }
    if tokens != nil, let depth = model.decoderTaps.firstIndex(where: { $0.name == target.tap }) {
      // The first place is below the first block; places behind the last one see all.
      let path = model.decoderAttentionTaps.prefix(2 * depth)
      guard !path.isEmpty else { throw missing("there is none before \(target.tap)") }
      return AttentionPath(encoder: model.attentionTaps, decoder: Array(path))
    }
    let hidden = model.taps.filter(\.kind.isHidden).map(\.name)
    let depth = hidden.firstIndex(of: target.tap) ?? hidden.count - 1
    let path = model.attentionTaps.prefix(max(0, depth))
    guard !path.isEmpty, !TapKind(target.tap).isConvolution, TapKind(target.tap) != .projection else {
      throw missing("\(target.tap) comes before \(first.name), the model's first attention")
    }
    return AttentionPath(encoder: Array(path))
  }
}

extension FrameOperation {
  /// One value a token as `[frames × frequencies]`, low ones first.
  func grid(of values: [Double]) -> Tensor {
    Tensor(shape: [frames, rows]) { grid in
      forEachRow { frame, token, count in
        let row = (token - leading) / columns % rows
        for index in 0..<count { grid[(frame + index) * rows + row] = Float(values[token + index]) }
      }
    }
  }
}
