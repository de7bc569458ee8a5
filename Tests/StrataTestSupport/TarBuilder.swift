/// A tar archive of these files.
public func tar(_ files: [(name: String, content: [UInt8])]) -> [UInt8] {
  var bytes: [UInt8] = []
  for (name, content) in files {
    var header = [UInt8](repeating: 0, count: 512)
    header.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    let size = String(content.count, radix: 8)
    let field = String(repeating: "0", count: 11 - size.count) + size
    header.replaceSubrange(124..<135, with: field.utf8)
    header[156] = UInt8(ascii: "0")
    header.replaceSubrange(257..<265, with: Array("ustar".utf8) + [0] + Array("00".utf8))
    bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
  return bytes + [UInt8](repeating: 0, count: 1024)
}
