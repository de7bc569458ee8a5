import Corpora
import Foundation

/// Where in the sound a study's own probe finds a level: maps of some held-out spans, each with what was heard.
public struct ActivationMaps: Codable, Equatable, Sendable {
  /// One span: a stretch of its recording, its maps, and the sound of the stretch.
  public struct Example: Codable, Equatable, Sendable {
    /// The label of the span, and what the probe reads there.
    public var label, guess: String
    /// The explanation of the stretch, its pictures left out.
    public var explained: AttributionResult
    /// The mel spectrogram of the stretch, `[frames × bands]`, packed.
    public var spectrogram: PackedPicture
    /// Of each map that tells frequencies apart, in the order of `explained.maps`; nil of the others.
    public var grids: [PackedPicture?]
    /// A WAV file of the stretch.
    public var sound: Data

    public init(label: String, guess: String, explained: AttributionResult, sound: Data) {
      self.label = label
      self.guess = guess
      self.sound = sound
      spectrogram = PackedPicture(explained.spectrogram)
      grids = explained.maps.map { $0.grid.map { PackedPicture($0, isSigned: true) } }
      self.explained = explained
      self.explained.spectrogram = .empty
      for place in explained.maps.indices { self.explained.maps[place].grid = nil }
    }

    /// The explanation with its pictures, to be drawn.
    public var whole: AttributionResult {
      var result = explained
      result.spectrogram = spectrogram.picture
      for (place, grid) in zip(result.maps.indices, grids) { result.maps[place].grid = grid?.picture }
      return result
    }
  }

  /// What was read at which layer, and how the examples were chosen, in whole sentences; or why there are none.
  public var remarks: [String]
  /// The held-out spans that are shown, in the order of the report; empty where `remarks` say why.
  public var examples: [Example]

  public init(remarks: [String], examples: [Example] = []) {
    self.remarks = remarks
    self.examples = examples
  }
}

/// A picture in 256 steps, a byte a cell: as fine as it is drawn, and small enough for `study.json`.
public struct PackedPicture: Codable, Equatable, Sendable {
  /// The size of the picture: time frames, and frequency bands in each.
  public var frames, bands: Int
  /// The middle of the first frame and the step to the next, in seconds.
  public var start, step: Double
  /// The value of a cell that is 0, and what one more is worth.
  public var low, scale: Float
  /// `[frames × bands]`, low bands first.
  public var cells: Data

  /// Values that are not finite become the lowest. Of a signed picture zero stays zero, and what is beyond the 99th
  /// percentile is that, as it is drawn.
  public init(_ picture: AttributionResult.Picture, isSigned: Bool = false) {
    (frames, bands) = (picture.frames, picture.bands)
    (start, step) = (picture.start, picture.step)
    let finite = picture.values.filter(\.isFinite)
    let sizes = isSigned ? finite.map(abs).sorted() : []
    let full = sizes.isEmpty ? 0 : sizes[min(sizes.count - 1, sizes.count * 99 / 100)]
    let scale = isSigned ? full / 127 : ((finite.max() ?? 0) - (finite.min() ?? 0)) / 255
    let low = isSigned ? -127 * scale : finite.min() ?? 0
    (self.low, self.scale) = (low, scale)
    cells = Data(
      picture.values.map {
        $0.isFinite && scale > 0 ? UInt8(max(0, min(255, (($0 - low) / scale).rounded()))) : 0
      })
  }

  /// Empty where the cells are not as many as they should be.
  public var picture: AttributionResult.Picture {
    let (count, overflows) = frames.multipliedReportingOverflow(by: bands)
    guard frames >= 0, bands >= 0, !overflows, count == cells.count else { return .empty }
    return AttributionResult.Picture(
      frames: frames, bands: bands, start: start, step: step,
      values: cells.map { low + Float($0) * scale })
  }
}
