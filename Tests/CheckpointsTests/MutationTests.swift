import Foundation
import Foundations
import Tensors
import Testing

@testable import Checkpoints

/// Damages real files at random, the same way each time: whatever comes of it is an error or a checkpoint, never
/// a crash, a hang or a large allocation. `scripts/fuzz.sh` searches longer and with feedback.
@Suite("Damaged at random") struct MutationTests {
  static let files = [
    "reference/lightning.head.safetensors", "reference/odd_storages.expected.safetensors",
    "reference/nested.pt",
    "reference/odd_storages.pt", "reference/odd_storages_legacy.pt", "reference/proto4.pt",
    "made/arrays_5.pkl",
    "made/compressed.npz", "made/deflated.pt", "made/module.pt", "made/parameters.ckpt",
    "made/protocol_0.pt",
    "made/script.pt", "made/single.npy", "made/stored.npz", "made/unsigned.pt", "made/zip64.pt",
  ]

  @Test("files are read or refused", arguments: files)
  func mutations(file: String) throws {
    let original = try resourceBytes(file)
    var numbers = RandomNumbers(seed: 20_240_506, stream: file)
    for _ in 0..<300 {
      var bytes = original
      for _ in 0...numbers.index(below: 3) { MutationTests.mutate(&bytes, with: &numbers) }
      readEverything(bytes, path: file)
    }
  }

  /// Files that once made a reader crash, hang or take too much memory.
  static let found =
    (try? FileManager.default.contentsOfDirectory(atPath: resource("found")).sorted()) ?? []

  @Test("Inputs that fuzzing found stay harmless", arguments: found)
  func staysHarmless(name: String) throws {
    readEverything(try resourceBytes("found/\(name)"), path: name)
  }

  /// One change of the kinds that bring readers down.
  static func mutate(_ bytes: inout [UInt8], with numbers: inout RandomNumbers) {
    guard bytes.count > 16 else { return }
    let position = numbers.index(below: bytes.count - 8)
    switch numbers.index(below: 7) {
    case 0: bytes[position] ^= 1 << UInt8(numbers.index(below: 8))
    case 1: bytes[position] = UInt8(numbers.index(below: 256))
    case 2: bytes.removeLast(numbers.index(below: bytes.count - 8))
    case 3:
      // A number that a length should not be.
      let extremes: [UInt64] = [
        0, 1, 0x7F, 0xFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, 1 << 62, 1 << 63, .max,
      ]
      let width = [1, 2, 4, 8][numbers.index(below: 4)]
      let value = littleEndian(extremes[numbers.index(below: extremes.count)]).prefix(width)
      bytes.replaceSubrange(position..<(position + width), with: value)
    case 4:
      // A piece from elsewhere in the file.
      let count = min(1 + numbers.index(below: 64), bytes.count)
      let start = numbers.index(below: bytes.count - count + 1)
      bytes.insert(contentsOf: bytes[start..<(start + count)], at: position)
    case 5:
      let count = min(1 + numbers.index(below: 64), bytes.count - position)
      bytes.removeSubrange(position..<(position + count))
    default:
      // Digits of a header's numbers.
      if let digit = bytes[position...].firstIndex(where: { (48...57).contains($0) }) {
        bytes[digit] = 48 + UInt8(numbers.index(below: 10))
      }
    }
  }

  /// Opens and reads all there is to read, within bounds that the file's size sets.
  func readEverything(_ bytes: [UInt8], path: String) {
    guard let checkpoint = try? Checkpoint(bytes, path: path) else { return }
    for entry in checkpoint.tensors.values {
      // What was packed can be a thousand times its size, and a view may repeat its values so many times.
      #expect(entry.count <= 1032 * (bytes.count + 1) + TensorEntry.repetitionLimit)
      guard entry.count <= 1 << 16, entry.type.isReadable else { continue }
      if let tensor = try? checkpoint.tensor(entry.name) { #expect(tensor.count == entry.count) }
    }
    try? checkpoint.verify()
  }
}
