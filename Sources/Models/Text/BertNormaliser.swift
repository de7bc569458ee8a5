import Foundation

/// What BERT does to a text before it looks into its vocabulary (Devlin 2019): control characters go, CJK ideographs
/// stand alone, and where the model wants that accents go and letters become small.
struct BertNormaliser: Sendable, Equatable {
  var cleans = true
  var separatesIdeographs = true
  var stripsAccents = true
  var lowercases = true

  /// A scalar of the normalised text, and the place of the scalar that it was made of.
  struct Mapped {
    var scalar: Unicode.Scalar
    var source: Int
  }

  /// The words of `text[range]`: cut at white space, punctuation alone.
  func words(of text: [Unicode.Scalar], in range: Range<Int>) -> [[Mapped]] {
    var words: [[Mapped]] = []
    var word: [Mapped] = []
    func finish() {
      if !word.isEmpty { words.append(word) }
      word = []
    }
    for index in range {
      let scalar = text[index]
      if cleans && Self.isDropped(scalar) { continue }
      if Self.isSpace(scalar) {
        finish()
      } else {
        let standsAlone = separatesIdeographs && Self.isIdeograph(scalar)
        if standsAlone { finish() }
        for scalar in normalised(scalar) {
          if Self.isPunctuation(scalar) {
            finish()
            words.append([Mapped(scalar: scalar, source: index)])
          } else if Self.isSpace(scalar) {
            finish()
          } else {
            word.append(Mapped(scalar: scalar, source: index))
          }
        }
        if standsAlone { finish() }
      }
    }
    finish()
    return words
  }

  /// Scalar by scalar: marks whose order a decomposition of the whole would change are stripped anyway.
  private func normalised(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if scalar.isASCII {
      return lowercases ? Array(scalar.properties.lowercaseMapping.unicodeScalars) : [scalar]
    }
    var scalars = [scalar]
    if stripsAccents {
      scalars = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars
        .filter { $0.properties.generalCategory != .nonspacingMark }
    }
    return lowercases ? scalars.flatMap { $0.properties.lowercaseMapping.unicodeScalars } : scalars
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  /// Control, format and private characters.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": return false
    case "\0", "\u{FFFD}": return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  /// ASCII's signs count although Unicode calls some of them symbols.
  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// The blocks that BERT's authors listed; Hangul and kana are written with spaces or in words.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B820...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
