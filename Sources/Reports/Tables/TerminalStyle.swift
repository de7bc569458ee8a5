import Foundation

/// What the place that text is printed to can show.
public struct TerminalStyle: Equatable, Sendable {
  /// Columns of characters.
  public var width: Int
  /// Whether escape sequences for colours are understood.
  public var colour: Bool
  /// Whether stars, rules and true minus signs come out right; ASCII stands in for them otherwise.
  public var unicode: Bool

  public init(width: Int = 80, colour: Bool = false, unicode: Bool = true) {
    self.width = width
    self.colour = colour
    self.unicode = unicode
  }

  /// For files, pipes and `print`.
  public static let plain = TerminalStyle()

  /// What standard output can show: colour only on a terminal, none where `NO_COLOR` is set
  /// (no-color.org) or `TERM` is `dumb`; the terminal's own width, else `COLUMNS`, else 80.
  public static func standardOutput(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> TerminalStyle {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    return detect(
      environment: environment, isTerminal: isTerminal, columns: isTerminal ? terminalColumns() : nil)
  }

  static func detect(environment: [String: String], isTerminal: Bool, columns: Int?) -> TerminalStyle {
    let isForbidden = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    let locale = [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]]
      .compactMap { $0 }.first { !$0.isEmpty }
    let isUnicode = locale.map { name in
      name.uppercased().replacingOccurrences(of: "-", with: "").contains("UTF8")
    }
    let width = columns ?? environment["COLUMNS"].flatMap { Int($0) } ?? 80
    return TerminalStyle(
      width: max(40, width), colour: isTerminal && !isForbidden,
      // A pipe or a file takes UTF-8 whatever the locale, as every file we write does.
      unicode: isUnicode ?? !isTerminal)
  }

  private static func terminalColumns() -> Int? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  enum Emphasis: String {
    case peak = "1;32"
    case strong = "1"
    case quiet = "2"
  }

  func paint(_ text: String, _ emphasis: Emphasis) -> String {
    colour && !text.isEmpty ? "\u{1B}[\(emphasis.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// The text with ASCII in place of what the terminal cannot show.
  func spelt(_ text: String) -> String {
    guard !unicode else { return text }
    var plain = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "★": plain += "*"
      case "○": plain += "o"
      case "−", "–", "—", "─": plain += "-"
      case "·": plain += "|"
      case "∞": plain += "inf"
      case "\u{2018}", "\u{2019}": plain += "'"
      case "\u{201C}", "\u{201D}": plain += "\""
      default: plain += scalar.isASCII ? String(scalar) : "?"
      }
    }
    return plain
  }
}
