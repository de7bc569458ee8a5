import Testing

@testable import Corpora

@Suite("Phones have the features that the literature gives them") struct ExpectedPhoneTests {
  @Test("IPA signs", arguments: ExpectedRow.read("ipa_features.tsv"))
  func ipa(row: ExpectedRow) { check(.ipa, row) }

  @Test("X-SAMPA signs", arguments: ExpectedRow.read("sampa_features.tsv"))
  func sampa(row: ExpectedRow) {
    check(.sampa, row)
    #expect(PhoneSet.sampa.isVowel(row["label"]) == (row["nucleus"] == "V"))
  }

  @Test("the tables are there")
  func complete() {
    #expect(ExpectedRow.read("ipa_features.tsv").count == 77)
    #expect(ExpectedRow.read("sampa_features.tsv").count == 53)
    #expect(ExpectedRow.read("syllables.tsv").count == 90)
  }

  private func check(_ set: PhoneSet, _ row: ExpectedRow) {
    let features = set.features(of: row["label"])
    for feature in ArticulatoryFeatures.Feature.allCases {
      #expect(features?[feature] ?? "" == row[feature.rawValue], "\(row["label"]): \(feature.rawValue)")
    }
  }
}

@Suite("Words are divided as the literature divides them") struct ExpectedSyllableTests {
  @Test(
    "each word", arguments: ExpectedRow.read("syllables.tsv").filter { !$0["source"].contains("DEBATABLE") }
  )
  func divided(row: ExpectedRow) throws {
    let want = row["want"]
    let phones = want.split(separator: " ").map(String.init).filter { $0 != "." }
    let language = try #require(SpokenLanguage(rawValue: row["language"].lowercased()))
    let set = try #require(["none": PhoneSet.romaji, "timit": .buckeye, "ipa": .ipa][row["phone_set"]])
    let syllables = Syllabifier(set, language: language).syllables(of: phones)
    #expect(syllables.map { phones[$0].joined(separator: " ") }.joined(separator: " . ") == want)
  }
}
