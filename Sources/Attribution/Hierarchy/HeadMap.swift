import Corpora
import Models
import Tensors

/// One attention head over one recording: what it follows there, and its weights as a picture.
public struct HeadMap: Sendable {
  /// What the head follows over the recording.
  public let profile: HeadProfile
  /// `[cells × cells]`, queries by keys, both over the whole recording or text: each cell is the mean weight of a key in
  /// it, so that a cell's size does not matter.
  public let picture: Tensor

  /// The most cells of a picture on each side.
  static let mostCells = 64

  /// `weights` are `[queries × keys]`; cells are as long as frames or, of many frames, several.
  static func picture(of weights: ArraySlice<Float>, queries: Int, keys: Int) -> Tensor {
    func cells(_ count: Int) -> (of: [Int], lengths: [Float]) {
      let cells = (0..<count).map { $0 * min(count, mostCells) / count }
      var lengths = [Float](repeating: 0, count: min(count, mostCells))
      for cell in cells { lengths[cell] += 1 }
      return (cells, lengths)
    }
    let (rows, columns) = (cells(queries), cells(keys))
    return Tensor(shape: [rows.lengths.count, columns.lengths.count]) { picture in
      picture.update(repeating: 0)
      weights.withUnsafeBufferPointer { weights in
        for query in 0..<queries {
          let row = rows.of[query] * columns.lengths.count
          for key in 0..<keys { picture[row + columns.of[key]] += weights[query * keys + key] }
        }
      }
      for cell in picture.indices {
        let (row, column) = (cell / columns.lengths.count, cell % columns.lengths.count)
        picture[cell] /= rows.lengths[row] * columns.lengths[column]
      }
    }
  }
}

extension Attribution {
  /// Every attention head between the input and the target's layer over this recording, in the order of layers and
  /// heads. With `utterance`, whose labels are of this very recording, each is named by what it follows; chance is
  /// `draws` times labels moved along.
  ///
  /// Attention of patches is brought to frames: the mean over a frame's patches of what falls on all patches of another.
  /// A decoder's heads, whose rows are tokens, follow no label. Throws `AttributionError.notApplicable` where there is no
  /// attention on the way.
  public func heads(labelledBy utterance: Utterance?, draws: Int = 20) throws -> [HeadMap] {
    let path = try attentionPath(AttributionMethod.attention.title)
    let layout = FrameLayout(model, samples: samples.count)
    try checkCancellation()
    var maps: [HeadMap] = []
    let labelled = utterance.flatMap { $0.spans(at: .phoneme).isEmpty ? nil : $0 }
    var labels: (own: FrameLabels, moved: [FrameLabels])?
    try model.forward(samples, tokens: tokens, taps: path.names, threads: threads) { name, weights in
      let isOfText = TapKind(name).isOfDecoder
      let weights = isOfText ? weights : layout.frames(of: weights)
      let (heads, queries, keys) = (weights.shape[0], weights.shape[1], weights.shape[2])
      if !isOfText, labels == nil {
        labels = FrameLabels.read(
          labelled, frames: keys, layout.timing, draws: labelled == nil ? 0 : draws, seed: settings.seed)
      }
      let values = weights.values
      for head in 0..<heads {
        let own = values[(head * queries * keys)..<((head + 1) * queries * keys)]
        let reading =
          isOfText
          ? HeadReading(weights: own, queries: queries, keys: keys)
          : HeadReading(
            weights: own, labels: labels?.own, moved: labels?.moved ?? [], frames: keys,
            frameSeconds: layout.timing.stride)
        maps.append(
          HeadMap(
            profile: HeadProfile(layer: name, head: head + 1, readings: [reading]),
            picture: HeadMap.picture(of: own, queries: queries, keys: keys)))
      }
    }
    let layers = (path.encoder + path.decoder).map(\.name)
    let places = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1, $0) })
    return maps.sorted {
      (places[$0.profile.layer] ?? 0, $0.profile.head) < (places[$1.profile.layer] ?? 0, $1.profile.head)
    }
  }
}

extension Attribution {
  /// What each token of the decoder's text listens to, in every block on the way to the target: the mean over heads,
  /// `[tokens × frames]`, each row summing to one; frames begin at `start` seconds, `step` apart. Empty without tokens.
  /// - Throws: `AttributionError` where the method does not fit the model or the target, or when cancelled;
  ///   `ModelError`.
  public func crossAttention() throws -> [(layer: String, weights: Tensor, start: Double, step: Double)] {
    guard tokens != nil else { return [] }
    let path = try attentionPath(AttributionMethod.attention.title)
    let names = path.decoder.map(\.name).filter(AttentionPath.crosses)
    let timing = FrameLayout(model, samples: samples.count).timing
    var blocks: [(layer: String, weights: Tensor, start: Double, step: Double)] = []
    try model.forward(samples, tokens: tokens, taps: Set(names), threads: threads) { name, values in
      let mean = AttentionLayer(values)
      let weights = Tensor(mean.weights.map { Float($0) }, shape: [mean.queries.count, mean.keys.count])
      blocks.append((name, weights, timing.centre(of: 0), timing.stride))
    }
    return blocks
  }
}

/// Where the rows of an encoder's attention lie in time.
struct FrameLayout: Sendable {
  let timing: FrameTiming
  /// Of attention between patches, those of each frame.
  private let groups: TokenGroups?

  /// For a recording of so many samples.
  init(_ model: SpeechModel, samples: Int) {
    groups = model.attentionPatches(ofSamples: samples).map(TokenGroups.frames)
    // Attention is of what enters the first block.
    let tap = model.taps.first { $0.name == "hidden.0" }
    timing =
      model.attentionTaps.first?.timing ?? tap?.timing
      ?? FrameTiming(samplingRate: model.samplingRate, kernels: [1], strides: [1])
  }

  /// `[heads × frames × frames]`.
  func frames(of weights: Tensor) -> Tensor { groups?.folded(weights) ?? weights }
}
