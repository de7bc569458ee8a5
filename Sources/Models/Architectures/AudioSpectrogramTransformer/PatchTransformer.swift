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
    hidden = run.dropped(hidden, "hidden.0")
    guard try visit("hidden.0", hidden) else { return }

    guard
      let last = try blocks.forward(
        hidden, validFrames: hidden.rows, wanted: wanted, on: run, visit: visit)
    else { return }

    hidden = norm(last, run)
    guard try visit("final_norm", hidden) else { return }
    let pooled = run.mean(ofRows: [0, 1], of: hidden)
    guard try visit("pooled", pooled), let head else { return }
    _ = try visit("logits", head.classifier(head.norm(pooled, run), run))
  }

  /// Overlapping squares of the spectrogram, `[frequencies · columns × patch · patch]`.
  private func patches(of mel: Tensor, _ run: Evaluation) -> Tensor {
    run.patches(
      of: mel,
      PatchOperation(
        patch: patch, rows: rows, columns: (mel.rows - patch) / timeStride + 1, timeStride: timeStride,
        frequencyStride: frequencyStride))
  }

  /// The first `count` frames, `[count × width]`: means over the frequencies of `tokens`.
  func frames(_ count: Int, ofTokens tokens: Tensor, _ run: Evaluation) -> Tensor {
    run.frames(ofTokens: tokens, layout(frames: count, tokens: tokens.rows))
  }

  /// How `tokens` of them, with or without the two in front, make the first `frames` frames.
  func layout(frames: Int, tokens: Int) -> FrameOperation {
    let front = tokens == positions.rows ? leading.rows : 0
    return FrameOperation(
      leading: front, rows: rows, columns: (tokens - front) / rows, frames: frames)
  }
}
