import Tensors

extension Evaluation {
  /// A row for each position, `[positions × width]`: sines and then cosines of it at wavelengths from 2π to 10,000 · 2π
  /// (Vaswani 2017).
  func sinusoids(_ positions: Range<Int>, width: Int) -> Tensor {
    let table = Initialisation.sinusoids.tensor([positions.upperBound, width], name: "positions", seed: 0)
    let rows = table.rows(positions)
    recorder?.declare(rows, as: .constant)
    return rows
  }
}
