import Corpora
import Foundation
import Strata
import Testing

/// A corpus of `Resources/cases`, and what is right in it.
struct CorpusCase: Sendable, CustomTestStringConvertible {
  let name: String
  let utterances: Int
  /// The first twenty characters of each name, in the order of the alphabet.
  let speakers: String
  /// Spans and classes of each level, such as `88/22`.
  let levels: [Level: String]
  /// What the issues, or the error, have to say.
  let says: [String]

  var testDescription: String { name }
  var path: String { Self.folder + "/" + name }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Resources/cases").path

  static let all: [CorpusCase] = {
    let text = (try? String(contentsOfFile: folder + "/expected.tsv", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let levels = zip([Level.phoneme, .syllable, .word], fields[3...5]).filter { !$1.isEmpty }
      return CorpusCase(
        name: fields[0], utterances: Int(fields[1]) ?? -1, speakers: fields[2],
        levels: Dictionary(uniqueKeysWithValues: levels),
        says: fields[6].components(separatedBy: " | ").filter { !$0.isEmpty })
    }
  }()
}

@Suite("Corpora as they are met") struct CaseTests {
  @Test("what is understood is right, and what cannot be is said", arguments: CorpusCase.all)
  func understood(_ expected: CorpusCase) throws {
    let found = Corpus.read(expected.path)
    var said = found.issues.flatMap { [$0.description, $0.fix ?? ""] }
    switch found.corpus {
    case .success(let corpus):
      let checked = corpus.alignmentChecked()
      said += checked.issues.map(\.description)
      let overview = CorpusOverview(checked)
      #expect(overview.utterances == expected.utterances)
      #expect(overview.speakerNames.map { $0.prefix(20) }.joined(separator: " ") == expected.speakers)
      let levels = overview.levels.filter { [.phoneme, .syllable, .word].contains($0.level) }
      #expect(
        Dictionary(uniqueKeysWithValues: levels.map { ($0.level, "\($0.spans)/\($0.classes)") })
          == expected.levels)
    case .failure(let error):
      #expect(expected.utterances == 0, "\(error)")
      said.append("\(error)")
    }
    for words in expected.says { #expect(said.contains { $0.contains(words) }, "\(words)") }
  }

  @Test("every case is there")
  func complete() { #expect(CorpusCase.all.count == 75) }

  @Test(
    "names of silence change no class",
    arguments: ["charsiu", "julius", "kaldi-pos-gentle", "opencpop-AP", "webmaus-usb"])
  func silence(name: String) throws {
    let cases = CorpusCase.all.filter { $0.name.hasPrefix("06") }
    let named = try #require(cases.first { $0.name.hasSuffix("/" + name) })
    let plain = try #require(cases.first { $0.name.hasSuffix("/baseline") })
    func classes(_ corpus: Corpus) -> [[String]] {
      [Level.phoneme, .word].map { level in
        corpus.utterances.flatMap { $0.spans(at: level).map(\.label) }
      }
    }
    #expect(try classes(.load(named.path)) == classes(.load(plain.path)))
  }
}
