import Foundation

/// The first bytes of a file: what it looks like, and how long it says it is.
struct ContainerStart {
  /// The file's length.
  let bytes: Int
  /// The length that the container's header promises, where it is one that says so.
  let promisedBytes: Int?
  let isText: Bool
  /// A few words on the content, for the message of a file that cannot be read.
  let looksLike: String

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw AudioError.missing(path: path)
    }
    guard !isFolder.boolValue, let file = FileHandle(forReadingAtPath: path) else {
      throw AudioError.notAFile(path: path)
    }
    defer { try? file.close() }
    guard let end = try? file.seekToEnd(), let bytes = Int(exactly: end),
      (try? file.seek(toOffset: 0)) != nil
    else { throw AudioError.notAFile(path: path) }
    guard bytes > 0 else { throw AudioError.noBytes(path: path) }
    let start = [UInt8]((try? file.read(upToCount: 1 << 16)) ?? Data())
    self.bytes = bytes
    promisedBytes =
      ContainerStart.riffBytes(start) ?? ContainerStart.sphereBytes(start)
      ?? ContainerStart.bigEndianBytes(start) ?? ContainerStart.oggBytes(start, file, bytes: bytes)
    isText = ContainerStart.isText(start)
    looksLike = ContainerStart.describe(start, isText: isText)
  }

  /// RIFF/WAVE: where the `data` chunk would end. Writers that stream into a pipe leave a placeholder of 0
  /// or about 2³¹ or 2³² there, which promises nothing.
  private static func riffBytes(_ start: [UInt8]) -> Int? {
    guard start.starts(with: Array("RIFF".utf8)), start.dropFirst(8).starts(with: Array("WAVE".utf8))
    else { return nil }
    func length(at offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(start[offset + $1]) << (8 * $1) }
    }
    var offset = 12
    while offset + 8 <= start.count {
      let size = length(at: offset + 4)
      if start[offset..<(offset + 4)].elementsEqual(Array("data".utf8)) {
        return size == 0 || size >= 0x7fff_0000 ? nil : offset + 8 + size
      }
      offset += 8 + size + size % 2
    }
    return nil
  }

  /// NIST sphere: a text header of a stated length, then `sample_count · channel_count · sample_n_bytes`.
  private static func sphereBytes(_ start: [UInt8]) -> Int? {
    guard start.starts(with: Array("NIST_1A".utf8)) else { return nil }
    let lines = String(decoding: start.prefix(1024), as: UTF8.self).split(whereSeparator: \.isNewline)
    guard lines.count > 1, let header = Int(lines[1].trimmingCharacters(in: .whitespaces)) else {
      return nil
    }
    var fields: [String: Int] = [:]
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count == 3, words[1] == "-i" else { continue }
      fields[String(words[0])] = Int(words[2])
    }
    guard let samples = fields["sample_count"], let size = fields["sample_n_bytes"], samples > 0, size > 0
    else { return nil }
    let (values, overflow) = samples.multipliedReportingOverflow(by: size * (fields["channel_count"] ?? 1))
    return overflow || values > Int.max / 2 ? Int.max : header + values
  }

  /// AIFF says how long its one chunk is, Sun's au how long its samples are (or that nobody knows).
  private static func bigEndianBytes(_ start: [UInt8]) -> Int? {
    guard start.count >= 12 else { return nil }
    func number(at offset: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(start[offset + $1]) } }
    if start.starts(with: Array("FORM".utf8)) { return 8 + number(at: 4) }
    guard start.starts(with: Array(".snd".utf8)), number(at: 8) != 0xffff_ffff else { return nil }
    return number(at: 4) + number(at: 8)
  }

  /// Ogg: where the last page would end, which decoders drop silently when it is not whole.
  private static func oggBytes(_ start: [UInt8], _ file: FileHandle, bytes: Int) -> Int? {
    guard start.starts(with: Array("OggS".utf8)) else { return nil }
    let tailStart = max(0, bytes - 65_307)  // the longest page there can be
    guard (try? file.seek(toOffset: UInt64(tailStart))) != nil, let tail = try? file.readToEnd() else {
      return nil
    }
    guard let page = Data(tail).range(of: Data("OggS".utf8), options: .backwards)?.lowerBound else {
      return nil
    }
    let head = [UInt8](tail.dropFirst(page))
    guard head.count >= 27, head.count >= 27 + Int(head[26]) else { return bytes + 1 }
    let segments = Int(head[26])
    return tailStart + page + 27 + segments + head[27..<(27 + segments)].reduce(0) { $0 + Int($1) }
  }

  private static func isText(_ start: [UInt8]) -> Bool {
    !start.starts(with: Array("NIST_1A".utf8))  // whose header is text
      && start.prefix(512).allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
  }

  private static func describe(_ start: [UInt8], isText: Bool) -> String {
    let known: [(magic: String, name: String)] = [
      ("PK", "it is a zip archive"), ("%PDF", "it is a PDF"), ("\u{7f}ELF", "it is a program"),
      ("RIFF", "it starts as a RIFF file but its parts are damaged or of an unknown encoding"),
      ("fLaC", "it starts as a FLAC file but its header is damaged"),
      ("OggS", "it starts as an Ogg file but holds no stream that is known"),
      ("FORM", "it starts as an AIFF file but its parts are damaged"),
      ("NIST_1A", "it is a NIST sphere file in an encoding that cannot be read (shorten? use sph2pipe)"),
    ]
    if let match = known.first(where: { start.starts(with: Array($0.magic.utf8)) }) { return match.name }
    if start.dropFirst(4).starts(with: Array("ftyp".utf8)) { return "it is an MP4/M4A file" }
    if isText {
      let line =
        String(decoding: start.prefix(40), as: UTF8.self)
        .split(whereSeparator: \.isNewline).first ?? ""
      return "it is text that starts \"\(line)\""
    }
    return "its first bytes are "
      + start.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
  }
}
