import Foundation
import Results
import Testing

@testable import Reports

/// The page as Chromium shows it, at a phone's width and a wide screen's, light and dark.
@Suite("The page in a browser", .serialized, .enabled(if: Browser.isInstalled, "there is no chromium here"))
struct BrowserTests {
  struct Look: CustomTestStringConvertible, Sendable {
    let width: Int
    let height: Int
    let isDark: Bool

    var testDescription: String { "\(width)px-\(isDark ? "dark" : "light")" }
    static let all = [
      Look(width: 375, height: 15_000, isDark: false), Look(width: 375, height: 15_000, isDark: true),
      Look(width: 1600, height: 9900, isDark: false), Look(width: 1600, height: 9900, isDark: true),
    ]
  }

  @Test(
    "loads without a word on the console and without a request",
    arguments: [SyntheticStudy.mapped, SyntheticStudy.large, SyntheticStudy.hostile])
  func quiet(study: StudyResult) throws {
    let visit = try Browser().visit(ReportPage.html(of: study), width: 800, height: 600, isDark: false)
    #expect(visit.console.isEmpty)
    #expect(visit.requests.isEmpty)
  }

  @Test("what the browser is asked would be seen") func sensitive() throws {
    let html = """
      <!doctype html><link rel="icon" href="data:,"><img src="http://outside.invalid/x.png" alt="">
      <script>console.error("a complaint")</script>
      """
    let visit = try Browser().visit(html, width: 300, height: 300, isDark: false)
    #expect(visit.console.contains { $0.contains("a complaint") })
    #expect(visit.requests.contains { $0.contains("outside.invalid") })
  }

  @Test(
    "looks as it did when it was looked at",
    .enabled(if: Browser.hasFontsOfPictures, "text has other widths in this machine's fonts"),
    arguments: Look.all)
  func looks(look: Look) throws {
    let browser = try Browser()
    let html = try ReportPage.html(of: SyntheticStudy.mapped)
    let seen = try browser.visit(html, width: look.width, height: look.height, isDark: look.isDark)
      .screenshot
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/\(look.testDescription).png")
    if ProcessInfo.processInfo.environment["STRATA_ACCEPT"] == "1" {
      try seen.write(to: file)
      return
    }
    let difference = try browser.difference(seen, Data(contentsOf: file))
    #expect(
      difference < 0.01,
      "look at Golden/\(look.testDescription).png; STRATA_ACCEPT=1 writes what is seen now")
  }

  @Test("pictures of one page in light and dark are far apart, and one picture is not") func apart() throws
  {
    let browser = try Browser()
    let html = try ReportPage.html(of: SyntheticStudy.small)
    let pictures = try [false, true].map {
      try browser.visit(html, width: 375, height: 1000, isDark: $0).screenshot
    }
    #expect(try browser.difference(pictures[0], pictures[1]) > 0.2)
    #expect(try browser.difference(pictures[0], pictures[0]) == 0)
    let narrower = try browser.visit(html, width: 360, height: 1000, isDark: false).screenshot
    #expect(try browser.difference(pictures[0], narrower) == 1)
  }
}
