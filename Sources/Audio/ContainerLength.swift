import Tensors

/// How many bytes a container's header says the file has.
enum ContainerLength: Equatable {
  /// The container says nothing, or is read by other means.
  case unstated
  case promised(Int)
  /// The writer could not know, since it wrote into a pipe, and left a placeholder; with what libsndfile must see in its
  /// place, where it does not understand the placeholder.
  case open(ByteView.Patch?)

  init(_ start: [UInt8], _ file: RegularFile) {
    let magic = String(decoding: start.prefix(4), as: UTF8.self)
    self =
      switch magic {
      case "RIFF": ContainerLength.riff(start, file)
      case "RF64", "BW64": ContainerLength.riff(start, file, sizes: 64)
      case "riff": ContainerLength.wave64(start)
      case "FORM": ContainerLength.aiff(start, file)
      case ".snd": ContainerLength.au(start, file)
      case "caff": ContainerLength.caf(start, file)
      case "OggS": ContainerLength.ogg(file)
      case "NIST": ContainerLength.sphere(start)
      case "fLaC": ContainerLength.flac(start)
      default: .unstated
      }
  }

  /// Sizes of 32 bits from here on are placeholders, if the file does not reach them: sox writes 0x7f000000 and
  /// 0x7ffff000, others the largest number of 31 or 32 bits.
  private static let placeholder = 0x7f00_0000

  private static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int = 4) -> Int {
    guard offset + count <= bytes.count else { return 0 }
    return Int(
      truncatingIfNeeded: (0..<count).reduce(UInt64(0)) {
        $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1)
      })
  }

  private static func big(_ bytes: [UInt8], _ offset: Int, _ count: Int = 4) -> Int {
    guard offset + count <= bytes.count else { return 0 }
    return Int(truncatingIfNeeded: (0..<count).reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[offset + $1]) })
  }

  private static func sum(_ offset: Int, _ size: Int) -> Int {
    let (end, overflow) = offset.addingReportingOverflow(size)
    return overflow ? .max : end
  }

  /// WAVE: where the `data` chunk would end. RF64 writes its size, of 64 bits, into a chunk `ds64` before.
  private static func riff(_ start: [UInt8], _ file: RegularFile, sizes: Int = 32) -> ContainerLength {
    guard start.dropFirst(8).starts(with: "WAVE".utf8) else { return .unstated }
    var offset = 12
    var long: Int?
    while offset + 8 <= start.count {
      let size = little(start, offset + 4)
      let name = start[offset..<(offset + 4)]
      if name.elementsEqual("ds64".utf8) { long = little(start, offset + 16, 8) }
      if name.elementsEqual("data".utf8) {
        if sizes == 64 {
          guard let long, long > 0 else { return .open(nil) }
          return .promised(sum(offset + 8, size == 0xffff_ffff ? long : size))
        }
        if size == 0 { return emptyData(at: offset, file) }
        return size >= placeholder && offset + 8 + size > file.bytes
          ? .open(nil) : .promised(offset + 8 + size)
      }
      offset += 8 + size + size % 2
    }
    return .unstated
  }

  /// A `data` chunk of no bytes is empty if nothing or other chunks follow it, and a placeholder if samples do.
  private static func emptyData(at offset: Int, _ file: RegularFile) -> ContainerLength {
    var place = offset + 8
    let rest = file.bytes - place
    while place < file.bytes {
      let head = file.bytes(at: place, count: 8)
      guard head.count == 8, head.prefix(4).allSatisfy({ (0x20...0x7e).contains($0) }) else { break }
      let size = little(head, 4)
      place += 8 + size + size % 2
    }
    guard place < file.bytes || place > file.bytes + 1, rest > 0, rest < 0xffff_ffff else {
      return .unstated
    }
    let size = (0..<4).map { UInt8(truncatingIfNeeded: rest >> (8 * $0)) }
    return .open(ByteView.Patch(offset: offset + 4, bytes: size))
  }

  /// Wave64: a name of 16 bytes, then the file's whole length.
  private static func wave64(_ start: [UInt8]) -> ContainerLength {
    guard start.count >= 24 else { return .unstated }
    let length = little(start, 16, 8)
    return length <= 0 ? .open(nil) : .promised(length)
  }

  /// AIFF says how long its one chunk is.
  private static func aiff(_ start: [UInt8], _ file: RegularFile) -> ContainerLength {
    let size = big(start, 4)
    guard start.count >= 12 else { return .unstated }
    return size == 0 || size >= placeholder && 8 + size > file.bytes ? .open(nil) : .promised(8 + size)
  }

  /// Sun's au says how long its samples are, or that nobody knows.
  private static func au(_ start: [UInt8], _ file: RegularFile) -> ContainerLength {
    guard start.count >= 12 else { return .unstated }
    let size = big(start, 8)
    if size == 0, file.bytes > big(start, 4) {
      return .open(ByteView.Patch(offset: 8, bytes: [0xff, 0xff, 0xff, 0xff]))
    }
    return size == 0xffff_ffff ? .open(nil) : .promised(big(start, 4) + size)
  }

  /// Core Audio: where the `data` chunk would end; -1 means to the file's end, which libsndfile refuses.
  private static func caf(_ start: [UInt8], _ file: RegularFile) -> ContainerLength {
    var offset = 8
    while offset + 12 <= start.count {
      let size = big(start, offset + 4, 8)
      if start[offset..<(offset + 4)].elementsEqual("data".utf8) {
        guard size < 0 else { return .promised(sum(offset + 12, size)) }
        let rest = UInt64(max(0, file.bytes - offset - 12))
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: rest >> (56 - 8 * UInt64($0))) }
        return .open(ByteView.Patch(offset: offset + 4, bytes: bytes))
      }
      guard size >= 0, size < start.count else { break }
      offset += 12 + size
    }
    return .unstated
  }

  /// NIST sphere: a text header of a stated length, then `sample_count · channel_count · sample_n_bytes`.
  private static func sphere(_ start: [UInt8]) -> ContainerLength {
    let lines = String(decoding: start.prefix(1024), as: UTF8.self).split(whereSeparator: \.isNewline)
    guard lines.count > 1, let header = Int(lines[1].filter { $0 != " " }) else { return .unstated }
    var fields: [Substring: Int] = [:]
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count == 3, words[1] == "-i" else { continue }
      fields[words[0]] = Int(words[2])
    }
    guard let samples = fields["sample_count"], let size = fields["sample_n_bytes"], samples > 0, size > 0
    else { return .unstated }
    let (frame, isHuge) = size.multipliedReportingOverflow(by: fields["channel_count"] ?? 1)
    let (values, overflow) = samples.multipliedReportingOverflow(by: frame)
    return .promised(isHuge || overflow ? .max : sum(header, values))
  }

  /// Ogg: where the last page would end, which decoders drop silently when it is not whole.
  private static func ogg(_ file: RegularFile) -> ContainerLength {
    let tailStart = max(0, file.bytes - 65_307)  // the longest page there can be
    let tail = file.bytes(at: tailStart, count: 65_307)
    guard let page = tail.indices.last(where: { tail[$0...].starts(with: "OggS".utf8) }) else {
      return .unstated
    }
    let head = tail[page...]
    let segments = head.count >= 27 ? Int(tail[page + 26]) : 0
    guard head.count >= 27 + segments, head.count >= 27 else { return .promised(file.bytes + 1) }
    let lengths = tail[(page + 27)..<(page + 27 + segments)]
    return .promised(tailStart + page + 27 + segments + lengths.reduce(0) { $0 + Int($1) })
  }

  /// FLAC counts its samples in the last 36 bits of the 18 bytes from the header's 10th on; 0 where it could not.
  private static func flac(_ start: [UInt8]) -> ContainerLength {
    guard start.count >= 26 else { return .unstated }
    return big(start, 18, 8) & 0xf_ffff_ffff == 0 ? .open(nil) : .unstated
  }
}
