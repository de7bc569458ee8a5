/// A dense, row-major matrix of 64-bit floats: every statistic is kept in one.
public struct Matrix: Sendable, Equatable {
  /// m of `[m × n]`.
  public let rows: Int
  /// n of `[m × n]`.
  public let columns: Int
  /// Row-major values, `rows · columns` of them.
  public var values: [Double]

  /// A matrix `[rows × columns]` with one value everywhere.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    values = Array(repeating: value, count: rows * columns)
  }

  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values in \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The identity of `size`.
  public static func identity(_ size: Int) -> Matrix {
    var matrix = Matrix(rows: size, columns: size)
    for i in 0..<size { matrix[i, i] = 1 }
    return matrix
  }

  /// A tensor `[rows × columns]` in double precision.
  public init(_ tensor: Tensor) {
    self.init(
      rows: tensor.rows, columns: tensor.width,
      values: tensor.withUnsafeBuffer { $0.map(Double.init) })
  }

  /// The value at a row and a column, both counted from 0; outside the matrix it traps.
  public subscript(row: Int, column: Int) -> Double {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return values[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      values[row * columns + column] = newValue
    }
  }

  /// The matrix `[columns × rows]` with rows and columns exchanged, a copy.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result.values[j * rows + i] = values[i * columns + j] }
    }
    return result
  }
}
