/// Praat's backslash trigraphs for phonetic signs (manual, “Phonetic symbols”; the letters that Praat 6.1 itself writes).
enum PraatTrigraphs {
  /// The text with the signs that its trigraphs stand for; what is no trigraph stays as it is.
  static func decoded(_ text: String) -> String {
    var decoded = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      if character == "\\", rest.count >= 2, let sign = signs[String(rest.prefix(2))] {
        decoded.unicodeScalars.append(contentsOf: sign.unicodeScalars)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(character)
      }
    }
    return decoded
  }

  /// The two characters behind the backslash.
  private static let signs: [String: String] = [
    "ae": "æ", "as": "ɑ", "ab": "ɒ", "at": "ɐ", "sw": "ə", "sr": "ɚ", "ef": "ɛ", "er": "ɜ", "kb": "ɞ",
    "e-": "ɘ", "o-": "ɵ", "o/": "ø", "oe": "œ", "Oe": "ɶ", "ct": "ɔ", "ic": "ɪ", "i-": "ɨ", "u-": "ʉ",
    "hs": "ʊ", "yc": "ʏ", "mt": "ɯ", "rh": "ɤ", "vt": "ʌ", "l-": "ɬ", "lz": "ɮ", "l~": "ɫ", "l.": "ɭ",
    "yt": "ʎ", "lc": "ʟ", "fh": "ɾ", "rl": "ɺ", "f.": "ɽ", "rt": "ɹ", "r.": "ɻ", "rc": "ʀ", "ri": "ʁ",
    "tf": "θ", "dh": "ð", "sh": "ʃ", "zh": "ʒ", "s.": "ʂ", "z.": "ʐ", "ng": "ŋ", "nj": "ɲ", "n.": "ɳ",
    "nc": "ɴ", "mj": "ɱ", "?g": "ʔ", "c,": "ç", "jc": "ʝ", "gf": "ɣ", "ff": "ɸ", "bf": "β", "cf": "χ",
    "h-": "ħ", "hj": "ɧ", "9e": "ʕ", "h^": "ɦ", "t.": "ʈ", "d.": "ɖ", "gs": "ɡ", "j-": "ɟ", "gc": "ɢ",
    "b^": "ɓ", "d^": "ɗ", "j^": "ʄ", "g^": "ɠ", "G^": "ʛ", "wt": "ʍ", "ht": "ɥ", "ml": "ɰ", "vs": "ʋ",
    "cc": "ɕ", "zc": "ʑ", "hc": "ʜ", "9-": "ʢ", "?-": "ʡ", "O.": "ʘ", "|1": "ǀ", "|-": "ǂ", "|2": "ǁ",
    "bc": "ʙ", ":f": "ː", ".f": "ˑ", "'1": "ˈ", "'2": "ˌ", "^h": "ʰ", "^w": "ʷ", "^j": "ʲ", "^g": "ˠ",
    "hr": "˞", "ap": "ʼ", "^l": "ˡ", "^n": "ⁿ", "`^": "\u{300}", "'^": "\u{301}", "^^": "\u{302}",
    "~^": "\u{303}", "-^": "\u{304}", "N^": "\u{306}", ":^": "\u{308}", "0^": "\u{30a}", "v^": "\u{30c}",
    "T(": "\u{318}", "T)": "\u{319}", "cn": "\u{31a}", "cv": "\u{31c}", "T^": "\u{31d}", "Tv": "\u{31e}",
    "+v": "\u{31f}", "-v": "\u{320}", ":v": "\u{324}", "0v": "\u{325}", "|v": "\u{329}", "Nv": "\u{32a}",
    "nv": "\u{32f}", "~v": "\u{330}", "~<": "\u{334}", "3v": "\u{339}", "Uv": "\u{33a}", "Dv": "\u{33b}",
    "li": "\u{361}",
  ]
}
