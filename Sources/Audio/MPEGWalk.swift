import CMPG123
import Tensors

/// What lies in a file of MPEG audio, from its frames and not from an estimate: every frame is looked at, none is
/// decoded.
///
/// A tag (`Xing` or `Info`, with LAME's extension) says how many frames follow and how many samples of them are the
/// encoder's delay and padding. Where a second tag stands, more frames come than the first one counts, or the format
/// changes, another part begins: files that were joined are read one after the other, each with its own delay removed.
struct MPEGWalk {
  struct Part {
    var range: Range<Int>
    /// Frames of sound, without the tag's own.
    var frames = 0
    let samplesPerFrame: Int
    let samplingRate: Int
    let channels: Int
    var tag: MPEGTag?

    /// Samples that decoding gives: libmpg123 removes what the tag says, and with it the delay of a decoder.
    var samples: Int {
      let all = frames * samplesPerFrame
      guard let tag, let count = tag.frames else { return all }
      let begin = tag.delay + MPEGWalk.decoderDelay
      let end = min(all, count * samplesPerFrame - tag.padding + MPEGWalk.decoderDelay)
      return max(0, end - begin)
    }

    /// Samples that the tag promises; encoders do not agree on whether its own frame counts.
    var promisedSamples: Int? {
      guard let count = tag?.frames, frames + 1 < count else { return nil }
      return count * samplesPerFrame
    }
  }

  /// By how many samples every decoder of layer 3 is late.
  static let decoderDelay = 529

  private(set) var parts: [Part] = []
  /// Whether the file ends within a frame, which is not decoded.
  private(set) var endsInFrame = false
  /// Bytes of all frames.
  private(set) var frameBytes = 0

  init(_ file: RegularFile) throws(AudioError) {
    let decoder = try MPEGDecoder(
      file.path, ByteView(file), flags: MPG123_IGNORE_INFOFRAME.rawValue)
    var format: UInt32?
    var end = 0
    while true {
      let status = mpg123_framebyframe_next(decoder.handle)
      guard status == MPG123_OK.rawValue || status == MPG123_NEW_FORMAT.rawValue else { break }
      var header: UInt = 0
      var memory: UnsafeMutablePointer<UInt8>?
      var count = 0
      guard mpg123_framedata(decoder.handle, &header, &memory, &count) == MPG123_OK.rawValue else { break }
      let body = UnsafeBufferPointer(start: memory, count: count)
      let offset = Int(mpg123_framepos(decoder.handle))
      end = offset + 4 + count
      frameBytes += 4 + count
      let key = MPEGWalk.format(UInt32(truncatingIfNeeded: header))
      let tag = MPEGTag(body, header: UInt32(truncatingIfNeeded: header))
      let isFull = parts.last.map { part in part.tag?.frames.map { $0 <= part.frames } ?? false } ?? false
      if key != format || tag != nil || isFull {
        var (rate, channels) = (0, Int32(0))
        guard strata_mpg123_format(decoder.handle, &rate, &channels) == MPG123_OK.rawValue else {
          throw .decoding(path: file.path, reason: decoder.reason)
        }
        if let last = parts.indices.last { parts[last].range = parts[last].range.lowerBound..<offset }
        // libmpg123 leaves out a tag of its own kind, and takes Fraunhofer's for a frame of silence.
        let start = tag?.isFraunhofer == true ? end : parts.isEmpty ? 0 : offset
        parts.append(
          Part(
            range: start..<max(start, file.bytes), samplesPerFrame: Int(mpg123_spf(decoder.handle)),
            samplingRate: rate, channels: Int(channels), tag: tag))
        format = key
      }
      if tag == nil { parts[parts.count - 1].frames += 1 }
    }
    let rest = file.bytes(at: end, count: 2)
    endsInFrame = rest.count == 2 && rest[0] == 0xff && rest[1] & 0xe0 == 0xe0
    parts.removeAll { $0.frames == 0 }
  }

  /// What of a frame's header must not change within a part: version, layer, rate, and whether it is mono.
  private static func format(_ header: UInt32) -> UInt32 {
    header & 0xfffe_0c00 | (header >> 6 & 3 == 3 ? 1 : 0)
  }
}

/// The frame without sound at the beginning of an encoder's file, which says how long it is.
struct MPEGTag: Equatable {
  /// How many frames of sound follow, where it says.
  var frames: Int?
  /// Samples that the encoder put before and after the sound; 0 where it does not say.
  var delay = 0
  var padding = 0
  var isFraunhofer = false

  /// Whether the sound's beginning is known.
  var tellsDelay: Bool { frames != nil && (delay > 0 || padding > 0) }

  /// Reads it from a frame's bytes after its header; nil where it is a frame of sound.
  init?(_ body: UnsafeBufferPointer<UInt8>, header: UInt32) {
    let (isVersion1, isMono) = (header >> 19 & 1 == 1, header >> 6 & 3 == 3)
    let side = isVersion1 ? (isMono ? 17 : 32) : (isMono ? 9 : 17)
    if body.count >= 36, body[32..<36].elementsEqual("VBRI".utf8) {
      isFraunhofer = true
      return
    }
    guard body.count >= side + 8, body[2..<side].allSatisfy({ $0 == 0 }) else { return nil }
    let name = body[side..<(side + 4)]
    guard name.elementsEqual("Xing".utf8) || name.elementsEqual("Info".utf8) else { return nil }
    var place = side + 4
    func number() -> Int? {
      guard place + 4 <= body.count else { return nil }
      defer { place += 4 }
      return body[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    guard let flags = number() else { return nil }
    if flags & 1 != 0 { frames = number().flatMap { $0 > 0 ? $0 : nil } }
    if flags & 2 != 0 { place += 4 }
    if flags & 4 != 0 { place += 100 }
    if flags & 8 != 0 { place += 4 }
    guard place + 24 <= body.count else { return }
    delay = Int(body[place + 21]) << 4 | Int(body[place + 22]) >> 4
    padding = Int(body[place + 22] & 0xf) << 8 | Int(body[place + 23])
  }
}
