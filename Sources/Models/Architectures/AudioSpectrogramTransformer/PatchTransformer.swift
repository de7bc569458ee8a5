import Tensors

/// The network of an Audio Spectrogram Transformer, from filter banks to values of all tokens.
///
/// Token 2 + f·columns + t is the patch at frequency f and time t; the first two, for the class and for
/// distillation, see no patch of their own.
struct PatchTransformer: Sendable {
  var patch: Int
  var timeStride, frequencyStride: Int
  /// Patches along frequency.
  var rows: Int
  var projection: Linear  // [patch · patch → width], a patch by its frequencies, each in the order of time
  var leading: Tensor  // [2 × width]
  var positions: Tensor  // [tokens × width]
  var blocks: [TransformerBlock]
  var norm: LayerNorm
  var head: Head?

  struct Head: Sendable {
    var norm: LayerNorm
    var classifier: Linear  // [width → classes]
  }

  /// `mel` is a whole window, `[mel frames × bands]`. All values are `[tokens × width]`, but for attention, `pooled`
  /// and `logits`, and for `projection`, which has no leading tokens.
  func forward(
    _ mel: Tensor, wanted: Set<String>, on run: Evaluation, visit: (String, Tensor) throws -> Bool
  ) throws {
    run.recorder?.declare(mel, as: .input("filter banks"))
    let projected = projection(patches(of: mel, run), run)
    guard try visit("projection", projected) else { return }

    var hidden = run.sum(run.joined([leading, projected]), positions)
    guard try visit("hidden.0", hidden) else { return }

    for (number, block) in zip(1..., blocks) {
      var weights = wanted.contains("attention.\(number)") ? Tensor(repeating: 0, shape: [0]) : nil
      hidden = block(hidden, validFrames: hidden.rows, bias: nil, weights: &weights, run)
      if let weights, try !visit("attention.\(number)", weights) { return }
      guard try visit("hidden.\(number)", hidden) else { return }
    }

    hidden = norm(hidden, run)
    guard try visit("final_norm", hidden) else { return }
    let pooled = run.mean(ofRows: [0, 1], of: hidden)
    guard try visit("pooled", pooled), let head else { return }
    _ = try visit("logits", head.classifier(head.norm(pooled, run), run))
  }

  /// Overlapping squares of the spectrogram, `[frequencies · columns × patch · patch]`.
  private func patches(of mel: Tensor, _ run: Evaluation) -> Tensor {
    let bands = mel.width
    let columns = (mel.rows - patch) / timeStride + 1
    return mel.withUnsafeBuffer { mel in
      Tensor(shape: [rows * columns, patch * patch], from: run.pool) { patches in
        for row in 0..<rows {
          for column in 0..<columns {
            let start = (row * columns + column) * patch * patch
            for band in 0..<patch {
              for frame in 0..<patch {
                patches[start + band * patch + frame] =
                  mel[(column * timeStride + frame) * bands + row * frequencyStride + band]
              }
            }
          }
        }
      }
    }
  }

  /// The first `count` frames, `[count × width]`: means over the frequencies of `tokens`.
  func frames(_ count: Int, ofTokens tokens: Tensor, _ run: Evaluation) -> Tensor {
    let leading = tokens.rows == positions.rows ? 2 : 0
    let columns = (tokens.rows - leading) / rows
    let width = tokens.width
    return tokens.withUnsafeBuffer { tokens in
      Tensor(shape: [count, width], from: run.pool) { frames in
        frames.update(repeating: 0)
        for row in 0..<rows {
          let start = (leading + row * columns) * width
          for index in 0..<(count * width) { frames[index] += tokens[start + index] }
        }
        for index in frames.indices { frames[index] /= Float(rows) }
      }
    }
  }
}
