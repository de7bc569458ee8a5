import Foundation
import Testing

@testable import Corpora

@Suite("Corpora by name") struct NamedLayoutTests {
  private func load(_ layout: String, _ folder: TemporaryFolder) throws -> Corpus {
    try Corpus.load("\(layout):\(folder.path)") { _ in 1 }
  }

  /// What a layout needs, in the order in which it is asked for, and what it then makes of it.
  static let layouts:
    [(name: String, steps: [(file: String, text: String, lacks: String)], speakers: Set<String>)] = [
      (
        "librispeech",
        [
          ("dev-clean/84/121123/84-121123-0000.flac", "", "READER-CHAPTER-NUMBER.flac"),
          (
            "dev-clean/84/121123/84-121123.alignment.txt", "84-121123-0000 \"GO,\" \"0.5,1.0\"\n",
            "alignments"
          ),
        ], ["84"]
      ),
      (
        "timit",
        [
          ("TRAIN/DR1/FCJF0/SA1.WAV", "", "SA1.WAV"),
          ("TRAIN/DR1/FCJF0/SA1.PHN", "0 8000 sh\n8000 16000 iy\n", "phones (.PHN)"),
          ("TRAIN/DR1/FCJF0/SA1.WRD", "0 16000 she\n", "words (.WRD)"),
        ], ["FCJF0"]
      ),
      (
        "commonvoice",
        [
          ("clips/common_voice_de_1.mp3", "", "clips/"),
          (
            "validated.tsv", "client_id\tpath\tsentence\nanna\tcommon_voice_de_1.mp3\tja\n", "validated.tsv"
          ),
          ("TextGrid/common_voice_de_1.TextGrid", said("ja"), "labels in time"),
        ], ["anna"]
      ),
      (
        "buckeye",
        [
          ("s01/s0101a.wav", "", "s0101a.wav"),
          ("s01/s0101a.phones", "signal s0101a\n#\n 0.5 121 ih\n 1.0 121 t\n", ".phones"),
          ("s01/s0101a.words", "signal s0101a\n#\n 1.0 121 it; ih t; ih t; PRP\n", ".words"),
        ], ["s01"]
      ),
      (
        "voxpopuli",
        [
          ("2012/20120419-0900-PLENARY-8-en_1.ogg", "", "by year"),
          (
            "asr_dev.tsv",
            "id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender\n"
              + "20120419-0900-PLENARY-8-en_1\tYes.\tyes\t1234\tdev\tfemale\n", "asr_dev.tsv"
          ),
          ("aligned/20120419-0900-PLENARY-8-en_1.TextGrid", said("yes"), "labels in time"),
        ], ["1234"]
      ),
    ]

  @Test("name what is missing, one thing after another, and are read once all is there", arguments: 0..<5)
  func complete(index: Int) throws {
    let layout = Self.layouts[index]
    let folder = try TemporaryFolder()
    for step in layout.steps {
      let error = #expect(throws: CorpusError.self) { try load(layout.name, folder) }
      #expect(error?.description.contains(step.lacks) == true, "\(error?.description ?? "")")
      #expect(error?.description.contains("not \(layout.name)") == true && error?.kind == .missingInput)
      try folder.write(step.file, step.text)
    }
    let corpus = try load(layout.name, folder)
    #expect(corpus.utterances.count == 1 && Set(corpus.utterances.map(\.speaker)) == layout.speakers)
    #expect(corpus.layout?.rawValue == layout.name && corpus.place == "\(layout.name):\(folder.path)")
    #expect(corpus.path == folder.path)
  }

  @Test("VoxPopuli's three lists are one, and a corpus.yaml has the last word")
  func lists() throws {
    let folder = try TemporaryFolder()
    let head = "id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender\n"
    for (split, number) in [("train", 1), ("dev", 2), ("test", 3)] {
      let name = "20120419-en_\(number)"
      try folder.write("2012/\(name).ogg")
      try folder.write("2012/\(name).TextGrid", said("yes"))
      try folder.write(
        "asr_\(split).tsv", head + "\(name)\tYes.\tyes \(split)\t\(number)\t\(split)\tmale\n")
    }
    let corpus = try load("voxpopuli", folder)
    #expect(corpus.utterances.map(\.speaker) == ["1", "2", "3"])
    #expect(Set(corpus.utterances.map(\.sentence)) == ["yes train", "yes dev", "yes test"])
    try folder.write("corpus.yaml", "speaker: {constant: all}\n")
    #expect(try Set(load("voxpopuli", folder).utterances.map(\.speaker)) == ["all"])
  }

  @Test("a name that no layout has is told with the nearest, and a folder of such a name is a folder")
  func unknown() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: CorpusError.self) { try load("libri", folder) }
    #expect(error?.description.contains("librispeech") == true && error?.kind == .badRequest)
    let missing = #expect(throws: CorpusError.self) {
      try Corpus.load("timit:/nowhere/at/all") { _ in 1 }
    }
    #expect(missing == .missing(path: "/nowhere/at/all"))
    #expect(NamedLayout.named(in: "timit:a:b")?.path == "a:b")
    #expect(NamedLayout.named(in: "c:\\corpus") == nil && NamedLayout.named(in: "corpus") == nil)
  }
}
