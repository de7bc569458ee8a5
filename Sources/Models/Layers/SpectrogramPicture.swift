import Tensors

/// A spectrogram stretched along time and cut into strips that are laid below each other, so that a model of square
/// pictures can read it (HTS-AT, Chen 2022): `[frames × bands]` to `[columns × strips · bands]`, with the first
/// strip's bands first.
///
/// Between frames it is interpolated by cubic convolution with a = −0.75 (Keys 1981, as PyTorch has it), the first
/// and last frame kept where they are.
package struct PictureOperation: LayerOperation {
  /// Columns of a strip.
  package let columns: Int
  package let strips: Int
  package var name: String { "laying out a spectrogram" }

  package func callAsFunction(_ inputs: [Tensor], on run: Evaluation) -> Tensor {
    run.picture(of: inputs[0], self)
  }

  /// Which frames column `column` of the stretched spectrogram is made of, and how much of each.
  package func sources(of column: Int, frames: Int) -> [(frame: Int, weight: Float)] {
    let stretched = columns * strips
    guard frames != stretched, stretched > 1 else { return [(min(column, frames - 1), 1)] }
    let place = Double(column) * Double(frames - 1) / Double(stretched - 1)
    let start = Int(place)
    let t = place - Double(start)
    return [(-1, 1 + t), (0, t), (1, 1 - t), (2, 2 - t)].map { offset, distance in
      (min(max(0, start + offset), frames - 1), Float(Self.cubic(distance)))
    }
  }

  private static func cubic(_ x: Double) -> Double {
    let a = -0.75
    return x <= 1
      ? ((a + 2) * x - (a + 3)) * x * x + 1
      : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  }
}

extension Evaluation {
  func picture(of mel: Tensor, _ operation: PictureOperation) -> Tensor {
    let (frames, bands) = (mel.rows, mel.width)
    let width = operation.strips * bands
    let picture = mel.withUnsafeBuffer { mel in
      Tensor(shape: [operation.columns, width], from: pool) { picture in
        picture.update(repeating: 0)
        for column in 0..<(operation.columns * operation.strips) {
          let (strip, place) = (column / operation.columns, column % operation.columns)
          let start = place * width + strip * bands
          for (frame, weight) in operation.sources(of: column, frames: frames) {
            for band in 0..<bands { picture[start + band] += weight * mel[frame * bands + band] }
          }
        }
      }
    }
    note(operation, [mel], picture)
    return picture
  }
}
