/// What can be wrong with a recording or with what is asked of it; every message names the file, what was
/// found, what was expected and what to do.
public enum AudioError: Error, Equatable, CustomStringConvertible, Sendable {
  /// There is no such file.
  case missing(path: String)
  /// A symbolic link to what is not there.
  case brokenLink(path: String, target: String)
  /// The path is a folder, or a pipe or device, which may never end; `kind` says which.
  case notAFile(path: String, kind: String)
  /// The system does not let it be read.
  case unreadable(path: String, reason: String)
  /// The file has no bytes at all.
  case noBytes(path: String)
  /// The bytes are not a format that is understood, whatever the name says.
  case notAudio(path: String, looksLike: String)
  /// Audio of a kind that is recognised but not read; `command` makes of it what is.
  case unsupported(path: String, format: String, command: String)
  /// A decoder gave up.
  case decoding(path: String, reason: String)
  /// Parts that were joined and do not fit one another.
  case formatChanges(path: String, from: String, to: String)
  /// A channel, counted from 0, that the recording does not have.
  case noChannel(path: String, asked: Int, channels: Int)
  /// The file has no header, so its sampling rate and encoding would be guesses.
  case headerless(path: String)
  /// A header that describes no possible recording, such as one with a rate of 0 Hz.
  case impossibleHeader(path: String, what: String)
  /// A header without a single sample behind it.
  case noSamples(path: String)
  /// Fewer samples, or bytes, than the header promises.
  case truncated(path: String, expected: Int, found: Int, unit: String)
  /// More than `limit` samples: nothing was allocated.
  case tooLong(path: String, samples: Int, limit: Int)
  /// A sample that is NaN or infinite.
  case nonFinite(path: String, sample: Int, seconds: Double)
  /// A sampling rate that nothing can be resampled to or from.
  case impossibleRate(from: Int, to: Int)
  /// Resampling would give more than `limit` samples.
  case resampledTooLong(samples: Int, limit: Int)
  /// libsoxr refused.
  case resampling(from: Int, to: Int, reason: String)

  public var description: String {
    switch self {
    case .missing(let path):
      "\(path): there is no such audio file; check the path"
    case .brokenLink(let path, let target):
      "\(path) is a link to \(target), which is not there; mend the link or copy the file"
    case .notAFile(let path, let kind):
      "\(path) is \(kind), not a file; name one audio file"
    case .unreadable(let path, let reason):
      "\(path) cannot be read: \(reason)"
    case .unsupported(let path, let format, let command):
      "\(path) is \(format), which is not read here; convert it with `\(command)`"
    case .decoding(let path, let reason):
      "\(path) cannot be decoded: \(reason); export it again"
    case .formatChanges(let path, let from, let to):
      "\(path) is joined of parts that differ: \(from), then \(to); convert them to one format before joining"
    case .noChannel(let path, let asked, let channels):
      "\(path) has \(channels == 1 ? "1 channel" : "\(channels) channels"); there is no channel "
        + (asked == .max ? "\(asked)" : "\(asked + 1), counted from 1")
    case .noBytes(let path):
      "\(path) is empty (0 bytes); copy or record it again"
    case .notAudio(let path, let looksLike):
      "\(path) is not an audio file that can be read: \(looksLike). Expected wav, flac, ogg, opus, mp3, "
        + "aiff, au, caf, w64, rf64 or NIST sphere; convert it, for instance with `ffmpeg -i IN OUT.wav`"
    case .headerless(let path):
      "\(path) has no header, so its sampling rate and encoding would be guesses; convert it to wav, "
        + "for instance with `sox -r 16000 -b 16 -e signed -c 1 -t raw IN OUT.wav`"
    case .impossibleHeader(let path, let what):
      "\(path): the header is impossible: \(what); the file is damaged, export it again"
    case .noSamples(let path):
      "\(path) has a header but no samples; record or export it again"
    case .truncated(let path, let expected, let found, let unit):
      "\(path) is cut off: the header promises \(expected) \(unit), the file holds \(found); copy it again, "
        + "or save it anew with an audio editor to accept the shorter version"
    case .tooLong(let path, let samples, let limit):
      "\(path) would be \(samples) samples over all channels, the most that is read at once is \(limit); "
        + "cut it into shorter files"
    case .nonFinite(let path, let sample, let seconds):
      "\(path): sample \(sample) (at \(seconds) s) is not a number or infinite; export the file again"
    case .impossibleRate(let from, let to):
      "cannot resample from \(from) Hz to \(to) Hz: rates must lie between 1 and \(Waveform.rateLimit) Hz"
    case .resampledTooLong(let samples, let limit):
      "resampling would give \(samples) samples, the most that is held is \(limit); cut the audio first"
    case .resampling(let from, let to, let reason):
      "resampling from \(from) Hz to \(to) Hz failed in libsoxr: \(reason)"
    }
  }
}
