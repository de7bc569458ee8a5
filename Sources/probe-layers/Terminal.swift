import Foundation

/// The two streams that people and programs read.
enum Terminal {
  /// Whether people are looking.
  static var isError: Bool { isatty(STDERR_FILENO) == 1 }

  /// Writes all of `text`, as it is; an error number where that fails.
  static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let slice = UnsafeRawBufferPointer(rebasing: rest)
        let count = systemWrite(descriptor, slice.baseAddress, slice.count)
        if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return errno }
      }
      return nil
    }
  }

  /// The text with everything escaped that would steer a terminal, or turn what is read around: names and lines of files
  /// may hold such. Line ends stay.
  static func safe(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: steers) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if steers(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// An error's text, of which no line is longer than a screen or two: what is quoted of a file may be all on one line.
  static func shortened(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.unicodeScalars.count > 1200
        ? String(line.unicodeScalars.prefix(800)) + " … " + String(line.unicodeScalars.suffix(300))
        : String(line)
    }.joined(separator: "\n")
  }

  private static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0a, 0x09: false
    case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}

/// The system's `write`, which methods of that name hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// Standard output that cannot be written, after everything else was.
struct OutputFailure: Error {
  /// The system's error number.
  let number: Int32

  /// Nobody reads on, as in `probe-layers … | head`.
  var isClosedPipe: Bool { number == EPIPE }
}

/// Writes a line to standard error, so that standard output stays clean for tables. A terminal that has gone or a full
/// disk behind it is no reason to stop working.
func standardError(_ text: String) { _ = Terminal.write(Terminal.safe(text) + "\n", to: STDERR_FILENO) }

/// Writes a line to standard output. Throws `OutputFailure`.
func standardOutput(_ text: String) throws {
  if let number = Terminal.write(text + "\n", to: STDOUT_FILENO) { throw OutputFailure(number: number) }
}
