/// What the syllables of a language can begin with, in IPA whatever the corpus's alphabet is.
///
/// English: Kahn (1976), Harris (1994). German: Wiese (1996), without the clusters of `s` that only foreign words begin with.
/// French and Spanish: a consonant, an obstruent with a liquid, either with a glide (Dell 1995; Harris 1983).
struct Onsets: Sendable {
  let language: SpokenLanguage?
  /// Keys with blanks between them: `s t ɹ`.
  private var clusters: Set<String>
  /// Where no table is known, an onset is the longest run in which sonority rises (Clements 1990).
  private let goesBySonority: Bool

  /// `more` are clusters of labels with blanks between them, in the alphabet of `set`.
  init(_ language: SpokenLanguage?, more: [String], in set: PhoneSet) {
    self.language = language
    clusters = language.map(Self.table) ?? []
    goesBySonority = language == nil && more.isEmpty
    for cluster in more {
      let readings = cluster.split(whereSeparator: \.isWhitespace).map { set.reading(of: String($0)) }
      let keys = readings.map { Self.key($0?.signs ?? [], of: language) }
      if !keys.contains("") { clusters.insert(keys.joined(separator: " ")) }
    }
  }

  /// Whether consonants can begin a syllable; nil stands for a label that the alphabet does not have.
  func contains(_ consonants: [PhoneReading?]) -> Bool {
    var known: [PhoneReading] = []
    for consonant in consonants {
      guard let consonant else { return false }
      // A closure and its release are one consonant: `s tcl t r` begins as `s t r` does.
      if !consonant.isClosure { known.append(consonant) }
    }
    if goesBySonority {
      let sonority = known.map { $0.signs.first?.sonority ?? .stop }
      return zip(sonority, sonority.dropFirst()).allSatisfy { $0 < $1 }
    }
    let keys = known.map { Self.key($0.signs, of: language) }
    guard let first = keys.first else { return false }
    if keys.count == 1 { return isSingle(first) || clusters.contains(first) }
    if clusters.contains(keys.joined(separator: " ")) { return true }
    guard let last = keys.last, glides.contains(last) else { return false }
    let before = keys.dropLast()
    return before.count == 1
      ? isSingle(first) && !glides.contains(first)
      : language != .german && clusters.contains(before.joined(separator: " "))
  }

  /// Every consonant but the velar nasal and the glides that end diphthongs.
  private func isSingle(_ key: String) -> Bool {
    if key.isEmpty || key.contains("\u{32f}") { return false }
    return language == nil || language == .japanese || key != "ŋ"
  }

  /// The glides that may follow any consonant; English lists which may follow which.
  private var glides: Set<String> {
    switch language {
    case .german: ["j"]
    case .spanish: ["j", "w"]
    case .french, .mandarin: ["j", "w", "ɥ"]
    case .japanese: ["j", "w"]
    case .english, nil: []
    }
  }

  /// Letters without their marks, spelt as the language's table spells them.
  static func key(_ signs: [IPALabel.Sign], of language: SpokenLanguage?) -> String {
    var key = ""
    for sign in signs {
      if sign.isVowel, sign.isNonSyllabic {
        key += glide[sign.letter] ?? (String(sign.letter) + "\u{32f}")
      } else {
        key += spelling(sign.letter, language)
      }
    }
    return key
  }

  private static let glide: [Unicode.Scalar: String] = ["i": "j", "ɪ": "j", "u": "w", "ʊ": "w", "y": "ɥ"]

  private static func spelling(_ letter: Unicode.Scalar, _ language: SpokenLanguage?) -> String {
    switch (letter, language) {
    case ("ɫ", _): "l"
    case ("r", .english), ("ɻ", .english), ("ʁ", .english): "ɹ"
    // Fronted before front vowels and j, in the Montreal Forced Aligner's English.
    case ("c", .english): "k"
    case ("ɟ", .english): "ɡ"
    case ("ɲ", .english): "n"
    case ("ç", .english): "h"
    case ("ʎ", .english): "l"
    case ("ɱ", .english): "m"
    case ("r", .german), ("ɹ", .german), ("ʀ", .german), ("ɾ", .german): "ʁ"
    case ("ʁ", .french), ("ʀ", .french), ("ɹ", .french), ("ɾ", .french), ("ɾ", .spanish): "r"
    case ("β", .spanish): "b"
    case ("ð", .spanish): "d"
    case ("ɣ", .spanish): "ɡ"
    default: String(letter)
    }
  }

  private static func table(of language: SpokenLanguage) -> Set<String> {
    switch language {
    case .english: english
    case .german: german
    case .french: obstruentsWithLiquids("p b t d k ɡ f v", except: ["t l", "d l"])
    case .spanish: obstruentsWithLiquids("p b t d k ɡ f", except: ["t l", "d l"])
    case .mandarin, .japanese: []
    }
  }

  private static let english = clusters(
    """
    p l,p ɹ,p j,b l,b ɹ,b j,t ɹ,t w,d ɹ,d w,k l,k ɹ,k w,k j,ɡ l,ɡ ɹ,ɡ w,ɡ j,f l,f ɹ,f j,v j,θ ɹ,θ w,s p,s t,s k,s f,s m,s n,\
    s l,s w,ʃ ɹ,h j,h w,m j,n j,s p l,s p ɹ,s p j,s t ɹ,s k l,s k ɹ,s k w,s k j
    """)

  private static let german = clusters(
    """
    p l,p ʁ,p n,p s,b l,b ʁ,t ʁ,d ʁ,k l,k ʁ,k n,k v,ɡ l,ɡ ʁ,ɡ n,f l,f ʁ,v ʁ,pf l,pf ʁ,ts v,ʃ l,ʃ m,ʃ n,ʃ ʁ,ʃ v,ʃ p,ʃ t,\
    ʃ p l,ʃ p ʁ,ʃ t ʁ
    """)

  private static func clusters(_ text: String) -> Set<String> {
    Set(text.split(separator: ",").map { String($0).trimmed })
  }

  private static func obstruentsWithLiquids(_ obstruents: String, except: Set<String>) -> Set<String> {
    let all = obstruents.split(separator: " ").flatMap { ["\($0) l", "\($0) r"] }
    return Set(all).subtracting(except)
  }
}
