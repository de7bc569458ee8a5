import Activations
import Files
import Foundation
import Probing
import Synchronization

/// The finished fits of one probe study in one file, one after the other.
///
/// A fit is appended in one piece, behind its sizes and the checksum of its bytes; reading ends at the first that is not
/// whole, as where a run was killed, and what comes after is written over it. So many fits in one file and not in files
/// of their own are kind to the file systems of clusters.
final class FitLog: FitCache {
  private struct State {
    var places: [String: Range<Int>] = [:]
    var end = 0
    /// Nil once something could not be written: the disk is full, and what comes is not kept.
    var file: FileHandle?
  }

  /// Before every fit, with the form's version.
  private static let mark = Array("StrFit1\n".utf8)
  private static let headerSize = 8 + 8 + 8 + 32
  private let state = Mutex(State())
  private let path: String

  /// Opens or makes the file at `path`. Throws `FileError.writeFailed`.
  init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FileError.writeFailed(path: path, reason: systemReason(errno))
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let (places, end) = Self.scan(file)
    try? file.truncate(atOffset: UInt64(end))
    state.withLock { $0 = State(places: places, end: end, file: file) }
  }

  /// The whole fits from the beginning, and where they end.
  private static func scan(_ file: FileHandle) -> (places: [String: Range<Int>], end: Int) {
    var (places, end): ([String: Range<Int>], Int) = ([:], 0)
    while let header = bytes(of: file, at: end..<(end + headerSize)), Array(header.prefix(8)) == mark {
      let sizes = header.withUnsafeBytes { bytes in
        [8, 16].map {
          Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self).littleEndian)
        }
      }
      guard sizes.allSatisfy({ (0...(1 << 40)).contains($0) }),
        let content = bytes(of: file, at: (end + headerSize)..<(end + headerSize + sizes[0] + sizes[1])),
        checksum(content) == Array(header.suffix(32))
      else { break }
      let start = end + headerSize + sizes[0]
      places[String(decoding: content.prefix(sizes[0]), as: UTF8.self)] = start..<(start + sizes[1])
      end = start + sizes[1]
    }
    return (places, end)
  }

  /// Nil where the file is shorter.
  private static func bytes(of file: FileHandle, at range: Range<Int>) -> Data? {
    guard (try? file.seek(toOffset: UInt64(range.lowerBound))) != nil,
      let data = try? file.read(upToCount: range.count), data.count == range.count
    else { return nil }
    return data
  }

  private static func checksum(_ data: Data) -> [UInt8] {
    Array(data.withUnsafeBytes { ContentHasher.hexadecimal(of: $0) }.utf8)
  }

  func fit(for key: String) -> Data? {
    state.withLock { state in
      guard let range = state.places[key], let file = state.file else { return nil }
      return range.isEmpty ? Data() : Self.bytes(of: file, at: range)
    }
  }

  func keep(_ fit: Data, for key: String) {
    var record = Data(Self.mark)
    for size in [key.utf8.count, fit.count] {
      withUnsafeBytes(of: UInt64(size).littleEndian) { record.append(contentsOf: $0) }
    }
    let content = Data(key.utf8) + fit
    record += Self.checksum(content)
    record += content
    state.withLock { state in
      guard let file = state.file else { return }
      do {
        try file.seek(toOffset: UInt64(state.end))
        try file.write(contentsOf: record)
        state.places[key] = (state.end + record.count - fit.count)..<(state.end + record.count)
        state.end += record.count
      } catch {
        try? file.truncate(atOffset: UInt64(state.end))
        state.file = nil
      }
    }
  }
}

extension LayerStudy {
  /// Where the fits of a probe study are kept; nil without a work folder. A file's name is a hash of all that its fits hang
  /// on: what was extracted, of which sound, the spans with what is read off them, splits, definition and seed.
  func fitLog(
    of probe: ProbeSpec, _ targeted: ProbeDataset, _ trained: Extraction, _ twins: [Extraction]
  ) throws -> FitLog? {
    guard let workFolder else { return nil }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var hash = TextHash()
    hash.add("fits 1 \(Release.version) \(seed) \(twinSeeds) \(corpus.fingerprint)")
    hash.add(String(decoding: try encoder.encode(probe), as: UTF8.self))
    if let dimensions { hash.add("\(dimensions) principal components") }
    for extraction in [trained] + twins {
      hash.add(extraction.key)
      for content in extraction.contents { hash.add(content ?? "-") }
    }
    let examples = targeted.examples
    hash.add((examples.classes + examples.types + examples.speakers).joined(separator: "\u{0}"))
    for item in examples.items {
      hash.add("\(item.label) \(item.type) \(item.utterance) \(item.speaker) \(item.start) \(item.end)")
    }
    for value in targeted.numbers?.values ?? [] { hash.add(String(value.bitPattern, radix: 16)) }
    for times in targeted.boundaries ?? [] { hash.add("\(times)") }
    try ResultFolder.makeFolder(workFolder)
    let path = "\(workFolder)/fits-\(probe.name)-\(hash.text).log"
    work.add([path], in: workFolder)
    return try FitLog(path)
  }
}
