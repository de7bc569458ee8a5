import Foundations
import Testing

@testable import Tensors

@Suite("Memory pools") struct MemoryPoolTests {
  private func address(_ tensor: Tensor) -> Int {
    tensor.withUnsafeBuffer { Int(bitPattern: $0.baseAddress) }
  }

  @Test("what is given back is given out again")
  func reuse() {
    let pool = MemoryPool()
    let first = address(Tensor(shape: [1_000], from: pool) { $0.update(repeating: 1) })
    let second = address(Tensor(shape: [500], from: pool) { $0.update(repeating: 2) })
    #expect(first == second && first % 64 == 0)
    #expect(pool.peakBytes == 4_032)
  }

  @Test("free neighbours join, so that sizes need not repeat")
  func joining() {
    let pool = MemoryPool()
    var tensors: [Tensor?] = (0..<8).map { i in
      Tensor(shape: [16], from: pool) { $0.update(repeating: Float(i)) }
    }
    let base = tensors[0].map(address) ?? 0
    let kept = tensors[7]
    for index in [3, 1, 5, 2, 4, 0, 6, 7] { tensors[index] = nil }
    let whole = Tensor(shape: [7 * 16], from: pool) { $0.update(repeating: 9) }
    #expect(address(whole) == base)
    #expect(kept?.values == Array(repeating: 7, count: 16), "memory in use was given out")
    #expect(pool.peakBytes == 8 * 64)
  }

  @Test("tensors outlive their pool's owner, and copies are apart")
  func lifetime() {
    func make() -> Tensor {
      let pool = MemoryPool()
      return Tensor(shape: [3], from: pool) { buffer in for i in 0..<3 { buffer[i] = Float(i) } }
    }
    let tensor = make()
    var copy = tensor
    copy.withUnsafeMutableBuffer { $0[0] = 5 }
    #expect(tensor.values == [0, 1, 2] && copy.values == [5, 1, 2])
  }

  @Test("many threads take and give back without mixing memory up")
  func threads() throws {
    let pool = MemoryPool()
    let sums = try parallelMap(64, threads: 8) { index -> Int in
      var numbers = RandomNumbers(seed: UInt64(index))
      var kept: [Tensor] = []
      var wrong = 0
      for round in 0..<200 {
        let value = Float(index * 1_000 + round)
        kept.append(
          Tensor(shape: [1 + numbers.index(below: 700)], from: pool) { $0.update(repeating: value) })
        if kept.count > 5 {
          let tensor = kept.remove(at: numbers.index(below: kept.count))
          let values = tensor.values
          if !values.allSatisfy({ $0 == values[0] }) { wrong += 1 }
        }
      }
      return wrong
    }
    #expect(sums.allSatisfy { $0 == 0 })
    // All is free again: the next large tensor lies at the beginning.
    let before = pool.peakBytes
    _ = Tensor(shape: [before / 4], from: pool) { $0[0] = 0 }
    #expect(pool.peakBytes == before)
  }
}
