import Foundation
import StrataTestSupport

/// A headless Chromium: what a page asks for, says on its console and looks like.
struct Browser {
  private let program: String
  private let folder: TemporaryFolder

  /// Whether there is one in `PATH`; `scripts/check-report.sh` installs Debian's.
  static var isInstalled: Bool { path(of: "chromium") != nil }

  /// Whether text is as wide here as in the pictures that are kept.
  static var hasFontsOfPictures: Bool {
    guard let matcher = path(of: "fc-match"),
      let answer = try? ProgramRun(matcher, ["--format=%{family}", "system-ui"])
    else { return false }
    return answer.output == "DejaVu Sans"
  }

  private static func path(of program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  init() throws {
    guard let program = Self.path(of: "chromium") else { throw CocoaError(.fileNoSuchFile) }
    self.program = program
    folder = try TemporaryFolder()
  }

  /// What became of a page that was opened.
  struct Visit {
    /// Errors, warnings and messages.
    let console: [String]
    /// What the page, not the browser of itself, asked for from outside.
    let requests: [String]
    let screenshot: Data
  }

  /// The picture has a pixel for four of the page's, to be small.
  func visit(_ html: String, width: Int, height: Int, isDark: Bool) throws -> Visit {
    let page = try folder.write(Data(html.utf8), to: "page.html")
    let (picture, log) = ("\(folder.path)/page.png", "\(folder.path)/requests.json")
    let run = try run([
      "--enable-logging=stderr", "--force-device-scale-factor=0.5", "--log-net-log=\(log)",
      "--hide-scrollbars",
      "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--window-size=\(width),\(height)",
      "--screenshot=\(picture)", "file://\(page)",
    ])
    let messages = run.errors.split(separator: "\n").map(String.init).filter { $0.contains(":CONSOLE:") }
    return Visit(
      console: messages, requests: try requests(in: Data(contentsOf: URL(filePath: log))),
      screenshot: try Data(contentsOf: URL(filePath: picture)))
  }

  /// How far apart two pictures are: the root of the mean squared difference of a quarter of their size, 0 to 1;
  /// 1 where their sizes differ. The browser itself reads them.
  func difference(_ a: Data, _ b: Data) throws -> Double {
    let html = """
      <!doctype html><img id="a" src="data:image/png;base64,\(a.base64EncodedString())">
      <img id="b" src="data:image/png;base64,\(b.base64EncodedString())"><p id="answer">none</p>
      <script>
      function pixels(image) {
        const canvas = document.createElement("canvas");
        canvas.width = image.naturalWidth / 4; canvas.height = image.naturalHeight / 4;
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
      }
      onload = () => {
        const [a, b] = ["a", "b"].map(id => pixels(document.getElementById(id)));
        let sum = 0;
        for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
        const same = a.length === b.length && a.length > 0;
        document.getElementById("answer").textContent = same ? Math.sqrt(sum / a.length) / 255 : 1;
      };
      </script>
      """
    let page = try folder.write(Data(html.utf8), to: "difference.html")
    let dom = try run(["--virtual-time-budget=10000", "--dump-dom", "file://\(page)"]).output
    guard let answer = dom.firstMatch(of: /<p id="answer">([0-9.e-]+)<\/p>/), let value = Double(answer.1)
    else {
      throw CocoaError(.fileReadCorruptFile)
    }
    return value
  }

  private func run(_ arguments: [String]) throws -> ProgramRun {
    try ProgramRun(
      program,
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--user-data-dir=\(folder.path)/profile",
      ] + arguments)
  }

  /// The browser notes who began a request: a page, or nobody ("not an origin") where it was itself.
  private func requests(in log: Data) throws -> [String] {
    guard let whole = try JSONSerialization.jsonObject(with: log) as? [String: Any],
      let events = whole["events"] as? [[String: Any]]
    else { throw CocoaError(.fileReadCorruptFile) }
    return events.compactMap { event in
      guard let facts = event["params"] as? [String: Any], let url = facts["url"] as? String,
        let initiator = facts["initiator"] as? String, initiator != "not an origin"
      else { return nil }
      return url
    }
  }
}
