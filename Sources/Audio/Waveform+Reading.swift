import CSndFile
import Synchronization

extension Waveform {
  /// Reads a file of any sampling rate: wav, flac, ogg, mp3, aiff, au, NIST sphere, by content and not by
  /// name. Several channels become their mean.
  ///
  /// Memory follows what is really decoded, not what the header claims. Throws `AudioError` where the file
  /// is missing, is no audio, is empty, is cut off, is longer than `sampleLimit` or holds a sample that is
  /// not finite.
  public static func read(_ path: String) throws -> Waveform {
    let file = try AudioFile(path)
    return Waveform(samples: try file.decode(), samplingRate: file.header.samplingRate)
  }

  /// The same, resampled to `samplingRate` (`resampled(to:)`).
  public static func read(_ path: String, at samplingRate: Int) throws -> Waveform {
    try read(path).resampled(to: samplingRate)
  }

  /// A file's length, rate and channels, without decoding it.
  public static func header(_ path: String) throws -> AudioHeader {
    try AudioFile(path).header
  }
}

/// One open file of libsndfile, closed when the last reference goes.
private final class AudioFile {
  let header: AudioHeader
  private let path: String
  private let handle: OpaquePointer

  /// libsndfile keeps the reason of a failed open in one place for the whole process.
  private static let opening = Mutex<Void>(())

  init(_ path: String) throws {
    self.path = path
    let container = try ContainerStart(path)
    // libsndfile takes a cut file for a shorter one; the container's own length tells.
    if let promised = container.promisedBytes, promised > container.bytes {
      throw AudioError.truncated(path: path, expected: promised, found: container.bytes, unit: "bytes")
    }
    // Not even tried: with a name such as `x.mp3` a decoder would search text for frames, loudly.
    guard !container.isText else {
      throw AudioError.notAudio(path: path, looksLike: container.looksLike)
    }
    var info = SF_INFO()
    let opened: OpaquePointer? = AudioFile.opening.withLock { _ in sf_open(path, Int32(SFM_READ), &info) }
    guard let opened else {
      throw AudioError.notAudio(path: path, looksLike: container.looksLike)
    }
    handle = opened
    header = AudioHeader(
      frames: info.frames == Int64.max ? nil : Int(info.frames), samplingRate: Int(info.samplerate),
      channels: Int(info.channels), format: AudioFile.name(ofFormat: info.format))
    // A name such as `x.au` makes libsndfile read anything as headerless samples.
    guard Int(info.format) & Int(SF_FORMAT_TYPEMASK) != Int(SF_FORMAT_RAW) else {
      throw AudioError.headerless(path: path)
    }
    try check()
  }

  deinit { sf_close(handle) }

  private func check() throws {
    guard header.samplingRate > 0, header.samplingRate <= Waveform.rateLimit else {
      throw AudioError.impossibleHeader(path: path, what: "a sampling rate of \(header.samplingRate) Hz")
    }
    guard header.channels > 0 else {
      throw AudioError.impossibleHeader(path: path, what: "\(header.channels) channels")
    }
    guard let frames = header.frames else { return }
    guard frames >= 0 else {
      throw AudioError.impossibleHeader(path: path, what: "a length of \(frames) samples")
    }
    let (values, overflow) = frames.multipliedReportingOverflow(by: header.channels)
    guard !overflow, values <= Waveform.sampleLimit else {
      throw AudioError.tooLong(
        path: path, samples: overflow ? Int.max : values, limit: Waveform.sampleLimit)
    }
  }

  /// Every sample, channels averaged.
  func decode() throws -> [Float] {
    let channels = header.channels
    let blockFrames = max(1, (1 << 16) / channels)
    var block = [Float](repeating: 0, count: blockFrames * channels)
    var samples: [Float] = []
    // A lying header reserves no more than a minute or so.
    samples.reserveCapacity(min(header.frames ?? 0, 1 << 20))
    while true {
      let got = block.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { Int(sf_readf_float(handle, $0, sf_count_t(blockFrames))) } ?? 0
      }
      guard got > 0 else { break }
      guard (samples.count + got) * channels <= Waveform.sampleLimit else {
        throw AudioError.tooLong(
          path: path, samples: (samples.count + got) * channels, limit: Waveform.sampleLimit)
      }
      if channels == 1 {
        samples.append(contentsOf: block[..<got])
      } else {
        let scale = 1 / Float(channels)
        for frame in 0..<got {
          var sum: Float = 0
          for channel in 0..<channels { sum += block[frame * channels + channel] }
          samples.append(sum * scale)
        }
      }
    }
    guard !samples.isEmpty else { throw AudioError.noSamples(path: path) }
    if let frames = header.frames, samples.count < frames {
      throw AudioError.truncated(path: path, expected: frames, found: samples.count, unit: "samples")
    }
    if let bad = samples.firstIndex(where: { !$0.isFinite }) {
      throw AudioError.nonFinite(
        path: path, sample: bad, seconds: Double(bad) / Double(header.samplingRate))
    }
    return samples
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
