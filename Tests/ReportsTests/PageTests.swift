import Foundation
import Results
import Testing

@testable import Reports

@Suite("The page") struct PageTests {
  /// Taken apart once: every test below looks at the same pages.
  static let pages: [(study: StudyResult, page: HTMLTags)] = [
    SyntheticStudy.mapped, SyntheticStudy.large, SyntheticStudy.hostile,
  ].compactMap { study in
    (try? ReportPage.html(of: study)).map { (study, HTMLTags($0)) }
  }

  @Test("is made of every study") func made() { #expect(Self.pages.count == 3) }

  @Test("against the file that was looked at") func golden() throws {
    try expectGolden(ReportPage.html(of: SyntheticStudy.whole), "report.html")
  }

  @Test("asks nothing of the outside and runs nothing") func selfContained() throws {
    for (_, page) in Self.pages {
      for tag in page.tags {
        #expect(HTMLTags.allowed.contains(tag.name), "<\(tag.name)>")
        for (name, value) in tag.attributes {
          #expect(!name.hasPrefix("on"), "\(name) on <\(tag.name)>")
          #expect(name != "srcset" && name != "action")
          if name == "src" { #expect(value.hasPrefix("data:audio/wav;base64,")) }
          if name == "href" { #expect(value.hasPrefix("#") || value.hasPrefix("data:")) }
        }
      }
      let style = try #require(page.text(in: "style"))
      #expect(!style.contains("url(") && !style.contains("@import"))
      let policy = page.tags.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }
      #expect(
        policy?.attributes["content"]
          == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:")
    }
  }

  @Test("shows hostile names as text") func hostile() throws {
    let study = SyntheticStudy.hostile
    let html = try ReportPage.html(of: study)
    #expect(!html.contains("<script"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;\u{301} onload=&#39;x&#39;"))
    #expect(html.contains("\u{FFFD}[2J"))
    #expect(Markup.escape("<\u{338}>\"\u{301}'&\u{0}") == "&lt;\u{338}&gt;&quot;\u{301}&#39;&amp;\u{FFFD}")
  }

  @Test("can be walked by its landmarks and headings; every reference resolves") func structure() throws {
    for (study, page) in Self.pages {
      for landmark in ["header", "nav", "main", "footer", "h1"] {
        #expect(page.starts.count { $0.name == landmark } == 1)
      }
      var level = 0
      for tag in page.starts {
        guard let next = ["h1": 1, "h2": 2, "h3": 3][tag.name] else { continue }
        #expect(next <= level + 1, "no level of heading is skipped")
        level = next
      }
      let ids = page.starts.compactMap { $0.attributes["id"] }
      #expect(Set(ids).count == ids.count)
      for tag in page.starts {
        for id in (tag.attributes["aria-labelledby"] ?? "").split(separator: " ") {
          #expect(ids.contains(String(id)))
        }
        if let link = tag.attributes["href"], link.hasPrefix("#") {
          #expect(ids.contains(String(link.dropFirst())))
        }
        if tag.name == "th" { #expect(["col", "row"].contains(tag.attributes["scope"])) }
        if tag.name == "svg" { #expect(tag.attributes["role"] == "img") }
      }
      let figures = page.starts.count { $0.name == "figure" }
      #expect(try figures == study.figures.count)
      #expect(page.starts.count { $0.name == "figcaption" } == figures)
      #expect(page.starts.count { $0.attributes["download"] != nil } == figures)
      #expect(page.starts.count { $0.name == "table" } == page.starts.count { $0.name == "caption" })
    }
  }

  @Test("every tag is closed in its order") func nesting() {
    for (_, page) in Self.pages {
      var open: [String] = []
      for tag in page.tags where !HTMLTags.void.contains(tag.name) {
        if tag.isEnd {
          #expect(open.popLast() == tag.name)
        } else if !tag.isEmpty {
          open.append(tag.name)
        }
      }
      #expect(open.isEmpty)
    }
  }

  @Test("each figure's numbers can be downloaded") func downloads() throws {
    let (study, page) = try #require(Self.pages.last)
    let links = page.tags.filter { $0.attributes["download"] != nil }
    for (link, figure) in zip(links, try study.figures) {
      let data = try #require(link.attributes["href"])
      let prefix = "data:text/csv;charset=utf-8,"
      #expect(data.hasPrefix(prefix) && link.attributes["download"] == figure.name + ".csv")
      #expect(data.dropFirst(prefix.count).removingPercentEncoding.map { String($0) } == figure.data.csv)
    }
  }

  @Test("the answer comes first: what is encoded, where, and how surely") func answerFirst() throws {
    let html = try ReportPage.html(of: SyntheticStudy.small)
    let main = try #require(html.range(of: "<main>"))
    let head = String(html[..<main.lowerBound])
    #expect(
      head.contains("Phonemes are read best at hidden.2, syllables at hidden.4 and words at hidden.5."))
    let profiles = try #require(html.range(of: "id=\"profiles\""))
    let first = String(html[main.upperBound..<profiles.lowerBound])
    for level in SyntheticStudy.small.levels {
      let sentence = try #require(level.verdict?.sentence)
      #expect(first.contains(Markup.escape(unbroken(sentence))))
    }
    #expect(unbroken("names 71.2 % [68.4, 74.0] of") == "names 71.2\u{A0}% [68.4,\u{A0}74.0] of")
    #expect(unbroken("[a, b]") == "[a, b]")
  }

  @Test("heat maps that cannot be told apart are one figure with a choice, others each their own")
  func choice() throws {
    var study = SyntheticStudy.small
    var other = try #require(study.similarity.first)
    other.measure = "linear_cka"
    other.values = other.values.map { $0.map { $0.map { $0 - 0.004 } } }
    var far = other
    far.measure = "svcca"
    far.values[0][1] = 0.1
    study.similarity += [other, far]
    let html = try ReportPage.html(of: study)
    let page = HTMLTags(html)
    let radios = page.starts.filter { $0.name == "input" }
    #expect(radios.count == 2 && radios.count { $0.attributes["checked"] != nil } == 1)
    #expect(Set(radios.compactMap { $0.attributes["name"] }).count == 1)
    #expect(page.starts.count { $0.attributes["class"] == "option" } == 2)
    #expect(html.contains("These measures differ by 0.004 at most here"))
    #expect(
      HTMLTags(try ReportPage.html(of: SyntheticStudy.small)).starts.allSatisfy { $0.name != "input" })
    // One that has no number where the other has is another figure.
    study.similarity[1].values[0][0] = nil
    #expect(HTMLTags(try ReportPage.html(of: study)).starts.allSatisfy { $0.name != "input" })
  }

  @Test("a study with nothing in it is still a page") func empty() throws {
    var study = SyntheticStudy.small
    study.levels = []
    study.similarity = []
    study.spectra = []
    study.warnings = []
    study.model.tapPoints = []
    let page = HTMLTags(try ReportPage.html(of: study))
    #expect(!page.tags.contains { $0.name == "figure" })
    #expect(!page.tags.contains { $0.attributes["id"] == "warnings" })
  }

  @Test("how far off a regression is stands beside the mistakes of classes") func deviations() throws {
    var study = SyntheticStudy.small
    var deviations = SyntheticStudy.deviations
    deviations.layer = try #require(study.levels[0].peak?.layer)
    study.levels[0].deviations = [deviations]
    let html = try ReportPage.html(of: study)
    #expect(html.contains("Where to listen: furthest off") && html.contains("By speaker and by duration"))
    #expect(html.contains("1.25–1.27") && html.contains("+0.12") && html.contains("−0.25"))
  }
}

/// The tags of a page, with what stands in their attributes.
struct HTMLTags: Sendable {
  struct Tag: Sendable {
    var name: String
    var attributes: [String: String]
    var isEnd: Bool
    var isEmpty: Bool
  }

  static let void: Set = ["!doctype", "meta", "link", "input"]
  static let allowed: Set = [
    "!doctype", "html", "head", "meta", "link", "title", "style", "body", "a", "header", "h1", "h2", "h3",
    "p",
    "ul", "li", "nav", "main", "section", "div", "article", "span", "strong", "b", "small", "dl", "dt",
    "dd",
    "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td",
    "footer", "svg", "desc", "g", "line", "rect", "path", "circle", "text",
    "image", "audio", "input", "label",
  ]

  private let html: String
  private(set) var tags: [Tag] = []
  var starts: [Tag] { tags.filter { !$0.isEnd } }

  init(_ html: String) {
    self.html = html
    var scalars = Array(html.unicodeScalars)[...]
    while let start = scalars.firstIndex(of: "<") {
      scalars = scalars[(start + 1)...]
      var (body, quote): (String, Unicode.Scalar?) = ("", nil)
      while let scalar = scalars.popFirst() {
        if scalar == quote { quote = nil } else if quote == nil, scalar == "\"" { quote = scalar }
        if quote == nil, scalar == ">" { break }
        body.unicodeScalars.append(scalar)
      }
      let isEnd = body.hasPrefix("/")
      let name = body.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" }.lowercased()
      var attributes: [String: String] = [:]
      for match in body.matches(of: #/([a-zA-Z-]+)="([^"]*)"/#) {
        attributes[String(match.1)] = String(match.2)
      }
      tags.append(Tag(name: name, attributes: attributes, isEnd: isEnd, isEmpty: body.hasSuffix("/")))
    }
  }

  func text(in name: String) -> String? {
    guard let start = html.range(of: "<\(name)>"), let end = html.range(of: "</\(name)>") else {
      return nil
    }
    return String(html[start.upperBound..<end.lowerBound])
  }
}
