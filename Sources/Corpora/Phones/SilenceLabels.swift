/// Which labels stand for silence, or for sound that is no speech or was not understood.
public enum SilenceLabels {
  /// What the tools in use write, by tool, at any level; lower-cased. A plain “pause”, “silence” or “noise” is a word.
  public static let usual: Set<String> = Set(sources.flatMap(\.labels))

  /// What only phone tiers have; the same letters are words elsewhere. Lower-cased.
  public static let ofPhones: Set<String> = Set(phoneSources.flatMap(\.labels))

  static let sources: [(source: String, labels: [String])] = [
    ("Praat, Montreal Forced Aligner 2 and later", [""]),
    (
      "HTK, Kaldi, Julius",
      ["sil", "sp", "spn", "nsn", "silb", "sile", "<sil>", "!sil", "!enter", "!exit", "!null"]
    ),
    ("Montreal Forced Aligner", ["<eps>", "<unk>", "<cutoff>", "[bracketed]", "[laughter]"]),
    (
      "Kaldi's recipes",
      [
        "<noise>", "<spoken_noise>", "[noise]", "[vocalized-noise]", "[vocalised-noise]", "{nsn}", "{spn}",
        "{sil}",
      ]
    ),
    (
      "language models",
      ["<s>", "</s>", "<silence>", "<pause>", "<oov>", "<garbage>", "sent-start", "sent-end"]
    ),
    ("TIMIT, Festival, HTS", ["h#", "#h", "pau", "epi", "#", "ssil", "brth"]),
    ("MAUS, WebMAUS", ["<p:>", "<p>", "<usb>", "<nib>"]),
    (
      "Buckeye",
      [
        "vocnoise", "iver", "<noise>", "<vocnoise>", "<iver>", "<laugh>", "<unknown>", "<exclude>",
        "<exclude-name>",
        "{b_trans}", "{e_trans}", "{b_third_speaker}", "{e_third_speaker}",
      ]
    ),
    ("charsiu, Hugging Face tokenisers", ["[sil]", "[unk]", "[pad]", "<pad>"]),
    ("NeMo", ["<b>"]),
    ("Opencpop, M4Singer, nnmnkwii", ["<ap>", "<sp>", "_", "<br>", "[breath]", "<breath>"]),
    ("Gentle", ["not-found-in-audio"]),
    ("CHAT", ["xxx"]),
    ("Switchboard, Fisher", ["[silence]", "[lipsmack]", "[cough]", "[mn]", "((", "))"]),
  ]

  private static let phoneSources: [(source: String, labels: [String])] = [
    ("Buckeye", ["noise", "laugh", "unknown", "exclude"]),
    ("Opencpop", ["ap", "br"]),
    ("Gentle", ["oov"]),
    ("Kaldi's Switchboard", ["lau"]),
  ]

  /// A key without Kaldi's mark of the place in the word: `sil_s`; nil where it has none.
  static func withoutPosition(_ key: String) -> String? {
    guard key.utf8.count > 3, let last = key.utf8.last, "bies".utf8.contains(last),
      key.utf8.dropLast().last == UInt8(ascii: "_")
    else { return nil }
    return String(key.dropLast(2))
  }

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
