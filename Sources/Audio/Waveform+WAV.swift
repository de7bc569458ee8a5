extension Waveform {
  /// The sound as a WAV file of 16-bit samples, for players; what is beyond ±1 is cut off.
  public func wav() -> [UInt8] {
    func little(_ value: UInt32, _ bytes: Int = 4) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    let (size, rate) = (UInt32(2 * samples.count), UInt32(samplingRate))
    var file = Array("RIFF".utf8) + little(36 + size) + Array("WAVEfmt ".utf8) + little(16)
    // PCM, one channel, samples and bytes a second, bytes and bits a sample.
    file += little(1, 2) + little(1, 2) + little(rate) + little(2 * rate) + little(2, 2) + little(16, 2)
    file += Array("data".utf8) + little(size)
    file.reserveCapacity(file.count + 2 * samples.count)
    for sample in samples {
      let value = Int16((min(max(sample.isFinite ? sample : 0, -1), 1) * 32767).rounded())
      file += little(UInt32(UInt16(bitPattern: value)), 2)
    }
    return file
  }
}
