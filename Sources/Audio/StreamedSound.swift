/// The sound of a file that is read from it each time it is asked for, block after block, so that an hour takes no more
/// memory than a minute: the samples of `Waveform.read`, to the last bit.
///
/// ```swift
/// let sound = try StreamedSound("lecture.flac").resampled(to: 16_000)
/// try sound.slices([0..<960_000, 800_000..<1_760_000]) { number, samples in print(number, samples.count) }
/// ```
public struct StreamedSound: Sendable {
  /// The file.
  public let path: String
  /// The channel that is heard, counted from 0; the mean of all where nil.
  public let channel: Int?
  /// Samples a second.
  public let samplingRate: Int
  /// How many samples there are.
  public let count: Int
  private let fileRate: Int

  /// Decodes the file once, to its end.
  /// - Throws: `AudioError`, as `Waveform.read` does.
  public init(_ path: String, channel: Int? = nil) throws {
    let file = try AudioFile(path)
    var count = 0
    try file.decode(channel) { count += $0.count }
    let rate = file.header.samplingRate
    self.init(path, channel, samplingRate: rate, count: count, fileRate: rate)
  }

  private init(_ path: String, _ channel: Int?, samplingRate: Int, count: Int, fileRate: Int) {
    (self.path, self.channel) = (path, channel)
    (self.samplingRate, self.count, self.fileRate) = (samplingRate, count, fileRate)
  }

  /// The length in seconds.
  public var seconds: Double { Double(count) / Double(samplingRate) }

  /// All of it at once.
  /// - Throws: `AudioError`, where the file is no more what it was.
  public func waveform() throws -> Waveform {
    let whole = try Waveform.read(path, channel: channel)
    return samplingRate == fileRate ? whole : try whole.resampled(to: samplingRate)
  }

  /// The same file at another rate, as `Waveform.resampled(to:)` gives it. Only a sound as its file has it can be brought to
  /// another rate.
  /// - Throws: `AudioError` for a rate that is not positive, and a sound that would be too long.
  public func resampled(to rate: Int) throws -> StreamedSound {
    guard rate != samplingRate else { return self }
    precondition(samplingRate == fileRate, "a sound at \(samplingRate) Hz of a file at \(fileRate) Hz")
    return StreamedSound(
      path, channel, samplingRate: rate, count: try Resampler.length(of: count, from: fileRate, to: rate),
      fileRate: fileRate)
  }

  /// All samples, in order, a block at a time.
  /// - Throws: `AudioError`, where the file is no more what it was; what `body` throws.
  public func blocks(_ body: ([Float]) throws -> Void) throws {
    let file = try AudioFile(path)
    guard samplingRate != fileRate else { return try file.decode(channel, body) }
    let resampler = try Resampler(from: fileRate, to: samplingRate, length: count, quality: .high)
    try file.decode(channel) { block in try resampler.add(block) { try body(Array($0)) } }
    try resampler.finish { try body(Array($0)) }
  }

  /// The samples of `ranges`, whose starts and ends do not fall, each with its number.
  /// - Throws: As `blocks`.
  public func slices(_ ranges: [Range<Int>], _ body: (Int, [Float]) throws -> Void) throws {
    var buffer: [Float] = []
    var (start, next) = (0, 0)
    try blocks { block in
      buffer += block
      while next < ranges.count, ranges[next].upperBound <= start + buffer.count {
        let range = ranges[next]
        try body(next, Array(buffer[(range.lowerBound - start)..<(range.upperBound - start)]))
        next += 1
      }
      // Nothing is needed of what lies before the next.
      let past = min((next < ranges.count ? ranges[next].lowerBound : .max) - start, buffer.count)
      buffer.removeFirst(past)
      start += past
    }
    precondition(next == ranges.count, "a slice to \(ranges.last?.upperBound ?? 0) of \(count) samples")
  }

  /// What brings it to zero mean and unit variance, as `Waveform.normalised(epsilon:)` does.
  /// - Throws: As `blocks`.
  public func normalisation(epsilon: Double = 1e-7) throws -> Normalisation {
    try Normalisation(epsilon: epsilon) { try blocks($0) }
  }
}
