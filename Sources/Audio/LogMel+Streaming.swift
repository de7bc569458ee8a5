import Tensors

extension LogMel {
  /// Frames that are given at a time, whole blocks of those that are computed at once.
  private static let piece = 16

  /// The features of a sound that is read from its file, some forty seconds at a time: `first` is the place of the first of
  /// `frames`, `[rows × bands]`, among all. They are those of `features(of:)` to the last bit.
  ///
  /// Not for Whisper's features, which are all measured by the loudest.
  /// - Throws: As reading it does, and what `visit` throws.
  public func features(
    of sound: StreamedSound, _ visit: (_ frames: Tensor, _ first: Int, _ isLast: Bool) throws -> Void
  ) throws {
    precondition(!isRelative, "features that hang on the loudest cannot be made in parts")
    let sound = try sound.resampled(to: samplingRate)
    let count = frames(forSamples: sound.count)
    let blocks = stride(from: 0, to: count, by: LogMel.block).map { $0..<min(count, $0 + LogMel.block) }
    var (values, first): ([Float], Int) = ([], 0)
    try sound.slices(blocks.map { samples(of: $0, length: sound.count) }) { number, samples in
      let start = self.samples(of: blocks[number], length: sound.count).lowerBound
      values += bands(of: blocks[number], length: sound.count) { samples[$0 - start] }
      let isLast = number == blocks.count - 1
      guard isLast || number % LogMel.piece == LogMel.piece - 1 else { return }
      try visit(Tensor(values, shape: [values.count / bands, bands]), first, isLast)
      first += values.count / bands
      values.removeAll(keepingCapacity: true)
    }
  }

  /// What frames are made of; what lies beyond an end is mirrored into it.
  private func samples(of rows: Range<Int>, length: Int) -> Range<Int> {
    guard length > 2 * window else { return 0..<length }
    let (start, end) = (rows.lowerBound * hop - window / 2, (rows.upperBound - 1) * hop + (window + 1) / 2)
    let low = min(start, 2 * (length - 1) - (end - 1))
    return max(0, low)..<min(length, max(end, 1 - start))
  }
}
