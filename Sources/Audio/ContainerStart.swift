import Foundation
import Tensors

/// The first bytes of a file: what it is, and how long it says it is.
struct ContainerStart {
  enum Kind: Equatable {
    case ogg
    /// MPEG audio by its first frame, or only by its name.
    case mpeg(certain: Bool)
    /// Audio of a kind that is not read here.
    case foreign(ForeignAudio)
    case text
    /// What libsndfile reads or refuses.
    case other
  }

  let kind: Kind
  /// The file's length.
  let bytes: Int
  /// The length that the container's header promises, where it is one that says so.
  private(set) var promisedBytes: Int?
  /// Whether the header leaves open how long the sound is.
  private(set) var isOpenEnded = false
  /// A length that libsndfile must be told, since the writer could not know it.
  private(set) var patch: ByteView.Patch?
  /// A few words on the content, for the message of a file that cannot be read.
  let looksLike: String

  init(_ file: RegularFile) throws(AudioError) {
    bytes = file.bytes
    guard bytes > 0 else { throw .noBytes(path: file.path) }
    let start = file.bytes(at: 0, count: 1 << 16)
    kind = ContainerStart.kind(start, file)
    looksLike = ContainerStart.describe(start, isText: kind == .text)
    switch ContainerLength(start, file) {
    case .unstated: break
    case .promised(let length): promisedBytes = length
    case .open(let patch):
      isOpenEnded = true
      self.patch = patch
    }
  }

  private static func kind(_ start: [UInt8], _ file: RegularFile) -> Kind {
    if start.starts(with: "OggS".utf8) { return .ogg }
    let isTagged = start.starts(with: "ID3".utf8)
    let sound = isTagged ? file.bytes(at: tagLength(start), count: 16) : Array(start.prefix(16))
    if let foreign = ForeignAudio(sound, whole: start) { return .foreign(foreign) }
    if isText(start) { return .text }
    if isMPEG(sound) || (isTagged && !sound.starts(with: "fLaC".utf8)) { return .mpeg(certain: true) }
    let ending = file.path.split(separator: ".").last?.lowercased() ?? ""
    let isUnknown = !magics.contains { start.starts(with: $0.magic.utf8) }
    return isUnknown && ["mp3", "mp2", "mpga"].contains(ending) ? .mpeg(certain: false) : .other
  }

  /// The length of an ID3 tag at the beginning: its size is written in groups of seven bits.
  private static func tagLength(_ start: [UInt8]) -> Int {
    guard start.count >= 10 else { return start.count }
    return 10 + start[6..<10].reduce(0) { $0 << 7 | Int($1 & 0x7f) }
  }

  /// Whether a frame's header stands there: twelve bits of ones (eleven in version 2.5), a layer, a rate.
  private static func isMPEG(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 4, bytes[0] == 0xff, bytes[1] & 0xe0 == 0xe0 else { return false }
    let (version, layer) = (bytes[1] >> 3 & 3, bytes[1] >> 1 & 3)
    return version != 1 && layer != 0 && bytes[2] >> 4 != 15 && bytes[2] >> 2 & 3 != 3
  }

  private static func isText(_ start: [UInt8]) -> Bool {
    !start.starts(with: "NIST_1A".utf8)  // whose header is text
      && start.prefix(512).allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
  }

  private static let magics: [(magic: String, name: String)] = [
    ("PK", "it is a zip archive"), ("%PDF", "it is a PDF"), ("\u{7f}ELF", "it is a program"),
    ("RIFF", "it starts as a RIFF file but its parts are damaged or of an unknown encoding"),
    ("fLaC", "it starts as a FLAC file but its header is damaged"),
    ("OggS", "it starts as an Ogg file but holds no stream that is known"),
    ("FORM", "it starts as an AIFF file but its parts are damaged"),
    ("NIST_1A", "it is a NIST sphere file in an encoding that cannot be read"),
    ("caff", "it starts as a CAF file but its parts are damaged or of an unknown encoding"),
    (".snd", "it starts as an au file but its header is damaged"),
    ("RF64", "it starts as an RF64 file but its parts are damaged"),
    ("riff", "it starts as a Wave64 file but its parts are damaged"),
  ]

  private static func describe(_ start: [UInt8], isText: Bool) -> String {
    if let match = magics.first(where: { start.starts(with: $0.magic.utf8) }) { return match.name }
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
