import CSndFile
import Synchronization

/// A file, or a part of it, that libsndfile decodes.
final class SoundFileStream: SoundStream {
  let samplingRate: Int
  let channels: Int
  /// Samples in each channel; nil where the container does not say.
  let frames: Int?
  /// The container's name.
  let format: String
  private let handle: OpaquePointer
  private let view: ByteView?

  /// libsndfile keeps the reason of a failed open in one place for the whole process.
  private static let opening = Mutex<Void>(())

  /// Opens `path`, or what `view` shows of it. Throws `AudioError.notAudio` with libsndfile's own words, and
  /// `.headerless` where a name such as `x.au` made it take anything for samples.
  init(_ path: String, view: ByteView? = nil, looksLike: String) throws(AudioError) {
    var info = SF_INFO()
    var virtual = SoundFileStream.virtualFile
    let (address, reason) = SoundFileStream.opening.withLock { _ -> (Int, String) in
      let opened =
        view.map { sf_open_virtual(&virtual, Int32(SFM_READ), &info, $0.pointer) }
        ?? sf_open(path, Int32(SFM_READ), &info)
      return (Int(bitPattern: opened), opened == nil ? String(cString: sf_strerror(nil)) : "")
    }
    guard let opened = OpaquePointer(bitPattern: address) else {
      throw .notAudio(path: path, looksLike: "\(looksLike) (libsndfile: \(reason))")
    }
    handle = opened
    self.view = view
    samplingRate = Int(info.samplerate)
    channels = Int(info.channels)
    frames = info.frames == Int64.max ? nil : Int(info.frames)
    format = SoundFileStream.name(ofFormat: info.format)
    guard Int(info.format) & Int(SF_FORMAT_TYPEMASK) != Int(SF_FORMAT_RAW) else {
      throw .headerless(path: path)
    }
  }

  deinit { sf_close(handle) }

  func read(into block: UnsafeMutableBufferPointer<Float>) -> Int {
    guard let base = block.baseAddress, channels > 0 else { return 0 }
    return max(0, Int(sf_readf_float(handle, base, sf_count_t(block.count / channels))))
  }

  private static var virtualFile: SF_VIRTUAL_IO {
    SF_VIRTUAL_IO(
      get_filelen: { $0.map { sf_count_t(ByteView.of($0).count) } ?? 0 },
      seek: { offset, whence, user in
        user.map { sf_count_t(ByteView.of($0).seek(Int(offset), whence)) } ?? -1
      },
      read: { memory, count, user in
        guard let user, let memory, count > 0 else { return 0 }
        return sf_count_t(
          ByteView.of(user).read(into: UnsafeMutableRawBufferPointer(start: memory, count: Int(count))))
      },
      write: { _, _, _ in 0 },
      tell: { $0.map { sf_count_t(ByteView.of($0).position) } ?? 0 })
  }

  private static func name(ofFormat format: Int32) -> String {
    var info = SF_FORMAT_INFO()
    info.format = format & Int32(bitPattern: UInt32(SF_FORMAT_TYPEMASK))
    let status = sf_command(
      nil, Int32(SFC_GET_FORMAT_INFO), &info, Int32(MemoryLayout<SF_FORMAT_INFO>.size))
    guard status == 0, let name = info.name else { return "unknown" }
    // libsndfile's names carry the vendor in brackets: "WAV (Microsoft)".
    return String(cString: name).split(separator: " (").first.map(String.init) ?? "unknown"
  }
}
