import CKernels

/// A matrix in the order in which its product with one vector reads it: blocks of rows, each column by column.
///
/// For a recurrent layer, which multiplies the same matrix with a vector at every step. Such a product is as fast as
/// memory: read straight through, and asked for ahead, it takes less time than BLAS's (`Benchmarks/forward.sh 5 blstm`).
public struct PackedMatrix: Sendable {
  /// m of `[m × n]`.
  public let rows: Int
  /// n of `[m × n]`.
  public let columns: Int
  private let blocks: Int
  private let storage: Tensor

  /// The values that `add` wants room for: `rows`, rounded up to whole blocks.
  public var paddedRows: Int { blocks * Self.blockRows }

  private static var blockRows: Int { Int(STRATA_PACKED_ROWS) }

  /// Packs `matrix`, `[rows × columns]`.
  public init(_ matrix: Tensor) {
    let (rows, columns, blockRows) = (matrix.rows, matrix.count / max(matrix.rows, 1), Self.blockRows)
    (self.rows, self.columns) = (rows, columns)
    blocks = (rows + blockRows - 1) / blockRows
    storage = Tensor(shape: [blocks * blockRows * columns]) { packed in
      packed.update(repeating: 0)
      matrix.withUnsafeBuffer { values in
        for row in 0..<rows {
          let start = row / blockRows * blockRows * columns + row % blockRows
          for column in 0..<columns { packed[start + column * blockRows] = values[row * columns + column] }
        }
      }
    }
  }

  /// `sums` (`paddedRows` values) += this · `vector` (`columns` values); where `backwards`, from the last block to the
  /// first. Every other product that way finds a part of the matrix still in the cache.
  public func add(
    _ vector: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, backwards: Bool = false
  ) {
    storage.withUnsafeBuffer { packed in
      guard let packed = packed.baseAddress else { return }
      strata_packed_product(packed, blocks, columns, vector, sums, backwards ? 1 : 0)
    }
  }
}
