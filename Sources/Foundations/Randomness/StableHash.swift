/// A hash that is the same in every run and on every machine, unlike `Hasher`: FNV-1a over bytes, finished
/// by SplitMix64's mixer so that its order is as good as random.
package struct StableHash: Sendable {
  private var state: UInt64

  package init(seed: UInt64 = 0) {
    state = 0xcbf2_9ce4_8422_2325 ^ StableHash.mix(seed)
  }

  package mutating func combine(_ text: String) {
    for byte in text.utf8 { step(byte) }
    step(0xff)  // which no UTF-8 text holds, so that "a" + "b" differs from "ab"
  }

  package mutating func combine(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { step(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  package mutating func combine(_ number: Double) {
    combine(Int(bitPattern: UInt(number.bitPattern)))
  }

  package var value: UInt64 { StableHash.mix(state) }

  /// The value as 16 hexadecimal digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private mutating func step(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  private static func mix(_ value: UInt64) -> UInt64 { SplitMix64.finish(value &+ 0x9e37_79b9_7f4a_7c15) }
}
