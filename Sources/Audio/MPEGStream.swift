import CMPG123

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// MPEG audio (MP3 and the older layers) that libmpg123 decodes: a part of a file with a tag of its own, or none.
final class MPEGStream: SoundStream {
  let samplingRate: Int
  let channels: Int
  private let path: String
  private let decoder: MPEGDecoder

  init(_ path: String, _ view: ByteView, samplingRate: Int, channels: Int) throws(AudioError) {
    self.path = path
    (self.samplingRate, self.channels) = (samplingRate, channels)
    decoder = try MPEGDecoder(path, view, flags: MPG123_FORCE_FLOAT.rawValue | MPG123_GAPLESS.rawValue)
  }

  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int {
    guard let base = block.baseAddress else { return 0 }
    let frameBytes = channels * MemoryLayout<Float>.size
    let wanted = block.count / channels * frameBytes
    var done = 0
    while done < wanted {
      var got = 0
      let status = mpg123_read(decoder.handle, UnsafeMutableRawPointer(base) + done, wanted - done, &got)
      done += got
      if status == MPG123_DONE.rawValue { break }
      // The walk has cut the file wherever the format changes: only the first report is expected.
      guard status == MPG123_OK.rawValue || status == MPG123_NEW_FORMAT.rawValue else {
        throw AudioError.decoding(path: path, reason: decoder.reason)
      }
    }
    return done / frameBytes
  }
}

/// A handle of libmpg123 on a view of a file.
final class MPEGDecoder {
  let handle: OpaquePointer
  private let view: ByteView

  init(_ path: String, _ view: ByteView, flags: UInt32) throws(AudioError) {
    _ = MPEGDecoder.isReady
    var status: Int32 = 0
    guard let handle = mpg123_new(nil, &status) else {
      throw .decoding(path: path, reason: String(cString: mpg123_plain_strerror(status)))
    }
    self.handle = handle
    self.view = view
    let isSet = strata_mpg123_set(
      handle, Int32(MPG123_GAPLESS.rawValue), Int32(MPG123_QUIET.rawValue | flags))
    let isOpen = strata_mpg123_open(
      handle, view.pointer,
      { user, memory, count in
        guard let user, let memory else { return 0 }
        return ByteView.of(user).read(into: UnsafeMutableRawBufferPointer(start: memory, count: count))
      },
      { user, offset, whence in user.map { off_t(ByteView.of($0).seek(Int(offset), whence)) } ?? -1 })
    guard isSet == MPG123_OK.rawValue, isOpen == MPG123_OK.rawValue else {
      throw .decoding(path: path, reason: reason)
    }
  }

  deinit { mpg123_delete(handle) }

  var reason: String { String(cString: mpg123_strerror(handle)) }

  /// Older versions of the library must be told once that they will be used.
  private static let isReady = mpg123_init() == MPG123_OK.rawValue
}
