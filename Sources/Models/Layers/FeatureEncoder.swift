import Tensors

/// The stack of strided convolutions that turns a waveform into features, without padding.
struct FeatureEncoder: Sendable {
  var layers: [Convolution]

  /// The outputs of the layers whose numbers are in `wanted` (from 0), each `[frames × channels]`. What lies beyond
  /// the last of them is not computed.
  ///
  /// Frames made of `validSamples` alone are what norms over time are taken from, so that padding changes
  /// nothing.
  func callAsFunction(
    _ samples: [Float], validSamples: Int, wanted: Set<Int>, _ run: Evaluation
  ) -> [Int: Tensor] {
    var folded = layers
    if case .time(let norm) = layers[0].norm {
      folded[0] = layers[0].folding(norm, over: samples.prefix(validSamples))
    }
    guard run.isRecording else { return run.convolutions(samples, folded, wanted: wanted) }
    let outputs = run.convolutions(samples, folded, wanted: Set(layers.indices))
    note(outputs, of: samples, validSamples: validSamples, run)
    return outputs
  }

  /// Tells the recorder of each layer by itself, unfolded.
  private func note(
    _ outputs: [Int: Tensor], of samples: [Float], validSamples: Int, _ run: Evaluation
  ) {
    var input = Tensor(samples, shape: [samples.count, 1])
    run.recorder?.declare(input, as: .input("waveform"))
    var validFrames = validSamples
    for (number, layer) in layers.enumerated() {
      guard let output = outputs[number] else { return }
      run.note(ConvolutionOperation(layer: layer, padding: 0, validFrames: validFrames), [input], output)
      input = output
      validFrames = layer.frames(of: validFrames)
    }
  }
}

extension Evaluation {
  /// Input samples of one tile: its features stay in cache from one layer to the next.
  private static let tileSamples = 20_480
  /// Frames that are convolved, normalised and activated at a time.
  private static let blockFrames = 1024

  /// A stack of convolutions, tile by tile along time: of each layer no more than a tile's frames (and the few
  /// that its neighbour needs too) are in memory at once, except where its output is `wanted`. Tiles are those of
  /// the whole stack, so that a value is the same whatever is wanted.
  func convolutions(_ samples: [Float], _ layers: [Convolution], wanted: Set<Int>) -> [Int: Tensor] {
    let frames = layers.indices.map { layers[...$0].reduce(samples.count) { $1.frames(of: $0) } }
    let last = layers.count - 1
    precondition(last >= 0 && frames[last] > 0, "\(samples.count) samples are too few for a frame")
    let step = layers.reduce(1) { $0 * $1.stride }
    let tileFrames = max(1, Self.tileSamples / step)
    let tiles = (frames[last] + tileFrames - 1) / tileFrames

    var outputs: [Int: Tensor] = [:]
    var kept: [Shared<UnsafeMutablePointer<Float>>?] = Array(repeating: nil, count: layers.count)
    func keep(_ remaining: ArraySlice<Int>) {
      guard let layer = remaining.first else { return run() }
      outputs[layer] = Tensor(shape: [frames[layer], layers[layer].outputs], from: pool) { buffer in
        kept[layer] = buffer.baseAddress.map { Shared($0) }
        keep(remaining.dropFirst())
      }
    }
    func run() {
      let kept = kept
      parallelFor(tiles, threads: threads) { tile in
        samples.withUnsafeBufferPointer { samples in
          guard let samples = samples.baseAddress else { return }
          let own = (tile * tileFrames)..<min(frames[last], (tile + 1) * tileFrames)
          convolve(samples, layers, ConvolutionTile(layers, frames: frames, last: own), kept: kept)
        }
      }
    }
    keep(wanted.sorted()[...])
    return outputs
  }

  /// One tile through all layers.
  private func convolve(
    _ samples: UnsafePointer<Float>, _ layers: [Convolution], _ tile: ConvolutionTile,
    kept: [Shared<UnsafeMutablePointer<Float>>?]
  ) {
    guard let deepest = kept.lastIndex(where: { $0 != nil }) else { return }
    var input: Tensor?
    var inputStart = 0
    for (index, layer) in layers[...deepest].enumerated() {
      let (range, own) = (tile.computed[index], tile.own[index])
      let width = layer.outputs
      func compute(from x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
        let x = x + (range.lowerBound * layer.stride - inputStart) * layer.inputs
        for start in Swift.stride(from: 0, to: range.count, by: Self.blockFrames) {
          layer.apply(
            x + start * layer.stride * layer.inputs, into: y + start * width,
            frames: min(Self.blockFrames, range.count - start), pool)
        }
      }
      func compute(into y: UnsafeMutablePointer<Float>) {
        if let input {
          input.withPointer { compute(from: $0, into: y) }
        } else {
          compute(from: samples, into: y)
        }
      }
      if index == layers.count - 1, let output = kept[index]?.pointer {
        compute(into: output + range.lowerBound * width)
        return
      }
      let output = Tensor(shape: [range.count, width], from: pool) { output in
        guard let output = output.baseAddress else { return }
        compute(into: output)
        if let kept = kept[index]?.pointer {
          (kept + own.lowerBound * width).update(
            from: output + (own.lowerBound - range.lowerBound) * width, count: own.count * width)
        }
      }
      input = output
      inputStart = range.lowerBound
    }
  }
}

/// Which frames of each layer a tile computes, and which of them are its own to hand out.
struct ConvolutionTile: Sendable {
  private(set) var computed: [Range<Int>]
  private(set) var own: [Range<Int>]

  /// `frames` are those of the whole utterance, `last` the tile's part of the last layer's.
  init(_ layers: [Convolution], frames: [Int], last: Range<Int>) {
    computed = Array(repeating: last, count: layers.count)
    own = computed
    let isEnd = last.upperBound == frames[layers.count - 1]
    for layer in (0..<(layers.count - 1)).reversed() {
      let next = layers[layer + 1]
      let start = own[layer + 1].lowerBound * next.stride
      let end = isEnd ? frames[layer] : own[layer + 1].upperBound * next.stride
      own[layer] = start..<end
      // The deeper layer's last frame reaches beyond the next tile's start. The utterance's last frames may reach
      // no deeper frame; computing them too keeps every value the same whatever is asked for.
      let needed = (computed[layer + 1].upperBound - 1) * next.stride + next.kernel
      computed[layer] = start..<max(end, needed)
    }
  }
}
