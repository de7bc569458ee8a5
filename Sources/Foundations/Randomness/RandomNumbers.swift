#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A seeded stream of random numbers (xoshiro256**, Blackman & Vigna 2018), the same on every machine.
///
/// Independent streams come from `RandomNumbers(seed:, stream:)` with different stream names, so that
/// adding one consumer never shifts another's numbers.
public struct RandomNumbers: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// The generator of a seed and a stream; another stream of the same seed has other numbers.
  public init(seed: UInt64, stream: String = "") {
    // SplitMix64 spreads any seed over the whole state.
    var spread = SplitMix64(
      seed: stream.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    state = (spread.next(), spread.next(), spread.next(), spread.next())
  }

  public mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }

  /// Uniform in [0, 1).
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A standard normal value (Box–Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// Uniform in 0 ..< bound, without bias. Traps where `bound` is not positive.
  public mutating func index(below bound: Int) -> Int { boundedIndex(below: bound) }

  /// The indices 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] { shuffled(0..<count) }
}

// Bounded integers and orders of our own: the standard library may change how `random(in:using:)` and
// `shuffled(using:)` draw, and with them every fold and every resample.
extension RandomNumberGenerator {
  /// Uniform in 0 ..< bound, without bias (Lemire 2019: the high word of a product, redrawn in the uneven rest).
  package mutating func boundedIndex(below bound: Int) -> Int {
    precondition(bound > 0, "a random index below \(bound)")
    let limit = UInt64(bound)
    var product = next().multipliedFullWidth(by: limit)
    if product.low < limit {
      let uneven = (0 &- limit) % limit
      while product.low < uneven { product = next().multipliedFullWidth(by: limit) }
    }
    return Int(product.high)
  }

  /// The elements in random order (Fisher & Yates, from the front).
  package mutating func shuffled<Element>(_ elements: some Sequence<Element>) -> [Element] {
    var result = Array(elements)
    for (place, remaining) in zip(result.indices, stride(from: result.count, to: 1, by: -1)) {
      result.swapAt(place, place + boundedIndex(below: remaining))
    }
    return result
  }
}
