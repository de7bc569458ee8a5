import Tensors

/// Patches of a spectrogram `[frames × bands]`, which may overlap, frequency by frequency and each in the order of time:
/// `[rows · columns × bands · frames of one]`, a patch by its bands, each in the order of time.
package struct PatchOperation: LayerOperation {
  /// Frames of a patch, and its bands unless there is a height.
  package let patch: Int
  package var height: Int?
  /// Patches along frequency and along time.
  package let rows, columns: Int
  package let timeStride, frequencyStride: Int
  package var name: String { "cutting into patches" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.patches(of: inputs[0], self)
  }

  /// Calls `body` with each value's place in the patches and in a spectrogram of `bands`.
  package func forEachValue(bands: Int, _ body: (_ patched: Int, _ source: Int) -> Void) {
    let height = height ?? patch
    for row in 0..<rows {
      for column in 0..<columns {
        let start = (row * columns + column) * height * patch
        for band in 0..<height {
          for frame in 0..<patch {
            body(
              start + band * patch + frame,
              (column * timeStride + frame) * bands + row * frequencyStride + band)
          }
        }
      }
    }
  }
}

/// Frames of tokens that stand for patches: the mean over all frequencies at one time, `[frames × width]`.
package struct FrameOperation: LayerOperation {
  /// Tokens in front that stand for no patch.
  package let leading: Int
  /// Patches along frequency and along time, of a strip.
  package let rows, columns: Int
  /// How many of the columns have sound.
  package let frames: Int
  /// Stretches of time that lie below each other, each as `rows` by `columns`.
  package var strips = 1
  package var name: String { "mean over frequencies" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.frames(ofTokens: inputs[0], self)
  }

  /// Calls `body` with the first frame and the first token of each row, and how many there are.
  package func forEachRow(_ body: (_ frame: Int, _ token: Int, _ count: Int) -> Void) {
    for strip in 0..<strips {
      let count = min(columns, frames - strip * columns)
      guard count > 0 else { return }
      for row in 0..<rows {
        body(strip * columns, leading + (strip * rows + row) * columns, count)
      }
    }
  }
}

extension Evaluation {
  func patches(of mel: Tensor, _ operation: PatchOperation) -> Tensor {
    let (size, bands) = (operation.patch * (operation.height ?? operation.patch), mel.width)
    let patches = mel.withUnsafeBuffer { mel in
      Tensor(shape: [operation.rows * operation.columns, size], from: pool) { patches in
        operation.forEachValue(bands: bands) { patches[$0] = mel[$1] }
      }
    }
    note(operation, [mel], patches)
    return patches
  }

  func frames(ofTokens tokens: Tensor, _ operation: FrameOperation) -> Tensor {
    let (count, width) = (operation.frames, tokens.width)
    let frames = tokens.withUnsafeBuffer { tokens in
      Tensor(shape: [count, width], from: pool) { frames in
        frames.update(repeating: 0)
        operation.forEachRow { frame, token, count in
          for index in 0..<(count * width) {
            frames[frame * width + index] += tokens[token * width + index]
          }
        }
        for index in frames.indices { frames[index] /= Float(operation.rows) }
      }
    }
    note(operation, [tokens], frames)
    return frames
  }
}
