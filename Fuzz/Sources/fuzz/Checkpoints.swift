import Checkpoints
import Foundation

/// The readers of checkpoints: `checkpoint` takes any file, the others lead straight to one reader.
let checkpointTargets: [String: Target] = [
  "checkpoint": { read($0) },
  // A safetensors header of any bytes, with a length that fits.
  "safetensors": { read(littleEndian(UInt64($0.count)) + $0 + [UInt8](repeating: 1, count: 64)) },
  // The description inside a torch archive that is otherwise whole.
  "pickle": { read(archive(["archive/data.pkl": $0, "archive/data/0": .init(repeating: 1, count: 64)])) },
  // A pickle stream, as torch wrote before 1.6, behind its magic number.
  "stream": {
    read([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E] + $0)
  },
  "npy": { read([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0] + $0) },
]

/// Where to put the whole file that an input stands for, to be kept as a test.
private let savePath = ProcessInfo.processInfo.environment["FUZZ_SAVE"]

/// Opens the bytes as a checkpoint and reads everything in it; errors are what is hoped for.
private func read(_ bytes: [UInt8]) {
  if let savePath { try? Data(bytes).write(to: URL(filePath: savePath)) }
  do {
    let checkpoint = try Checkpoint(bytes, path: "input")
    _ = "\(checkpoint.metadata)\(checkpoint.skipped)\(checkpoint.foreignClasses)"
    _ = try checkpoint.fingerprint()
    for entry in checkpoint.tensors.values.prefix(100) {
      _ = entry.isContiguous
      _ = entry.place
      guard entry.count <= 1 << 16 else { continue }
      do { _ = try checkpoint.tensor(entry.name).values.reduce(0, +) } catch { _ = "\(error)" }
      if entry.type.isInteger { _ = try? checkpoint.integers(entry.name) }
    }
    do { try checkpoint.verify() } catch { _ = "\(error)" }
  } catch { _ = "\(error)" }
}

/// A zip archive of stored entries.
private func archive(_ entries: [String: [UInt8]]) -> [UInt8] {
  var (body, directory): ([UInt8], [UInt8]) = ([], [])
  for (name, content) in entries.sorted(by: { $0.key < $1.key }) {
    let size = littleEndian(UInt32(content.count))
    let length = littleEndian(UInt16(name.utf8.count))
    let offset = littleEndian(UInt32(body.count))
    body +=
      [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 14) + size + size + length + [0, 0] + name.utf8
      + content
    directory += [0x50, 0x4B, 1, 2] + [UInt8](repeating: 0, count: 16) + size + size + length
    directory += [UInt8](repeating: 0, count: 12) + offset + name.utf8
  }
  let count = littleEndian(UInt16(entries.count))
  let end =
    count + count + littleEndian(UInt32(directory.count)) + littleEndian(UInt32(body.count)) + [0, 0]
  return body + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + end
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
