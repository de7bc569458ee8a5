import Corpora
import Foundation
import Results

/// What counts for a target, over time: the log-mel spectrogram, each map laid over it with its curve beneath, and the
/// labelled tiers, all on one time axis.
///
/// The spectrogram is light grey, so that what speaks for the target (dark blue) and against it (orange) is darker
/// than any sound: it reads without colour too, and the curve has the sign.
public struct AttributionFigure: Figure {
  public let name: String
  let result: AttributionResult
  private let pictures: [String]
  private let time: TimeAxis

  private static let top = 40.0
  private static let (pictureHeight, curveHeight, gap) = (58.0, 26.0, 8.0)
  private static let pictureRows = 80

  /// Throws where a picture cannot be made (`ReportError.conversionFailed`).
  public init(_ result: AttributionResult, name: String = "activation-map") throws {
    self.name = name
    self.result = result
    let labels = result.maps.flatMap { [Self.words($0.method), $0.layer] } + ["spectrogram"]
    time = TimeAxis(result, left: (labels.map { Canvas.width($0, isBold: true) }.max() ?? 0) + 32)
    pictures =
      try [Self.picture(of: result, nil).dataURL()]
      + result.maps.map { try Self.picture(of: result, $0).dataURL() }
  }

  public var title: String { "What counts for \(result.target)" }

  public var summary: String {
    let peaks = result.maps.compactMap { map -> String? in
      guard let best = map.profile.indices.max(by: { map.profile[$0] < map.profile[$1] }) else {
        return nil
      }
      let time = map.start + Double(best) * map.step
      return "\(map.method) is largest at \(NumberText.fixed(time, 2)) s"
    }
    return "The spectrogram of \(result.audio), \(NumberText.fixed(result.seconds, 2)) s, with "
      + count(result.maps.count, "map") + " of \(result.target) by \(result.model). "
      + peaks.joined(separator: "; ") + "."
  }

  public var data: DataTable {
    let rows = result.maps.flatMap { map in
      map.profile.enumerated().map { frame, value -> [DataTable.Cell] in
        [
          .text(map.method), .text(map.layer), .plain(map.start + Double(frame) * map.step, digits: 3),
          .plain(value, digits: 4),
        ]
      }
    }
    return DataTable(
      columns: ["method", "layer", "seconds", "value"], headings: ["Method", "Layer", "s", "Value"],
      rows: rows)
  }

  private var mapHeight: Double { Self.pictureHeight + 2 + Self.curveHeight + Self.gap }

  private var left: Double { time.left }
  private var width: Double { time.width }

  private var tiersTop: Double {
    Self.top + Self.pictureHeight + Self.gap + Double(result.maps.count) * mapHeight
  }

  public var size: FigureSize {
    FigureSize(points: left + width + 10, tiersTop + time.height)
  }

  static func words(_ method: String) -> String { method.capitalizedFirst }

  // MARK: Drawing

  public func draw(on canvas: inout Canvas) {
    canvas.label(title.capitalizedFirst, 4, 11, size: Canvas.titleSize, isBold: true)
    let value =
      "\(result.model), \(result.audio); the target's value is \(NumberText.fixed(result.score, 3))"
    canvas.label(value, 4, 21, fill: canvas.style.muted)
    legend(on: &canvas)
    canvas.label("Spectrogram", 4, Self.top + 9, isBold: true)
    picture(pictures[0], Self.top, on: &canvas)
    for (index, map) in result.maps.enumerated() {
      let y = Self.top + Self.pictureHeight + Self.gap + Double(index) * mapHeight
      canvas.label(Self.words(map.method), 4, y + 9, isBold: true)
      canvas.label(map.layer, 4, y + 18, fill: canvas.style.muted)
      picture(pictures[index + 1], y, on: &canvas)
      curve(map, y + Self.pictureHeight + 2, on: &canvas)
    }
    time.draw(from: Self.top, below: tiersTop, on: &canvas)
  }

  private func legend(on canvas: inout Canvas) {
    var x = 4.0
    for (colour, words) in [(Self.supporting, "for the target"), (Self.opposing, "against it")] {
      canvas.rectangle(
        x, 27, 7, 7, fill: Colours.hex(colour), stroke: .init(colour: canvas.style.muted, width: 0.4))
      canvas.label(words, x + 10, 33.5, fill: canvas.style.muted)
      x += 22 + Canvas.width(words)
    }
  }

  private func picture(_ url: String, _ y: Double, on canvas: inout Canvas) {
    canvas.image(url, left, y, width, Self.pictureHeight)
    canvas.rectangle(
      left, y, width, Self.pictureHeight, fill: "none",
      stroke: .init(colour: canvas.style.rule, width: 0.5))
    let bands = result.spectrogram.bands
    for (band, words) in result.ticks where band < Double(bands) {
      let place = y + Self.pictureHeight * (1 - (band + 0.5) / Double(bands))
      canvas.segment(left - 2, place, left, place, .init(colour: canvas.style.muted, width: 0.5))
      canvas.label(words, left - 4, place + 2.5, anchor: .end, fill: canvas.style.muted, size: 6)
    }
  }

  private func curve(_ map: AttributionResult.Map, _ y: Double, on canvas: inout Canvas) {
    let largest = map.profile.map(abs).max() ?? 0
    let lowest = min(0, map.profile.min() ?? 0)
    let highest = max(0, map.profile.max() ?? 0)
    let range = max(highest - lowest, 1e-30)
    func place(_ value: Double) -> Double { y + Self.curveHeight * (highest - value) / range }
    let points = map.profile.enumerated().map { frame, value in
      (time.x(map.start + Double(frame) * map.step), place(largest > 0 ? value : 0))
    }
    if let first = points.first, let last = points.last {
      let zero = place(0)
      canvas.area(
        [(first.0, zero)] + points + [(last.0, zero)], fill: Colours.hex(Self.supporting), opacity: 0.18)
      canvas.segment(left, zero, left + width, zero, .init(colour: canvas.style.muted, width: 0.4))
      // On a dark page the colour of the map would not be seen.
      let colour = canvas.style.isStandalone ? Colours.hex(Self.supporting) : canvas.style.ink
      canvas.path(points, .init(colour: colour, width: 0.8))
    }
  }
}

// MARK: - Pictures

extension AttributionFigure {
  static let supporting: Colours.RGB = (0.03, 0.19, 0.42)
  static let opposing: Colours.RGB = (0.84, 0.37, 0)

  /// The spectrogram in light grey, with a map over it.
  private static func picture(
    of result: AttributionResult, _ map: AttributionResult.Map?
  ) -> PixelMap {
    let sound = result.spectrogram
    let loudest = sound.values.max() ?? 0
    let range: Float = 60  // decibels that are shown
    // The 99th percentile stands for full strength: one click does not make all else pale.
    let sizes = (map?.grid?.values.map { Double(abs($0)) } ?? map?.profile.map(abs) ?? []).sorted()
    let full = sizes.isEmpty ? 0 : sizes[min(sizes.count - 1, sizes.count * 99 / 100)]
    let columns = min(4000, max(200, Int(result.seconds * 100)))
    func place(_ time: Double, _ start: Double, _ step: Double, _ count: Int) -> Int {
      min(max(Int(((time - start) / step).rounded()), 0), max(count - 1, 0))
    }
    return PixelMap(width: columns, height: pictureRows) { x, y in
      let time = (Double(x) + 0.5) / Double(columns) * result.seconds
      let height = 1 - (Double(y) + 0.5) / Double(pictureRows)
      let frame = place(time, sound.start, sound.step, sound.frames)
      let loudness = max(0, 1 + (sound[frame, Int(height * Double(sound.bands))] - loudest) / range)
      let grey = 1 - 0.45 * Double(loudness)
      guard let map, full > 0 else { return (grey, grey, grey) }
      var value = 0.0
      if let grid = map.grid, grid.frames > 0 {
        let frame = place(time, grid.start, grid.step, grid.frames)
        value = Double(grid[frame, min(grid.bands - 1, Int(height * Double(grid.bands)))])
      } else if !map.profile.isEmpty {
        value = map.profile[place(time, map.start, map.step, map.profile.count)]
      }
      let strength = min(1, abs(value) / full) * 0.9
      return Colours.mixed(value >= 0 ? supporting : opposing, over: (grey, grey, grey), strength)
    }
  }
}

extension AttributionResult {
  /// Places among the spectrogram's bands of some round frequencies, by their middles on the mel scale.
  var ticks: [(band: Double, words: String)] {
    let top = bandLimit
    func mel(_ hertz: Double) -> Double { log10(1 + hertz / 700) }
    return [(250.0, "0.25"), (500, "0.5"), (1000, "1"), (2000, "2"), (4000, "4 kHz")].filter { $0.0 < top }
      .map {
        (mel($0.0) / mel(top) * Double(spectrogram.bands + 1) - 1, $0.1)
      }
  }
}
