import Tensors

/// The links of an Ogg file: streams that follow one another, as when files were joined or a radio's programme was
/// recorded. A decoder that opens the file reads the first one only.
enum OggLinks {
  /// Where each link lies. A link begins with the first of its pages that begin a stream.
  static func ranges(in file: RegularFile) -> [Range<Int>] {
    var starts = [0]
    var (offset, beganStream) = (0, true)
    while offset + 27 <= file.bytes {
      let head = file.bytes(at: offset, count: 27 + 255)
      guard head.count >= 27, head.starts(with: "OggS".utf8), head.count >= 27 + Int(head[26]) else {
        break
      }
      let beginsStream = head[5] & 2 != 0
      if beginsStream && !beganStream { starts.append(offset) }
      beganStream = beginsStream
      offset += 27 + Int(head[26]) + head[27..<(27 + Int(head[26]))].reduce(0) { $0 + Int($1) }
    }
    return zip(starts, starts.dropFirst() + [file.bytes]).map { $0..<$1 }
  }
}
