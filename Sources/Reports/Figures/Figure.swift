import Corpora
import Results

/// A drawing as a value: what it shows, how large it is in print, and the numbers it shows.
public protocol Figure: Sendable {
  /// The file's name without its ending; lower-case ASCII letters, digits and hyphens.
  var name: String { get }
  /// A caption's first words.
  var title: String { get }
  /// What it shows, for readers who do not see it.
  var summary: String { get }
  /// The numbers in the drawing.
  var data: DataTable { get }
  /// Width and height in millimetres.
  var size: FigureSize { get }
  /// Draws in points, the origin at the upper left.
  func draw(on canvas: inout Canvas)
}

/// The size of a drawing in print. A journal's column is about 90 mm wide, its page 180 mm.
public struct FigureSize: Equatable, Sendable {
  /// Points, 72 to the inch.
  public var width: Double
  /// Points, 72 to the inch.
  public var height: Double

  /// Points in a millimetre.
  static let pointsPerMillimetre = 72 / 25.4

  init(points width: Double, _ height: Double) {
    self.width = width / Self.pointsPerMillimetre
    self.height = height / Self.pointsPerMillimetre
  }

  var points: (width: Double, height: Double) {
    (width * Self.pointsPerMillimetre, height * Self.pointsPerMillimetre)
  }
}

/// The colours that are not data. A file of its own carries plain colours, which every program reads; a
/// drawing inside the page takes the page's, and so follows its light and dark.
public struct FigureStyle: Equatable, Sendable {
  var ink: String
  var muted: String
  var rule: String
  var paper: String
  var isStandalone: Bool

  /// For a file of its own: dark on white.
  public static let print = FigureStyle(
    ink: "#1b1f24", muted: "#59616b", rule: "#d8dbdf", paper: "#ffffff", isStandalone: true)
  /// For the page, by its variables.
  static let page = FigureStyle(
    ink: "var(--ink)", muted: "var(--muted)", rule: "var(--rule)", paper: "var(--paper)",
    isStandalone: false)
}

extension Figure {
  /// The drawing as SVG text: text stays text, sizes are in millimetres.
  public func svg(_ style: FigureStyle = .print) -> String {
    var canvas = Canvas(style: style)
    let (width, height) = size.points
    let box = "0 0 \(NumberText.coordinate(width)) \(NumberText.coordinate(height))"
    let millimetres = [size.width, size.height].map { NumberText.coordinate($0) + "mm" }
    var attributes: [(String, String)] = [
      ("width", millimetres[0]), ("height", millimetres[1]), ("viewBox", box), ("role", "img"),
      ("aria-labelledby", "\(name)-title \(name)-desc"),
      ("font-family", "Helvetica, Arial, 'Liberation Sans', sans-serif"),
      ("font-size", NumberText.coordinate(Canvas.textSize)),
    ]
    if style.isStandalone { attributes.insert(("xmlns", "http://www.w3.org/2000/svg"), at: 0) }
    canvas.open("svg", attributes)
    canvas.words("title", id: "\(name)-title", title)
    canvas.words("desc", id: "\(name)-desc", summary)
    if style.isStandalone { canvas.rectangle(0, 0, width, height, fill: style.paper) }
    draw(on: &canvas)
    canvas.close("svg")
    return (style.isStandalone ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" : "") + canvas.text
  }
}

extension StudyResult {
  /// Every figure of the study: the map of layers by levels, a profile for each level, strips along training, each
  /// level's confusions at its peak, activation maps, a heat map for each similarity matrix, the layers' spectra. Names
  /// are distinct.
  public var figures: [any Figure] {
    get throws {
      let first = [layerMap].compactMap { $0 as (any Figure)? } + profiles + trainingStrips
      let maps: [any Figure] = try maps?.figures() ?? []
      return first + confusions.map(\.figure) + maps + heatmaps
        + [spectraFigure].compactMap { $0 as (any Figure)? }
    }
  }

  /// Nil where no level has a number.
  var layerMap: LayerMap? {
    let map = LayerMap(self)
    return map.isEmpty ? nil : map
  }

  var profiles: [LayerProfile] {
    let names = distinct(levels.map { "profile-" + slug(title(of: $0)) })
    return zip(levels, names).map { LayerProfile($0, title: title(of: $0), name: $1) }
  }

  /// Nil where no layer has a spectrum.
  var spectraFigure: SpectraFigure? {
    SpectraFigure(spectra ?? [], unit: similarity.first?.unit ?? "spans")
  }

  var heatmaps: [Heatmap] {
    let names = distinct(
      similarity.map { matrix in
        let isAlone = similarity.filter { $0.measure == matrix.measure }.count == 1
        return "similarity-" + slug(isAlone ? matrix.measure : "\(matrix.measure) \(matrix.unit)")
      })
    return zip(similarity, names).map { Heatmap($0, name: $1) }
  }
}

/// Lower-case letters, digits and hyphens, at most 60 of them: safe as a file's name, an id and part of a
/// URL.
func slug(_ text: String) -> String {
  let parts = text.lowercased().unicodeScalars.split { scalar in
    !(scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)))
  }
  return parts.isEmpty ? "unnamed" : String(parts.map { String($0) }.joined(separator: "-").prefix(60))
}

/// Names that occur again get a number.
func distinct(_ names: [String]) -> [String] {
  var taken: Set<String> = []
  return names.map { name in
    var candidate = name
    var number = 2
    while !taken.insert(candidate).inserted {
      candidate = "\(name)-\(number)"
      number += 1
    }
    return candidate
  }
}
