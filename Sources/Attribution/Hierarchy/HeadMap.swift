import Models
import SpeechHierarchy
import Tensors

/// One attention head over one recording: what it follows there, and its weights as a picture.
public struct HeadMap: Sendable {
  public let profile: HeadProfile
  /// `[cells × cells]`, queries by keys, both over the whole recording: each cell is the mean weight of a key in it,
  /// so that a cell's size does not matter.
  public let picture: Tensor

  /// The most cells of a picture on each side.
  static let mostCells = 64

  /// `weights` are `[frames × frames]`; cells are as long as frames or, of many frames, several.
  static func picture(of weights: ArraySlice<Float>, frames: Int) -> Tensor {
    let cells = min(frames, mostCells)
    var values = [Float](repeating: 0, count: cells * cells)
    let cell = (0..<frames).map { $0 * cells / frames }
    var lengths = [Float](repeating: 0, count: cells)
    for frame in 0..<frames { lengths[cell[frame]] += 1 }
    weights.withUnsafeBufferPointer { weights in
      for query in 0..<frames {
        for key in 0..<frames {
          values[cell[query] * cells + cell[key]] += weights[query * frames + key]
        }
      }
    }
    for query in 0..<cells {
      for key in 0..<cells { values[query * cells + key] /= lengths[query] * lengths[key] }
    }
    return Tensor(values, shape: [cells, cells])
  }
}

extension Attribution {
  /// Every attention head between the input and the target's layer over this recording, in the order of layers and
  /// heads. With `utterance`, whose labels are of this very recording, each is named by what it follows; chance is
  /// `draws` times labels moved along.
  ///
  /// Empty where attention is of tokens that are no frames. Throws `AttributionError.notApplicable` where there is no
  /// attention on the way.
  public func heads(labelledBy utterance: Utterance?, draws: Int = 20) throws -> [HeadMap] {
    let taps = try attentionPath().filter { $0.timing != nil }
    guard !taps.isEmpty else { return [] }
    try checkCancellation()
    var maps: [HeadMap] = []
    let labelled = utterance.flatMap { $0.spans(at: .phoneme).isEmpty ? nil : $0 }
    var labels: (own: FrameLabels, moved: [FrameLabels])?
    try model.forward(samples, tokens: tokens, taps: Set(taps.map(\.name)), threads: threads) {
      name, weights in
      guard let timing = taps.first(where: { $0.name == name })?.timing, weights.shape.count == 3 else {
        return
      }
      let (heads, frames) = (weights.shape[0], weights.shape[1])
      let known =
        labels
        ?? FrameLabels.read(
          labelled, frames: frames, timing, draws: labelled == nil ? 0 : draws, seed: settings.seed)
      labels = known
      let values = weights.values
      for head in 0..<heads {
        let own = values[(head * frames * frames)..<((head + 1) * frames * frames)]
        let reading = HeadReading(
          weights: own, labels: known.own, moved: known.moved, frameSeconds: timing.stride)
        maps.append(
          HeadMap(
            profile: HeadProfile(layer: name, head: head + 1, readings: [reading]),
            picture: HeadMap.picture(of: own, frames: frames)))
      }
    }
    let places = Dictionary(uniqueKeysWithValues: taps.enumerated().map { ($1.name, $0) })
    return maps.sorted {
      (places[$0.profile.layer] ?? 0, $0.profile.head) < (places[$1.profile.layer] ?? 0, $1.profile.head)
    }
  }

  /// The attention between the input and the target's layer, from the first block up.
  func attentionPath() throws -> [TapPoint] {
    let hidden = model.taps.map(\.name).filter { $0.hasPrefix("hidden.") }
    let depth = hidden.firstIndex(of: target.tap) ?? hidden.count - 1
    let path = model.attentionTaps.prefix(max(0, depth))
    guard !path.isEmpty, tokens == nil, !target.tap.hasPrefix("conv."), target.tap != "projection" else {
      throw AttributionError.notApplicable(
        method: "attention", reason: "there is none between the input and \(target.tap)")
    }
    return Array(path)
  }
}
