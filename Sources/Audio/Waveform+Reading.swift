import Tensors

extension Waveform {
  /// Reads a file of any sampling rate: wav, flac, ogg, opus, mp3, aiff, au, caf, w64, rf64, NIST sphere, by content and
  /// not by name. Of several channels it is `channel`, counted from 0, or the mean of all where that is nil.
  ///
  /// All of the file is read, also where it is joined of several, or was written into a pipe and does not say how long it
  /// is. Memory follows what is really decoded, not what the header claims. Throws `AudioError` where the file
  /// is missing, is no audio, is empty, is cut off, is longer than `sampleLimit`, has no such channel or holds a sample
  /// that is not finite.
  public static func read(_ path: String, channel: Int? = nil) throws -> Waveform {
    let file = try AudioFile(path)
    return Waveform(samples: try file.decode(channel), samplingRate: file.header.samplingRate)
  }

  /// The same, resampled to `samplingRate` (`resampled(to:)`).
  /// - Throws: `AudioError`, as reading all of it does.
  public static func read(
    _ path: String, channel: Int? = nil, at samplingRate: Int
  ) throws -> Waveform {
    try read(path, channel: channel).resampled(to: samplingRate)
  }

  /// A file's length, rate and channels, and what it cannot tell. Only a stream of unknown length is decoded for it.
  /// - Throws: `AudioError` where the file is missing or no audio.
  public static func header(_ path: String) throws -> AudioHeader {
    try AudioFile(path).countedHeader()
  }

  /// How much a recording's channels have in common; nil where it has one.
  /// - Throws: `AudioError`, as reading it does.
  public static func compareChannels(_ path: String) throws -> ChannelComparison? {
    try AudioFile(path).compareChannels()
  }
}

/// One file of audio, with the decoders for its parts.
struct AudioFile {
  let header: AudioHeader
  private let path: String
  private let parts: [SoundPart]
  /// What was promised before more frames were looked for, in samples; nil where all that was promised is there.
  private let missing: (expected: Int, found: Int)?

  init(_ path: String) throws {
    self.path = path
    let file = try RegularFile.audio(path)
    let start = try ContainerStart(file)
    // libsndfile takes a cut file for a shorter one; the container's own length tells.
    if let promised = start.promisedBytes, promised > start.bytes {
      throw AudioError.truncated(path: path, expected: promised, found: start.bytes, unit: "bytes")
    }
    var notes: [AudioNote] = start.isOpenEnded ? [.unknownLength] : []
    var format = "MPEG-1/2 Audio"
    switch start.kind {
    case .foreign(let foreign):
      throw AudioError.unsupported(
        path: path, format: foreign.rawValue, command: foreign.conversion(of: path))
    case .text:
      throw AudioError.notAudio(path: path, looksLike: start.looksLike)
    case .mpeg(let certain):
      let walk = try AudioFile.walk(file, certain: certain, looksLike: start.looksLike)
      (parts, missing) = (walk.parts.map { AudioFile.part($0, file) }, AudioFile.missing(walk))
      if walk.endsInFrame { notes.append(.endsInFrame) }
      if let part = walk.parts.first, part.tag?.tellsDelay != true {
        notes.append(.unknownDelay(samplingRate: part.samplingRate))
      }
    case .ogg, .other:
      let links = start.kind == .ogg ? OggLinks.ranges(in: file) : []
      let views =
        links.count > 1
        ? links.map { ByteView(file, $0) } : [start.patch.map { ByteView(file, patches: [$0]) }]
      let streams = try views.map { try SoundFileStream(path, view: $0, looksLike: start.looksLike) }
      format = streams[0].format
      missing = nil
      parts = streams.map { stream in
        SoundPart(
          samplingRate: stream.samplingRate, channels: stream.channels, frames: stream.frames,
          open: { stream })
      }
    }
    if parts.count > 1 { notes.append(.joined(parts: parts.count)) }
    header = try AudioFile.header(path, parts, format, notes)
  }

  private static func walk(_ file: RegularFile, certain: Bool, looksLike: String) throws -> MPEGWalk {
    let walk = try MPEGWalk(file)
    // Noise holds a frame now and then; a file of that name holds mostly frames.
    guard !walk.parts.isEmpty, certain || 2 * walk.frameBytes >= file.bytes else {
      throw AudioError.notAudio(path: file.path, looksLike: looksLike)
    }
    return walk
  }

  private static func part(_ part: MPEGWalk.Part, _ file: RegularFile) -> SoundPart {
    SoundPart(samplingRate: part.samplingRate, channels: part.channels, frames: part.samples) {
      try MPEGStream(
        file.path, ByteView(file, part.range), samplingRate: part.samplingRate, channels: part.channels)
    }
  }

  private static func missing(_ walk: MPEGWalk) -> (expected: Int, found: Int)? {
    guard let part = walk.parts.first(where: { $0.promisedSamples != nil }) else { return nil }
    return part.promisedSamples.map { ($0, part.frames * part.samplesPerFrame) }
  }

  /// The parts' common header. Throws where they have none, or what they say is impossible.
  private static func header(
    _ path: String, _ parts: [SoundPart], _ format: String, _ notes: [AudioNote]
  ) throws(AudioError) -> AudioHeader {
    let (rate, channels) = (parts[0].samplingRate, parts[0].channels)
    guard rate > 0, rate <= Waveform.rateLimit else {
      throw .impossibleHeader(path: path, what: "a sampling rate of \(rate) Hz")
    }
    guard channels > 0 else { throw .impossibleHeader(path: path, what: "\(channels) channels") }
    if let other = parts.first(where: { $0.samplingRate != rate || $0.channels != channels }) {
      throw .formatChanges(
        path: path, from: "\(rate) Hz, \(channels) channels",
        to: "\(other.samplingRate) Hz, \(other.channels) channels")
    }
    var frames: Int? = 0
    for part in parts {
      if let count = part.frames, count < 0 {
        throw .impossibleHeader(path: path, what: "a length of \(count) samples")
      }
      frames = frames.flatMap { sum in
        part.frames.map { sum.addingReportingOverflow($0) }.map { $0.overflow ? .max : $0.partialValue }
      }
    }
    if let frames { try check(frames, channels, path) }
    return AudioHeader(frames: frames, samplingRate: rate, channels: channels, format: format, notes: notes)
  }

  private static func check(_ frames: Int, _ channels: Int, _ path: String) throws(AudioError) {
    let (values, overflow) = frames.multipliedReportingOverflow(by: channels)
    guard !overflow, values <= Waveform.sampleLimit else {
      throw .tooLong(path: path, samples: overflow ? .max : values, limit: Waveform.sampleLimit)
    }
  }
}

extension AudioFile {
  /// Every sample of the channel, or of the channels' mean.
  func decode(_ channel: Int?) throws -> [Float] {
    var samples: [Float] = []
    // A lying header reserves no more than a minute or so.
    samples.reserveCapacity(min(header.frames ?? 0, 1 << 20))
    try decode(channel) { samples.append(contentsOf: $0) }
    return samples
  }

  /// The same, block after block.
  func decode(_ channel: Int?, _ body: ([Float]) throws -> Void) throws {
    if let channel, !(0..<header.channels).contains(channel) {
      throw AudioError.noChannel(path: path, asked: channel, channels: header.channels)
    }
    let mixer = ChannelMixer(channels: header.channels, channel: channel)
    var samples: [Float] = []
    var (count, bad): (Int, Int?) = (0, nil)
    try blocks { block, frames in
      samples.removeAll(keepingCapacity: true)
      mixer.append(block, frames: frames, to: &samples)
      if bad == nil { bad = samples.firstIndex { !$0.isFinite }.map { count + $0 } }
      count += samples.count
      try body(samples)
    }
    if let bad {
      throw AudioError.nonFinite(
        path: path, sample: bad, seconds: Double(bad) / Double(header.samplingRate))
    }
  }

  /// The header, with the length that decoding tells where nothing else does.
  func countedHeader() throws -> AudioHeader {
    if let missing { throw truncated(missing.expected, missing.found) }
    guard header.frames == nil else { return header }
    var count = 0
    try blocks { _, frames in count += frames }
    return AudioHeader(
      frames: count, samplingRate: header.samplingRate, channels: header.channels, format: header.format,
      notes: header.notes)
  }

  func compareChannels() throws -> ChannelComparison? {
    guard header.channels > 1 else { return nil }
    var energies = ChannelEnergies()
    try blocks { energies.add($0, frames: $1, channels: header.channels) }
    return energies.comparison(channels: header.channels)
  }

  /// Decodes all parts to their ends, a block of interleaved samples at a time.
  private func blocks(_ body: (UnsafeBufferPointer<Float>, Int) throws -> Void) throws {
    if let missing { throw truncated(missing.expected, missing.found) }
    let channels = header.channels
    var block = [Float](repeating: 0, count: max(1, (1 << 16) / channels) * channels)
    var count = 0
    for part in parts {
      let stream = try part.open()
      while true {
        let got = try block.withUnsafeMutableBufferPointer { try stream.read(into: $0) }
        guard got > 0 else { break }
        count += got
        try AudioFile.check(count, channels, path)
        try block.withUnsafeBufferPointer { try body($0, got) }
      }
    }
    guard count > 0 else { throw AudioError.noSamples(path: path) }
    if let frames = header.frames, count < frames { throw truncated(frames, count) }
  }

  private func truncated(_ expected: Int, _ found: Int) -> AudioError {
    .truncated(path: path, expected: expected, found: found, unit: "samples")
  }
}
