import Foundation
import Results

/// How the variance of every layer is spread: above, how many directions it takes (by two counts, beside the layer's
/// width), below, how much lies in one direction.
public struct SpectraFigure: Figure {
  public let name = "spectra"
  private let spectra: [LayerSpectrum]
  private let unit: String
  private let axis: LayerAxis
  private let lines: [Line]
  /// The decades of the upper plot.
  private let decades: ClosedRange<Int>
  private let least: Double

  private static let width = 120 * FigureSize.pointsPerMillimetre
  private static let upperTop = 27.0
  private static let upperHeight = 92.0
  private static let lowerTop = upperTop + upperHeight + 22
  private static let lowerHeight = 62.0

  private struct Line {
    var name: String
    var colour: String
    var dashes: String?
    var isShare: Bool
    var values: [Double?]
  }

  /// Nil where there is no spectrum. `unit` is what a row is: "phoneme spans".
  init?(_ spectra: [LayerSpectrum], unit: String) {
    guard !spectra.isEmpty else { return nil }
    self.spectra = spectra
    self.unit = unit
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    func positive(_ value: Double) -> Double? { finite(value).flatMap { $0 > 0 ? $0 : nil } }
    lines = [
      Line(
        name: "width", colour: "", dashes: "0.8 2", isShare: false,
        values: spectra.map { positive(Double($0.width)) }),
      Line(
        name: "effective rank", colour: "#0072b2", isShare: false,
        values: spectra.map { positive($0.effectiveRank) }),
      Line(
        name: "participation ratio", colour: "#d55e00", dashes: "5 2", isShare: false,
        values: spectra.map { positive($0.participationRatio) }),
      Line(
        name: "anisotropy", colour: "#009e73", isShare: true, values: spectra.map { finite($0.anisotropy) }),
      Line(
        name: "largest direction", colour: "#cc79a7", dashes: "5 2", isShare: true,
        values: spectra.map { finite($0.topShare) }),
    ]
    let counts = lines.filter { !$0.isShare }.flatMap { $0.values.compactMap(\.self) }
    decades = 0...max(1, Int(log10(counts.max() ?? 10).rounded(.up)))
    least = min(0, lines.filter(\.isShare).flatMap { $0.values.compactMap(\.self) }.min() ?? 0)
    let labels = lines.map { Canvas.width($0.name) }.max() ?? 0
    axis = LayerAxis(
      names: spectra.map(\.layer), start: 27, length: Self.width - 27 - labels - 9)
  }

  public var title: String { "How the variance of each layer is spread, over \(unit)" }

  public var summary: String {
    guard let first = spectra.first, let last = spectra.last else { return "" }
    func words(_ spectrum: LayerSpectrum) -> String {
      "\(spectrum.layer) (\(NumberText.grouped(spectrum.width)) dimensions) has an effective rank of "
        + "\(NumberText.fixed(spectrum.effectiveRank, 1)), a participation ratio of "
        + "\(NumberText.fixed(spectrum.participationRatio, 1)) and "
        + "\(NumberText.fixed(spectrum.topShare * 100, 0)) % of its variance in one direction"
    }
    let ends = spectra.count > 1 ? [first, last] : [first]
    return "Spectra of \(count(spectra.count, "layer")). " + ends.map(words).joined(separator: "; ") + "."
  }

  public var data: DataTable {
    DataTable(
      columns: [
        "layer", "width", "rows", "effective_rank", "participation_ratio", "anisotropy", "top_share",
        "top_10_share", "outlier_dimensions", "dead_dimensions",
      ],
      headings: [
        "layer", "width", "rows", "effective rank", "participation ratio", "anisotropy",
        "largest direction", "ten largest", "outlier dimensions", "dead dimensions",
      ],
      rows: spectra.map { spectrum in
        [
          .text(spectrum.layer), .plain(Double(spectrum.width), digits: 0),
          .plain(Double(spectrum.rows), digits: 0), .plain(spectrum.effectiveRank, digits: 1),
          .plain(spectrum.participationRatio, digits: 1), .plain(spectrum.anisotropy, digits: 2),
          .plain(spectrum.topShare, digits: 2), .plain(spectrum.topTenShare, digits: 2),
          .plain(Double(spectrum.outliers.count), digits: 0),
          .plain(Double(spectrum.dead.count), digits: 0),
        ]
      })
  }

  public var size: FigureSize {
    FigureSize(points: Self.width, Self.lowerTop + Self.lowerHeight + axis.height)
  }

  // MARK: Drawing

  private func y(_ value: Double, _ line: Line) -> Double {
    if line.isShare {
      return Self.lowerTop + (1 - min(value, 1)) / (1 - least) * Self.lowerHeight
    }
    let share = log10(max(value, 1)) / Double(decades.upperBound)
    return Self.upperTop + (1 - share) * Self.upperHeight
  }

  private var right: Double { axis.start + axis.length }

  public func draw(on canvas: inout Canvas) {
    canvas.label("Spectra of layers", 4, 10, size: Canvas.titleSize, isBold: true)
    canvas.label("directions, of \(unit)", 4, 19, fill: canvas.style.muted)
    canvas.label("share", 4, Self.lowerTop - 8, fill: canvas.style.muted)
    grid(on: &canvas)
    for isShare in [false, true] {
      let shown = lines.filter { $0.isShare == isShare }.compactMap { line in
        line.values.compactMap(\.self).last.map { (line, y($0, line)) }
      }.sorted { $0.1 < $1.1 }
      let top = isShare ? Self.lowerTop : Self.upperTop
      let places = LayerProfile.spread(
        shown.map(\.1), gap: 8, within: top...(top + (isShare ? Self.lowerHeight : Self.upperHeight)))
      for ((line, _), place) in zip(shown, places) { draw(line, label: place, on: &canvas) }
    }
    tips(on: &canvas)
    axis.draw(on: &canvas, below: Self.lowerTop + Self.lowerHeight)
  }

  private func grid(on canvas: inout Canvas) {
    let counts = decades.map { (pow(10, Double($0)), lines[0]) }
    let shares = Ticks.round(least...1, count: 4).map { ($0, lines[3]) }
    for (tick, line) in counts + shares {
      let y = y(tick, line)
      let words = line.isShare ? NumberText.fixed(tick, 1) : NumberText.grouped(Int(tick))
      canvas.segment(axis.start, y, right, y, .init(colour: canvas.style.rule, width: 0.5))
      canvas.label(words, axis.start - 4, y + 2.5, anchor: .end, fill: canvas.style.muted)
    }
  }

  private func draw(_ line: Line, label: Double, on canvas: inout Canvas) {
    let colour = line.colour.isEmpty ? canvas.style.muted : line.colour
    var run: [(Double, Double)] = []
    var end: (Double, Double)?
    for slot in 0...line.values.count {
      if slot < line.values.count, let value = line.values[slot] {
        run.append((axis.centre(slot), y(value, line)))
        continue
      }
      if run.count > 1 { canvas.path(run, .init(colour: colour, width: 1.2, dashes: line.dashes)) }
      if !line.colour.isEmpty {
        for point in run {
          canvas.circle(
            point.0, point.1, radius: min(1.6, axis.slot * 0.35), fill: colour,
            stroke: .init(colour: colour, width: 0.3))
        }
      }
      end = run.last ?? end
      run = []
    }
    guard let end else { return }
    canvas.path(
      [(end.0 + 1, end.1), (right + 2, end.1), (right + 4, label), (right + 5, label)],
      .init(colour: canvas.style.muted, width: 0.5))
    canvas.label(line.name, right + 6.5, label + 2.5, fill: canvas.style.muted)
  }

  /// A strip over each layer that tells its numbers when pointed at.
  private func tips(on canvas: inout Canvas) {
    for (slot, spectrum) in spectra.enumerated() {
      let tip = zip(data.headings, data.rows[slot]).dropFirst().map { "\($0): \($1.shown)" }
      canvas.rectangle(
        axis.start + Double(slot) * axis.slot, Self.upperTop, axis.slot,
        Self.lowerTop + Self.lowerHeight - Self.upperTop, fill: "transparent", kind: "slot",
        tip: ([spectrum.layer] + tip).joined(separator: "\n"))
    }
  }
}
