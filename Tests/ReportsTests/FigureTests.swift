import Corpora
import Foundation
import Results
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Figures") struct FigureTests {
  static func figures() throws -> [any Figure] {
    try [SyntheticStudy.whole, SyntheticStudy.large, SyntheticStudy.hostile].flatMap { try $0.figures }
  }

  @Test("each is well-formed XML with a title and a description, sized in millimetres") func wellFormed()
    throws
  {
    for figure in try Self.figures() {
      let document = try SVGDocument(figure.svg())
      #expect(document.root["width"]?.hasSuffix("mm") == true)
      #expect(document.texts["title"]?.first == figure.title.replacing("\u{1B}", with: "\u{FFFD}"))
      #expect(document.texts["desc"]?.count == 1)
      #expect(document.names.isSubset(of: SVGDocument.allowed), "\(figure.name)")
      #expect(!document.attributes.contains { $0.hasPrefix("on") || $0.contains("href") })
    }
  }

  @Test("each stays within a journal's page, and its texts within its frame") func withinPage() throws {
    for figure in try SyntheticStudy.whole.figures + SyntheticStudy.large.figures {
      #expect(figure.size.width <= 180.01 && figure.size.height <= 240)
      let (width, height) = figure.size.points
      for label in try SVGDocument(figure.svg()).labels {
        #expect(label.left >= -0.5 && label.right <= width + 0.5, "\(figure.name): \(label.text)")
        #expect(label.y > 0 && label.y <= height)
        #expect(label.size >= 6.5)
      }
    }
  }

  @Test("no two labels lie on each other") func noOverlap() throws {
    for figure in try SyntheticStudy.whole.figures + SyntheticStudy.large.figures {
      let labels = try SVGDocument(figure.svg()).labels
      for (index, a) in labels.enumerated() {
        for b in labels[(index + 1)...] where abs(a.y - b.y) < 0.72 * min(a.size, b.size) {
          #expect(a.right <= b.left || b.right <= a.left, "\(figure.name): \(a.text) on \(b.text)")
        }
      }
    }
  }

  @Test("tick labels never touch, whatever the layers and the width", arguments: [120.0, 180, 300, 480])
  func ticks(length: Double) {
    for count in 1...64 {
      let names =
        (1...7).map { "conv.\($0)" } + ["projection"] + (0..<count).map { "hidden.\($0)" } + ["final_norm"]
      let axis = LayerAxis(names: names, start: 0, length: length)
      var end = -Double.infinity
      for (index, tick) in axis.ticks.enumerated() where !tick.isEmpty {
        let half = Canvas.width(tick) / 2
        #expect(axis.centre(index) - half > end)
        end = axis.centre(index) + half
      }
      #expect(axis.groups.map(\.name) == ["conv", "projection", "hidden", "final_norm"])
      #expect(axis.groups.map(\.slots.count) == [7, 1, count, 1])
      #expect(axis.ticks.contains { !$0.isEmpty })
    }
  }

  @Test("a layer's name splits before its number, and a tower's prefix stays with it") func split() {
    #expect(LayerAxis.split("hidden.12") == ("hidden", "12"))
    #expect(LayerAxis.split("text.hidden.2") == ("text.hidden", "2"))
    #expect(LayerAxis.split("projection") == ("projection", ""))
    #expect(LayerAxis.split("a.b") == ("a.b", ""))
    #expect(LayerAxis.split(".3") == (".3", ""))
    #expect(LayerAxis.split("x.") == ("x.", ""))
    let axis = LayerAxis(names: ["hidden.0", "hidden.1", "text.hidden.0"], start: 0, length: 90)
    #expect(axis.groups.map(\.slots) == [0..<2, 2..<3])
  }

  @Test("ticks are round and inside the range")
  func roundTicks() {
    #expect(Ticks.round(0...1) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    #expect(Ticks.round(0...80) == [0, 20, 40, 60, 80])
    #expect(Ticks.round(-0.13...0.34) == [-0.1, 0, 0.1, 0.2, 0.30000000000000004])
    #expect(Ticks.round(3...3) == [3])
    for low in [-7.3, 0, 0.004] {
      for span in [1e-6, 0.03, 1, 77, 1e5] {
        let ticks = Ticks.round(low...(low + span))
        #expect((2...12).contains(ticks.count))
        #expect(ticks.allSatisfy { $0 >= low - 1e-6 * span && $0 <= low + span * (1 + 1e-6) })
        let texts = ticks.map { NumberText.fixed($0, Ticks.digits(ticks)) }
        #expect(Set(texts).count == ticks.count, "ticks can be told apart: \(texts)")
      }
    }
  }

  @Test("labels are spread without leaving their range or their order") func spread() {
    let all = [[10.0, 11, 12, 90], [98, 99, 100], [0, 0, 0, 0], [5], []]
    for places in all {
      let spread = LayerProfile.spread(places, gap: 8, within: 0...100)
      #expect(zip(spread, spread.dropFirst()).allSatisfy { $1 - $0 >= 8 - 1e-9 })
      #expect(spread.allSatisfy { $0 >= -1e-9 && $0 <= 100 })
    }
    #expect(LayerProfile.spread([10, 40, 90], gap: 8, within: 0...100) == [10, 40, 90])
  }

  @Test("the ramp's lightness rises evenly, and text on it can be read") func ramp() {
    #expect(Colours.hex(Colours.ramp(0)) == "#440154")
    #expect(Colours.hex(Colours.ramp(0.5)) == "#21918c")
    #expect(Colours.hex(Colours.ramp(1)) == "#fde725")
    #expect(Colours.hex(Colours.ramp(.nan)) == "#440154")
    #expect(Colours.hex(Colours.ramp(7)) == "#fde725")
    var last = -1.0
    for step in 0...100 {
      let colour = Colours.ramp(Double(step) / 100)
      let light = Colours.luminance(colour)
      #expect(light > last)
      last = light
      let contrast = Colours.text(on: colour) == "#000000" ? (light + 0.05) / 0.05 : 1.05 / (light + 0.05)
      #expect(contrast >= 4.5)
    }
    #expect(Colours.luminance((1, 1, 1)) == 1)
    // No study has levels of speech and of a text at once.
    for levels in [Level.levels(ofText: false), Level.levels(ofText: true)] {
      #expect(Set(levels.map(Colours.of)).count == levels.count)
    }
  }

  @Test("file names are plain, short and distinct, whatever the study's names are") func names() throws {
    for study in [SyntheticStudy.small, SyntheticStudy.large, SyntheticStudy.hostile] {
      let names = try study.figures.map(\.name)
      #expect(Set(names).count == names.count)
      for name in names {
        #expect(
          name.count <= 80 && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
        )
      }
    }
    #expect(slug("../..") == "unnamed")
    #expect(slug("Word · semantic/2") == "word-semantic-2")
    var twice = SyntheticStudy.small
    twice.levels[1] = twice.levels[0]
    #expect(try twice.figures.map(\.name).contains("profile-phoneme-phoneme-2"))
  }

  @Test("a figure's numbers are the study's") func numbers() throws {
    let study = SyntheticStudy.small
    let profile = try #require(study.profiles.first)
    let table = try readCSV(profile.data.csv)
    #expect(table.count == 1 + 3 + 15)
    #expect(table[0].prefix(4) == ["layer", "value", "value_low", "value_high"])
    #expect(table[3][0] == "mel" && Double(table[3][1]) == 0.403 && table[3][4].isEmpty)
    #expect(table[14][0] == "hidden.2" && Double(table[14][1]) == 0.712)
    let heatmap = try readCSV(study.heatmaps[0].data.csv)
    #expect(heatmap.count == 16 && heatmap[3][3] == "1")
    #expect(study.heatmaps[0].measure == "debiased linear CKA")
  }

  @Test("confusions are counted by row, the commonest classes only where there are too many")
  func confusions()
    throws
  {
    let entries = SyntheticStudy.whole.confusions
    #expect(entries.map(\.figure.name) == ["confusions-phoneme", "confusions-word"])
    let (level, analysis, figure) = try #require(entries.first)
    let table = try readCSV(figure.data.csv)
    #expect(table.count == 40 && table[0].suffix(2) == ["Z", "ZH"])
    for (row, truth) in level.classes.enumerated() {
      #expect(Int(table[row + 1][1]) == analysis.tested(truth))
      #expect(table[row + 1].dropFirst(2).compactMap { Int($0) }.reduce(0, +) == analysis.tested(truth))
    }
    var many = analysis
    let names = (0..<200).map { "class \($0)" }
    many.confusions = [:]
    for (place, name) in names.enumerated() { many.confusions[name] = [name: 1 + place] }
    let drawn = try #require(ConfusionFigure(many, classes: names, title: "word", name: "x"))
    #expect(drawn.data.headings.dropFirst(2) == names.suffix(ConfusionFigure.mostClasses)[...])
    #expect(drawn.size.width <= 180.01 && drawn.summary.contains("the 44 commonest of 200 classes"))
    #expect(ConfusionFigure(many, classes: ["class 7"], title: "word", name: "x") == nil)
  }

  @Test("gaps break the line, values out of range keep the drawing whole") func gaps() throws {
    var study = SyntheticStudy.small
    study.levels[0].layers[4].metrics = nil
    study.levels[0].layers[7].metrics?.accuracy = Estimate(value: .nan, low: .nan, high: .nan)
    study.levels[0].majority.accuracy = Estimate(value: .infinity, low: 0, high: 0)
    study.similarity[0].values[1] = [nil, .nan, -3, 7]
    study.similarity[0].values.removeLast()
    study.levels[1].layers = []
    for index in study.levels[2].layers.indices { study.levels[2].layers[index].metrics = nil }
    study.levels[2].peak = nil
    for figure in try study.figures {
      let svg = figure.svg()
      _ = try SVGDocument(svg)
      #expect(!svg.contains("nan") && !svg.contains("inf\""))
    }
    #expect(study.profiles[0].svg().components(separatedBy: "stroke-linejoin=\"round\"").count > 3)
  }
}

/// What the tests ask of a drawing.
final class SVGDocument: NSObject, XMLParserDelegate {
  struct Malformed: Error { var reason: String }
  struct Label {
    var text: String
    var left: Double
    var right: Double
    var y: Double
    var size: Double
  }

  static let allowed: Set = ["svg", "title", "desc", "g", "line", "rect", "path", "circle", "text"]
  private(set) var root: [String: String] = [:]
  private(set) var names: Set<String> = []
  private(set) var attributes: Set<String> = []
  private(set) var texts: [String: [String]] = [:]
  private(set) var labels: [Label] = []
  private var open: [(name: String, attributes: [String: String], text: String)] = []

  init(_ svg: String) throws {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    guard parser.parse() else { throw Malformed(reason: "line \(parser.lineNumber): \(svg.prefix(200))") }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    if open.isEmpty { root = attributes }
    names.insert(name)
    self.attributes.formUnion(attributes.keys)
    open.append((name, attributes, ""))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if !open.isEmpty { open[open.count - 1].text += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard let element = open.popLast() else { return }
    texts[name, default: []].append(element.text)
    guard name == "text" else { return }
    let number = { (key: String) in element.attributes[key].flatMap { Double($0) } }
    let size = number("font-size") ?? Canvas.textSize
    let width = Canvas.width(element.text, size: size, isBold: element.attributes["font-weight"] != nil)
    let x = number("x") ?? 0
    if element.attributes["transform"] != nil {
      // On end, running upwards.
      labels.append(
        Label(
          text: element.text, left: x - size * 0.8, right: x + size * 0.2, y: number("y") ?? 0, size: size))
      return
    }
    let left = ["middle": x - width / 2, "end": x - width][element.attributes["text-anchor"] ?? ""] ?? x
    labels.append(
      Label(text: element.text, left: left, right: left + width, y: number("y") ?? 0, size: size))
  }
}
