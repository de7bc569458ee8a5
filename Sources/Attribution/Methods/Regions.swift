import Results

/// A stretch of time and band of frequencies that a model leans on, such as augmentation may mask.
public struct Region: Sendable, Equatable {
  /// Seconds, `[start, end)`.
  public let start, end: Double
  /// Hertz.
  public let low, high: Double
  /// Of all that speaks for the target.
  public let share: Double
}

extension AttributionMap {
  /// The smallest part of the map that holds `share` of all that speaks for the target, as boxes around its connected
  /// parts, the weightiest first; parts of less than `least` of the whole are left out.
  ///
  /// A map without frequencies gives stretches of time up to `nyquist`.
  public func regions(holding share: Double = 0.5, least: Double = 0.01, nyquist: Double) -> [Region] {
    let bands = grid?.width ?? 1
    let cells = (grid?.values.map(Double.init) ?? profile).map { max(0, $0) }
    let total = cells.reduce(0, +)
    guard total > 0, !cells.isEmpty else { return [] }
    var chosen = [Bool](repeating: false, count: cells.count)
    var held = 0.0
    for index in cells.indices.sorted(by: { (cells[$1], $0) < (cells[$0], $1) }) {
      guard held < share * total else { break }
      held += cells[index]
      chosen[index] = true
    }
    var regions: [Region] = []
    for index in cells.indices where chosen[index] {
      let part = component(of: index, &chosen, bands: bands)
      let weight = part.reduce(0) { $0 + cells[$1] } / total
      guard weight >= least, let first = centres.first else { continue }
      let frames = part.map { $0 / bands }
      let rows = part.map { $0 % bands }
      let edges = Self.edges(bands: bands, nyquist: nyquist)
      regions.append(
        Region(
          start: max(0, first + (Double(frames.min() ?? 0) - 0.5) * step),
          end: first + (Double(frames.max() ?? 0) + 0.5) * step, low: edges[rows.min() ?? 0],
          high: edges[(rows.max() ?? 0) + 1], share: weight))
    }
    return regions.sorted { $0.share > $1.share }
  }

  /// The cells that touch `start` along time or frequency, taken out of `chosen`.
  private func component(of start: Int, _ chosen: inout [Bool], bands: Int) -> [Int] {
    var part: [Int] = []
    var open = [start]
    chosen[start] = false
    while let cell = open.popLast() {
      part.append(cell)
      let band = cell % bands
      let neighbours = [
        cell - bands, cell + bands, band > 0 ? cell - 1 : -1, band + 1 < bands ? cell + 1 : -1,
      ]
      for neighbour in neighbours where chosen.indices.contains(neighbour) && chosen[neighbour] {
        chosen[neighbour] = false
        open.append(neighbour)
      }
    }
    return part
  }

  /// Where bands of equal mel width meet, from 0 to `nyquist`.
  private static func edges(bands: Int, nyquist: Double) -> [Double] {
    guard bands > 1 else { return [0, nyquist] }
    // Between the middles of neighbouring bands.
    let middles = SpectralFrames.centres(bands: bands, samplingRate: Int(2 * nyquist))
    return [0] + zip(middles, middles.dropFirst()).map { ($0 + $1) / 2 } + [nyquist]
  }
}
