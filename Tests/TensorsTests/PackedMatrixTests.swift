import Foundations
import Testing

@testable import Tensors

@Suite("A packed matrix") struct PackedMatrixTests {
  @Test(
    "adds the product of its rows and a vector, the same in both directions",
    arguments: [(1, 1), (63, 5), (64, 64), (130, 17)])
  func product(rows: Int, columns: Int) {
    var numbers = RandomNumbers(seed: 3, stream: "packed")
    let matrix = Tensor((0..<rows * columns).map { _ in Float(numbers.normal()) }, shape: [rows, columns])
    let vector = (0..<columns).map { _ in Float(numbers.normal()) }
    let packed = PackedMatrix(matrix)
    #expect(packed.paddedRows % 64 == 0 && packed.paddedRows >= rows && packed.paddedRows < rows + 64)
    var forwards = [Float](repeating: 2, count: packed.paddedRows)
    var backwards = forwards
    packed.add(vector, to: &forwards)
    packed.add(vector, to: &backwards, backwards: true)
    #expect(forwards == backwards)
    for row in 0..<rows {
      let expected = (0..<columns).reduce(2.0) {
        $0 + Double(matrix.values[row * columns + $1]) * Double(vector[$1])
      }
      #expect(abs(Double(forwards[row]) - expected) < 1e-5 * Double(columns))
    }
    #expect(forwards[rows...].allSatisfy { $0 == 2 })
  }
}
