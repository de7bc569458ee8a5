import Foundations
import Tensors
import Testing

@testable import Checkpoints

@Suite("Stored values") struct ConversionTests {
  @Test("Half precision is exact for all 65,536 patterns")
  func half() {
    for pattern in UInt16.min...UInt16.max {
      let (found, expected) = (floatFromHalf(pattern), Float(Float16(bitPattern: pattern)))
      // NaNs keep their payload here; the CPU sets the quiet bit of signalling ones.
      if expected.isNaN { #expect(found.isNaN) } else { #expect(found.bitPattern == expected.bitPattern) }
    }
  }

  @Test("bfloat16 is the upper half of a float")
  func brain() {
    for value: Float in [0, -0, 1, -2.5, .infinity, 0x1p-133, 3e38] {
      let pattern = UInt16(value.bitPattern >> 16)
      #expect(floatFromBrain(pattern).bitPattern == value.bitPattern & 0xFFFF_0000)
    }
  }

  @Test("The bulk loops agree with the single values", arguments: ElementType.allCases.filter(\.isReadable))
  func bulk(type: ElementType) {
    var numbers = RandomNumbers(seed: 3, stream: "test")
    let count = 1003
    let bytes = (0..<(count * type.size)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    bytes.withUnsafeBytes { source in
      let tensor = Tensor(shape: [count]) { type.convert(source, to: $0) }
      for (index, found) in tensor.values.enumerated() {
        let expected = type.double(source, at: index * type.size)
        #expect(found == Float(expected) || found.isNaN && expected.isNaN, "\(type) \(index)")
      }
    }
  }

  @Test("Whole numbers beyond 2^53 keep every digit")
  func wideIntegers() throws {
    let values: [Int] = [.max, .min, 1 << 60 + 1, -1]
    let pickle = PickleBuilder.dictionary([
      ("w", .tensor(type: "LongStorage", count: 4, shape: [4], strides: [1]))
    ])
    let checkpoint = try Checkpoint(
      pickle.archive(storages: ["0": values.flatMap { littleEndian($0) }]), path: "m.pt")
    #expect(try checkpoint.integers("w") == values)
    #expect(throws: CheckpointError.self) {
      try Checkpoint(
        PickleBuilder.dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))])
          .archive(storages: ["0": floatBytes([1])]), path: "m.pt"
      ).integers("w")
    }
  }
}

@Suite("Views of storages") struct ViewTests {
  /// A checkpoint with one tensor `w` over the storage 0, 1, 2 … of `count` floats.
  func open(count: Int, offset: Int = 0, shape: [Int], strides: [Int]) throws -> Checkpoint {
    let pickle = PickleBuilder.dictionary([
      ("w", .tensor(count: count, offset: offset, shape: shape, strides: strides))
    ])
    return try Checkpoint(
      pickle.archive(storages: ["0": floatBytes((0..<count).map(Float.init))]), path: "m.pt")
  }

  @Test("hold what their strides say, for every small view of a storage")
  func exhaustive() throws {
    // All views with three axes of 0…3 values and strides 0…4: inside they are read, outside refused.
    let available = 12
    for code in 0..<(4 * 4 * 4) {
      let shape = [code % 4, code / 4 % 4, code / 16]
      for strides in [[4, 2, 1], [0, 1, 0], [1, 3, 4], [2, 0, 3], [3, 3, 3]] {
        for offset in [0, 3, 12] {
          let expected = indices(shape, strides, offset)
          let isInside = expected.allSatisfy { $0 < available } && offset <= available
          if isInside {
            let tensor = try open(count: available, offset: offset, shape: shape, strides: strides).tensor(
              "w")
            #expect(tensor.shape == shape)
            #expect(tensor.values == expected.map(Float.init))
          } else {
            #expect(throws: CheckpointError.self) {
              try open(count: available, offset: offset, shape: shape, strides: strides)
            }
          }
        }
      }
    }
  }

  private func indices(_ shape: [Int], _ strides: [Int], _ offset: Int) -> [Int] {
    var result = [offset]
    for (extent, stride) in zip(shape, strides) {
      result = result.flatMap { start in (0..<extent).map { start + $0 * stride } }
    }
    return result
  }

  @Test("that repeat a value without end are refused before any memory is taken")
  func expanded() throws {
    #expect(
      try open(count: 1, shape: [1000, 2], strides: [0, 0]).tensor("w").values
        == Array(repeating: 0, count: 2000))
    #expect(throws: CheckpointError.self) { try open(count: 1, shape: [1 << 40], strides: [0]) }
    #expect(throws: CheckpointError.self) {
      try open(count: 1, shape: [1 << 31, 1 << 31, 4], strides: [0, 0, 0])
    }
    // An extent of zero makes the tensor empty, but the others must still be sizes.
    #expect(try open(count: 1, shape: [0, 1 << 40, 8], strides: [1, 1, 1]).tensor("w").count == 0)
    #expect(throws: CheckpointError.self) {
      try open(count: 1, shape: [0, 1 << 62, 8], strides: [1, 1, 1])
    }
    #expect(throws: CheckpointError.self) {
      try open(count: 1, shape: [1 << 62, 8, 0], strides: [1, 1, 1])
    }
    #expect(throws: CheckpointError.self) { try open(count: 1, shape: [-1], strides: [1]) }
  }

  @Test("of one storage are known as tied; equal ones of two are not")
  func tied() throws {
    let checkpoint = try Checkpoint.open(resource("reference/odd_storages.pt"))
    let base = try checkpoint.entry("a.base")
    #expect(base.sharesStorage(with: try checkpoint.entry("a.tied")))
    #expect(base.sharesStorage(with: try checkpoint.entry("a.transposed")))
    #expect(!base.sharesStorage(with: try checkpoint.entry("a.scalar")))
    #expect(base.isContiguous)
    #expect(try !checkpoint.entry("a.transposed").isContiguous)
  }
}
