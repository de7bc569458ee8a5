/// A hash that is the same in every run and on every machine, unlike `Hasher`: FNV-1a over bytes, finished
/// by SplitMix64's mixer so that its order is as good as random.
struct StableHash {
  private var state: UInt64

  init(seed: UInt64 = 0) {
    state = 0xcbf2_9ce4_8422_2325 ^ StableHash.mix(seed)
  }

  mutating func combine(_ text: String) {
    for byte in text.utf8 { step(byte) }
    step(0xff)  // which no UTF-8 text holds, so that "a" + "b" differs from "ab"
  }

  mutating func combine(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { step(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  mutating func combine(_ number: Double) {
    combine(Int(bitPattern: UInt(number.bitPattern)))
  }

  var value: UInt64 { StableHash.mix(state) }

  private mutating func step(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
