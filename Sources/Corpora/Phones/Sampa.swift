/// X-SAMPA, the IPA in ASCII (Wells 1995), with the letters that SAMPA's alphabets and WebMAUS add.
enum Sampa {
  /// What SAMPA and X-SAMPA have and no other alphabet here.
  static func isDistinctive(_ label: String) -> Bool {
    label.utf8.contains { marks.contains($0) } || label.contains("_")
  }

  private static let marks = Set("@{}&\"\\~`".utf8)

  /// A label in IPA, by the longest signs that it can be cut into from its start; nil where it cannot be.
  ///
  /// `"` and `%` are stress. So is an apostrophe before the first letter; behind a consonant it is palatalisation.
  static func ipa(_ label: String) -> String? {
    let characters = Array(label)
    var text = ""
    var place = 0
    while place < characters.count {
      let isInside = !text.isEmpty
      if characters[place] == "'", !isInside {
        text += "ˈ"
        place += 1
        continue
      }
      var length = min(longest, characters.count - place)
      while length > 0, signs[String(characters[place..<(place + length)])] == nil { length -= 1 }
      if length > 0 {
        text += signs[String(characters[place..<(place + length)])] ?? ""
        place += length
      } else if characters[place] == "_", isInside, place + 1 < characters.count {
        // Between two letters it is a tie bar: `t_S`.
        text += "\u{361}"
        place += 1
      } else {
        return nil
      }
    }
    return text.isEmpty ? nil : text
  }

  private static let longest = signs.keys.map(\.count).max() ?? 1

  private static let signs: [String: String] = {
    var signs = letters.merging(diacritics) { $1 }
    // As they are in IPA.
    for letter in "abcdefhijklmnopqrstuvwxyz" { signs[String(letter)] = String(letter) }
    return signs
  }()

  private static let letters: [String: String] = [
    "g": "ɡ", "A": "ɑ", "{": "æ", "6": "ɐ", "Q": "ɒ", "E": "ɛ", "@": "ə", "@\\": "ɘ", "3": "ɜ", "3\\": "ɞ",
    "@`": "ɚ", "3`": "ɝ", "I": "ɪ", "I\\": "ᵻ", "O": "ɔ", "2": "ø", "9": "œ", "&": "ɶ", "U": "ʊ",
    "U\\": "ᵿ",
    "}": "ʉ", "V": "ʌ", "Y": "ʏ", "M": "ɯ", "7": "ɤ", "8": "ɵ", "1": "ɨ",
    "B": "β", "B\\": "ʙ", "C": "ç", "D": "ð", "F": "ɱ", "G": "ɣ", "G\\": "ɢ", "H": "ɥ", "H\\": "ʜ",
    "J": "ɲ", "J\\": "ɟ", "K": "ɬ", "K\\": "ɮ", "L": "ʎ", "L\\": "ʟ", "M\\": "ɰ", "N": "ŋ", "N\\": "ɴ",
    "O\\": "ʘ", "P": "ʋ", "R": "ʁ", "R\\": "ʀ", "S": "ʃ", "T": "θ", "W": "ʍ", "X": "χ", "X\\": "ħ",
    "Z": "ʒ", "4": "ɾ", "5": "ɫ", "?": "ʔ", "?\\": "ʕ", "<\\": "ʢ", ">\\": "ʡ", "!\\": "ǃ", "|\\": "ǀ",
    "|\\|\\": "ǁ", "=\\": "ǂ",
    "d`": "ɖ", "l`": "ɭ", "n`": "ɳ", "r`": "ɽ", "s`": "ʂ", "t`": "ʈ", "z`": "ʐ", "r\\": "ɹ", "r\\`": "ɻ",
    "h\\": "ɦ", "j\\": "ʝ", "l\\": "ɺ", "p\\": "ɸ", "s\\": "ɕ", "v\\": "ʋ", "x\\": "ɧ", "z\\": "ʑ",
    "b_<": "ɓ", "d_<": "ɗ", "g_<": "ɠ", "G\\_<": "ʛ", "J\\_<": "ʄ", "d`_<": "ᶑ",
    "p_<": "ƥ", "t_<": "ƭ", "c_<": "ƈ", "k_<": "ƙ", "q_<": "ʠ",
  ]

  private static let diacritics: [String: String] = [
    "\"": "ˈ", "%": "ˌ", "'": "ʲ", ":": "ː", ":\\": "ˑ", "~": "\u{303}", "=": "\u{329}", "`": "˞",
    "_\"": "\u{308}", "_+": "\u{31f}", "_-": "\u{320}", "_/": "\u{30c}", "_\\": "\u{302}", "_0": "\u{325}",
    "_=": "\u{329}", "_>": "ʼ", "_?\\": "ˤ", "_^": "\u{32f}", "_}": "\u{31a}", "_~": "\u{303}",
    "_A": "\u{318}", "_a": "\u{33a}", "_B": "˩", "_L": "˨", "_M": "˧", "_H": "˦", "_T": "˥",
    "_R": "˩˥", "_F": "˥˩", "_c": "\u{31c}", "_d": "\u{32a}", "_e": "\u{334}", "_G": "ˠ", "_h": "ʰ",
    "_j": "ʲ", "_k": "\u{330}", "_l": "ˡ", "_m": "\u{33b}", "_N": "\u{33c}", "_n": "ⁿ", "_O": "\u{339}",
    "_o": "\u{31e}", "_q": "\u{319}", "_r": "\u{31d}", "_t": "\u{324}", "_v": "\u{32c}", "_w": "ʷ",
    "_X": "\u{306}", "_x": "\u{33d}", "!": "ꜜ", "^": "ꜛ",
  ]
}
