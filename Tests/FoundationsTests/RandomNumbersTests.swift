import Foundations
import Testing

/// Golden values: a change of any of these changes every fold, draw and resample of every study.
@Suite("Random numbers") struct RandomNumbersTests {
  @Test("the streams are what they have always been")
  func streams() {
    var numbers = RandomNumbers(seed: 0)
    #expect(
      (0..<3).map { _ in numbers.next() } == [
        11_091_344_671_253_066_420, 13_793_997_310_169_335_082, 1_900_383_378_846_508_768,
      ])
    var named = RandomNumbers(seed: 42, stream: "bootstrap")
    #expect(
      (0..<3).map { _ in named.next() } == [
        12_005_687_824_620_711_309, 14_209_754_792_330_316_782, 15_427_613_854_761_728_144,
      ])
    var split = SplitMix64(seed: 42)
    #expect(
      (0..<3).map { _ in split.next() } == [
        13_679_457_532_755_275_413, 2_949_826_092_126_892_291, 5_139_283_748_462_763_858,
      ])
  }

  @Test("bounded integers and orders are what they have always been")
  func bounded() {
    var numbers = RandomNumbers(seed: 7, stream: "golden")
    #expect((0..<8).map { _ in numbers.index(below: 10) } == [0, 0, 1, 3, 7, 5, 8, 9])
    #expect(numbers.permutation(10) == [0, 7, 9, 4, 5, 8, 3, 2, 6, 1])
    #expect(numbers.shuffled(["a", "b", "c", "d"]) == ["b", "a", "d", "c"])
    #expect(numbers.permutation(0).isEmpty && numbers.permutation(1) == [0])
  }

  @Test("a draw below a bound is uniform also where the bound does not divide 2⁶⁴")
  func uniform() {
    var numbers = RandomNumbers(seed: 1)
    let bound = 3 << 61  // a quarter of all words must be drawn again
    let draws = (0..<4000).map { _ in numbers.index(below: bound) }
    #expect(draws.allSatisfy { (0..<bound).contains($0) })
    // Each third holds 1333 ± 120 (four standard deviations).
    for third in 0..<3 {
      let count = draws.count { $0 >> 61 == third }
      #expect(abs(count - 1333) < 120, "\(count) of 4000 in third \(third)")
    }
    #expect((0..<20).allSatisfy { _ in numbers.index(below: 1) == 0 })
  }

  @Test("a shuffle keeps the elements, and every order is as likely as another")
  func orders() {
    var numbers = RandomNumbers(seed: 2)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 { counts[numbers.shuffled([0, 1, 2]), default: 0] += 1 }
    #expect(counts.count == 6)
    #expect(counts.keys.allSatisfy { $0.sorted() == [0, 1, 2] })
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 120 })
  }
}

@Suite("Stable hash") struct StableHashTests {
  @Test("values are what they have always been, and parts do not run together")
  func values() {
    func hash(_ parts: String...) -> UInt64 {
      var hash = StableHash()
      for part in parts { hash.combine(part) }
      return hash.value
    }
    #expect(hash("ab", "c") != hash("a", "bc"))
    #expect(hash("phoneme") == 216_652_909_107_236_428)
    var numbers = StableHash(seed: 3)
    numbers.combine(-1)
    numbers.combine(0.1)
    #expect(numbers.value == 8_326_794_055_578_230_968)
    #expect(numbers.text.count == 16)
  }
}
