import Tensors

/// A Swin transformer (Liu 2021) over a spectrogram laid out as a picture: HTS-AT (Chen 2022) without its last layers.
///
/// Tokens stand row by row: the frequencies of the first strip from low to high, then those of the next; columns
/// are time.
struct SwinTransformer: Sendable {
  var bandScale: ChannelScaleOperation  // the batch norm over mel bands
  var picture: PictureOperation
  var patches: PatchOperation
  var projection: Linear  // [patch · patch → width]
  var patchNorm: LayerNorm?
  var stages: [Stage]
  var norm: LayerNorm

  struct Stage: Sendable {
    /// Rows and columns of its tokens.
    var height, width: Int
    var blocks: [Block]
    var merging: Merging?
  }

  /// Attention within windows, then a feed-forward network, each behind a norm and with a residual.
  struct Block: Sendable {
    var attentionNorm: LayerNorm
    var query, key, value, output: Linear
    var attention: WindowAttentionOperation
    var outputNorm: LayerNorm
    var feedForward: FeedForward

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      let z = attentionNorm(x, run)
      let context = run.windowAttention(query(z, run), key(z, run), value(z, run), attention)
      let y = output(context, run, adding: x)
      return feedForward(outputNorm(y, run), adding: y, run)
    }
  }

  /// Four neighbours become one token of twice the width.
  struct Merging: Sendable {
    var neighbours: NeighbourOperation
    var norm: LayerNorm
    var reduction: Linear  // [4 · width → 2 · width]

    func callAsFunction(_ x: Tensor, _ run: Evaluation) -> Tensor {
      reduction(norm(run.neighbours(of: x, neighbours), run), run)
    }
  }

  /// `mel` is a whole window, `[mel frames × bands]`. Values are `[tokens × width]`: `hidden.0` of the patches,
  /// `hidden.k` behind stage k with its merging, `block.k` of every block but the last.
  func forward(
    _ mel: Tensor, on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws -> Tensor? {
    run.recorder?.declare(mel, as: .input("log-mel"))
    let spectrogram = run.picture(of: run.scaled(mel, bandScale), picture)
    var hidden = projection(run.patches(of: spectrogram, patches), run)
    if let patchNorm { hidden = patchNorm(hidden, run) }
    guard try visit("hidden.0", hidden) else { return nil }

    var number = 0
    for (index, stage) in zip(1..., stages) {
      for (place, block) in zip(1..., stage.blocks) {
        number += 1
        hidden = block(hidden, run)
        let isLast = index == stages.count && place == stage.blocks.count
        if !isLast, try !visit("block.\(number)", hidden) { return nil }
      }
      if let merging = stage.merging { hidden = merging(hidden, run) }
      guard try visit("hidden.\(index)", hidden) else { return nil }
    }
    return norm(hidden, run)
  }
}

/// Squares of four tokens of a grid side by side, `[tokens / 4 × 4 · width]`: upper left, lower left, upper right,
/// lower right; input: `[tokens × width]`.
package struct NeighbourOperation: LayerOperation {
  package let height, width: Int
  package var name: String { "merging of neighbours" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.neighbours(of: inputs[0], self)
  }

  /// The tokens in the order in which they stand in the result.
  package var order: [Int] {
    (0..<(height / 2)).flatMap { row in
      (0..<(width / 2)).flatMap { column in
        [(0, 0), (1, 0), (0, 1), (1, 1)].map { (2 * row + $0) * width + 2 * column + $1 }
      }
    }
  }
}

extension Evaluation {
  func neighbours(of x: Tensor, _ operation: NeighbourOperation) -> Tensor {
    let result = x.selectingRows(operation.order).reshaped([x.rows / 4, 4 * x.width])
    note(operation, [x], result)
    return result
  }
}
