/// Which labels stand for silence, or for sound that is no speech.
public enum SilenceLabels {
  /// What the tools in use write: Praat and MFA 2 and later (empty), HTK and Kaldi (`sil`, `sp`, `spn`, `nsn`),
  /// MFA 1 and OpenFst (`<eps>`), TIMIT (`h#`, `pau`, `epi`), Festival (`pau`, `#`, `H#`), MAUS (`<p:>`). A plain
  /// “pause” or “silence” is a word.
  public static let usual: Set<String> = [
    "", "sil", "sp", "spn", "nsn", "<eps>", "h#", "#h", "pau", "epi", "<sil>", "<s>", "</s>", "#", "<p:>",
    "<silence>", "<pause>",
  ]

  /// The form in which labels are compared: without white space around them and lower-cased.
  static func key(_ label: String) -> String {
    // Most labels are a few ASCII letters without any space.
    let bytes = label.utf8
    guard let first = bytes.first, let last = bytes.last else { return label }
    if first > 32, last > 32, bytes.allSatisfy({ $0 < 128 && !(65...90).contains($0) }) { return label }
    return label.trimmed.lowercased()
  }
}

extension StringProtocol {
  /// Without white space at both ends.
  var trimmed: String {
    guard let first, let last = suffix(1).first, first.isWhitespace || last.isWhitespace else {
      return String(self)
    }
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }
}
