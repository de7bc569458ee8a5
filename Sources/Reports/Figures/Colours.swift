import Corpora
import Foundation

/// Colours of data. Those of levels are Okabe and Ito's (Color Universal Design, 2008), told apart with any
/// kind of colour vision; the ramp of heat maps is viridis (van der Walt and Smith, 2015, CC0), whose
/// lightness rises evenly, so it reads in greyscale too.
enum Colours {
  static func of(_ level: Level) -> String {
    switch level {
    // No study has levels of speech and of text below or around the word at once.
    case .sound, .character: "#56b4e9"
    case .phoneme: "#0072b2"
    case .syllable, .clause: "#d55e00"
    case .mora: "#882255"
    case .word: "#009e73"
    case .phrase: "#cc79a7"
    case .sentence: "#e69f00"
    }
  }

  /// Red, green and blue, 0…1.
  typealias RGB = (red: Double, green: Double, blue: Double)

  /// An ink laid over a paper: none of it at strength 0, nothing else at 1.
  static func mixed(_ ink: RGB, over paper: RGB = (1, 1, 1), _ strength: Double) -> RGB {
    func channel(_ ink: Double, _ paper: Double) -> Double { paper + (ink - paper) * strength }
    return (
      channel(ink.red, paper.red), channel(ink.green, paper.green), channel(ink.blue, paper.blue)
    )
  }

  /// Viridis at eighths of its length.
  private static let viridis: [UInt32] = [
    0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725,
  ]

  /// The ramp at `share`, 0 (dark violet) to 1 (yellow); beyond them the ends.
  static func ramp(_ share: Double) -> RGB {
    let place = min(max(share.isFinite ? share : 0, 0), 1) * Double(viridis.count - 1)
    let index = min(Int(place), viridis.count - 2)
    let (a, b, t) = (rgb(viridis[index]), rgb(viridis[index + 1]), place - Double(index))
    return (
      a.red + (b.red - a.red) * t, a.green + (b.green - a.green) * t, a.blue + (b.blue - a.blue) * t
    )
  }

  private static func rgb(_ hex: UInt32) -> RGB {
    (Double(hex >> 16 & 0xFF) / 255, Double(hex >> 8 & 0xFF) / 255, Double(hex & 0xFF) / 255)
  }

  static func hex(_ colour: RGB) -> String {
    let digits = Array("0123456789abcdef")
    return "#"
      + [colour.red, colour.green, colour.blue].map { channel in
        let byte = Int((channel * 255).rounded())
        return String([digits[byte / 16], digits[byte % 16]])
      }.joined()
  }

  /// Relative luminance (WCAG 2.2).
  static func luminance(_ colour: RGB) -> Double {
    func linear(_ channel: Double) -> Double {
      channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
  }

  /// Black or white, whichever stands out more against the colour: always at least 4.5 to 1.
  static func text(on colour: RGB) -> String {
    luminance(colour) > 0.179 ? "#000000" : "#ffffff"
  }
}
