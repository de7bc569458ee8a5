import Foundation

/// A file of `Resources`, beside this one.
func resource(_ name: String) -> URL {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Resources").appendingPathComponent(name)
}

/// Writes `bytes` to a file of the temporary folder for the time of `body`.
func withFile(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let url = folder.appendingPathComponent(name)
  try Data(bytes).write(to: url)
  try body(url.path)
}

/// 16-bit samples, little-endian.
func pcm(_ samples: [Int16]) -> [UInt8] {
  samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

/// A RIFF file of one `fmt ` and one `data` chunk whose stated lengths may be lies.
func wav(
  payload: [UInt8], dataLength: UInt32? = nil, rate: UInt32 = 16_000, channels: UInt16 = 1,
  code: UInt16 = 1,
  bits: UInt16 = 16
) -> [UInt8] {
  func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }
  let frame = channels * bits / 8
  let format =
    little(code) + little(channels) + little(rate) + little(rate &* UInt32(frame)) + little(frame)
    + little(bits)
  let length = dataLength ?? UInt32(payload.count)
  return Array("RIFF".utf8) + little(36 &+ length) + Array("WAVEfmt ".utf8) + little(UInt32(16)) + format
    + Array("data".utf8) + little(length) + payload
}
