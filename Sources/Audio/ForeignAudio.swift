/// Audio that is recognised but not read here: what it is called, and the command that makes of it what is read.
enum ForeignAudio: String, Equatable, Sendable {
  case mp4 = "MP4 audio (m4a, usually AAC)"
  case adts = "AAC audio (ADTS)"
  case matroska = "a Matroska or WebM file"
  case asf = "Windows Media audio (wma)"
  case amr = "AMR audio"
  case shorten = "audio compressed by shorten"
  case sphereShorten = "a NIST sphere file compressed by shorten"
  case wavPack = "WavPack audio"
  case monkey = "Monkey's Audio"
  case trueAudio = "True Audio"

  /// Recognises it by the bytes at which the sound begins; `whole` is the file's beginning.
  init?(_ start: [UInt8], whole: [UInt8]) {
    func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
    if start.dropFirst(4).starts(with: "ftyp".utf8) {
      self = .mp4
      return
    }
    if start.starts(with: [0x1a, 0x45, 0xdf, 0xa3]) {
      self = .matroska
      return
    }
    if start.starts(with: [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]) {
      self = .asf
      return
    }
    // Where MPEG audio has its layer, ADTS has two zeros.
    if start.count >= 2, start[0] == 0xff, start[1] & 0xf6 == 0xf0 {
      self = .adts
      return
    }
    if begins("#!AMR") {
      self = .amr
      return
    }
    if begins("ajkg") {
      self = .shorten
      return
    }
    if begins("wvpk") {
      self = .wavPack
      return
    }
    if begins("MAC ") {
      self = .monkey
      return
    }
    if begins("TTA1") || begins("TTA2") {
      self = .trueAudio
      return
    }
    if begins("NIST_1A"), String(decoding: whole.prefix(1024), as: UTF8.self).contains("shorten") {
      self = .sphereShorten
      return
    }
    return nil
  }

  /// The command that converts `path`.
  func conversion(of path: String) -> String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let dot = path[slash...].lastIndex(of: ".") ?? path.endIndex
    let stem = path[..<dot]
    return switch self {
    case .sphereShorten: "sph2pipe -f wav '\(path)' '\(stem).wav'"
    default: "ffmpeg -i '\(path)' '\(stem).flac'"
    }
  }
}
