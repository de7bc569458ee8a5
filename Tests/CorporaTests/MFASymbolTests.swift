import Testing

@testable import Corpora

@Suite("The Montreal Forced Aligner's phone sets") struct MFASymbolTests {
  private static let rows = ExpectedRow.read("mfa_symbols.tsv")

  @Test("are read whole: features, nucleus and tone of each symbol")
  func symbols() {
    #expect(Self.rows.count == 767)
    for row in Self.rows {
      let symbol = row["label"]
      let features = PhoneSet.ipa.features(of: symbol)
      for feature in ArticulatoryFeatures.Feature.allCases {
        #expect(features?[feature] ?? "" == row[feature.rawValue], "\(symbol): \(feature.rawValue)")
      }
      #expect(PhoneSet.ipa.isVowel(symbol) == (row["nucleus"] == "V"), "\(symbol)")
      #expect(PhoneSet.ipa.tone(of: symbol) ?? "" == row["tone"], "\(symbol)")
      #expect(PhoneSet.ipa.knows(symbol), "\(symbol)")
    }
  }
}
