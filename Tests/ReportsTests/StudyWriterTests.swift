import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

@Suite("Writing a study's folder") struct StudyWriterTests {
  /// A folder of its own for each test, gone afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/strata-reports-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func contents(_ folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
      if !isFolder.boolValue {
        files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
    }
    return files
  }

  private static let names: Set = [
    "report.html", "summary.md", "layers.csv", "similarity.csv", "spectra.csv", "layers.tex", "study.json",
    "figures/layers-by-levels.svg", "figures/profile-phoneme.svg", "figures/profile-syllable.svg",
    "figures/profile-word.svg", "figures/similarity-debiased-linear-cka.svg", "figures/spectra.svg",
  ]

  @Test("writes every file, leaves nothing else, and reads back") func writes() throws {
    try withFolder { folder in
      let study = SyntheticStudy.small
      let paths = try StudyWriter.write(study, to: folder + "/deep/er")
      #expect(Set(paths.map { String($0.dropFirst(folder.count + 9)) }) == Self.names)
      #expect(try Set(contents(folder + "/deep/er").keys) == Self.names.union(["manifest.json"]))
      #expect(try StudyJSON.read(folder + "/deep/er") == study)
      #expect(try StudyJSON.read(folder + "/deep/er/study.json") == study)
    }
  }

  @Test("mistakes have files of their own where they were analysed") func mistakes() throws {
    try withFolder { folder in
      var study = SyntheticStudy.small
      study.levels[0].errors = [SyntheticStudy.errors]
      let paths = try StudyWriter.write(study, to: folder)
      let more = Set(paths.map { String($0.dropFirst(folder.count + 1)) }).subtracting(Self.names)
      #expect(more.isSuperset(of: ["confusions.csv", "errors.csv", "mistakes.csv"]))
      #expect(try StudyJSON.read(folder) == study)
    }
  }

  @Test("the same study gives the same bytes, a second time too") func deterministic() throws {
    try withFolder { folder in
      try StudyWriter.write(SyntheticStudy.large, to: folder)
      let first = try contents(folder)
      try StudyWriter.write(StudyJSON.read(folder), to: folder)
      #expect(try contents(folder) == first)
    }
  }

  @Test("where one file cannot be replaced, that path is named and no part is left") func blocked() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/study.json/in-the-way", withIntermediateDirectories: true)
      do {
        try StudyWriter.write(SyntheticStudy.small, to: folder)
        Issue.record("written over a folder")
      } catch let ReportError.writeFailed(path, reason) {
        #expect(path == folder + "/study.json")
        #expect(!reason.isEmpty)
      }
      #expect(try contents(folder).isEmpty)
    }
  }

  @Test("a file where the folder should be is named") func fileInTheWay() throws {
    try withFolder { folder in
      try Data("x".utf8).write(to: URL(fileURLWithPath: folder))
      #expect(throws: ReportError.writeFailed(path: folder, reason: "a file of that name is in the way")) {
        try StudyWriter.write(SyntheticStudy.small, to: folder)
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder)) == Data("x".utf8))
    }
  }

  @Test("a study that cannot be written leaves the one before untouched") func nothingHalfWritten() throws {
    try withFolder { folder in
      try StudyWriter.write(SyntheticStudy.small, to: folder)
      let before = try contents(folder)
      var study = SyntheticStudy.small
      study.corpus.seconds = .infinity
      #expect(throws: ReportError.notFinite(place: "corpus.seconds")) {
        try StudyWriter.write(study, to: folder)
      }
      #expect(try contents(folder) == before)
    }
  }

  @Test("nothing of another study stays, and a study of another writing is refused") func reused() throws {
    try withFolder { folder in
      var study = SyntheticStudy.small
      study.levels[0].errors = [SyntheticStudy.errors]
      try StudyWriter.write(study, to: folder, records: [("run.yaml", Data("1".utf8))])
      let old = try contents(folder)
      #expect(old["run.yaml"] != nil && old["mistakes.csv"] != nil)
      try Data().write(to: URL(fileURLWithPath: folder + "/mine.txt"))
      // As before there were manifests.
      for isEarlier in [false, true] {
        if isEarlier {
          for (name, data) in old where name != "manifest.json" {
            try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
          }
          try Data().write(to: URL(fileURLWithPath: folder + "/figures/old.svg"))
          try FileManager.default.removeItem(atPath: folder + "/manifest.json")
        }
        try StudyWriter.write(SyntheticStudy.small, to: folder)
        #expect(try Set(contents(folder).keys) == Self.names.union(["manifest.json", "mine.txt"]))
      }
      try old["study.json"]?.write(to: URL(fileURLWithPath: folder + "/study.json"))
      #expect { try StudyJSON.read(folder) } throws: { "\($0)".contains("was not written together") }
    }
  }

  @Test(
    "labels that a spreadsheet would take for formulas are marked as text",
    arguments: [
      ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""), ("+", "'+"), ("-1+2", "'-1+2"), ("@a", "'@a"),
      ("'=a", "''=a"),
      ("-0.5", "-0.5"), ("+3", "+3"), ("'cause", "'cause"), ("AH0", "AH0"), ("", ""), ("\t=1", "'\t=1"),
    ])
  func formulas(text: String, cell: String) {
    #expect(CSV.field(text) == cell)
  }

  @Test("gaps are announced once in every file") func gaps() throws {
    try withFolder { folder in
      var study = SyntheticStudy.small
      study.levels[0].layers[3].twin?.bits = Estimate(value: .nan, low: .nan, high: .nan)
      try StudyWriter.write(study, to: folder)
      let read = try StudyJSON.read(folder)
      #expect(read.warnings.count == study.warnings.count + 1)
      for name in ["summary.md", "report.html"] {
        let text = String(decoding: try contents(folder)[name] ?? Data(), as: UTF8.self)
        #expect(text.contains("conv.4@untrained"))
      }
    }
  }

  @Test(
    "PNGs have the drawing's size at 300 dots an inch", .enabled(if: (try? PictureConverter.find()) != nil))
  func png() throws {
    try withFolder { folder in
      let paths = try StudyWriter.write(SyntheticStudy.small, to: folder, pictures: [.png])
      #expect(paths.count { $0.hasSuffix(".png") } == 6)
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/figures/profile-phoneme.png"))
      #expect(data.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      let width = data[16..<20].reduce(0) { $0 << 8 | Int($1) }
      #expect(abs(width - Int(90 / 25.4 * 300)) <= 1)
    }
  }

  @Test(
    "PDFs are one page each, of the same bytes again", .enabled(if: (try? PictureConverter.find()) != nil))
  func pdf() throws {
    try withFolder { folder in
      let paths = try StudyWriter.write(SyntheticStudy.small, to: folder, pictures: [.pdf])
      #expect(paths.count { $0.hasSuffix(".pdf") } == 6)
      let path = folder + "/figures/profile-phoneme.pdf"
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(first.prefix(5) == Data("%PDF-".utf8))
      try StudyWriter.write(SyntheticStudy.small, to: folder, pictures: [.pdf])
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
      // Without pictures nothing stale stays.
      try StudyWriter.write(SyntheticStudy.small, to: folder)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test(
    "text in a PDF stays text",
    .enabled(if: (try? PictureConverter.find()) != nil && Self.hasProgram("pdftotext")))
  func pdfText() throws {
    try withFolder { folder in
      try StudyWriter.write(SyntheticStudy.small, to: folder, pictures: [.pdf])
      let run = try ProgramRun("/usr/bin/env", ["pdftotext", folder + "/figures/profile-phoneme.pdf", "-"])
      #expect(run.status == 0 && run.output.contains("untrained"), "\(run.output)\(run.errors)")
    }
  }

  private static func hasProgram(_ name: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
    }
  }

  @Test("without rsvg-convert it says what to install") func noConverter() {
    #expect(throws: ReportError.noConverter) {
      try PictureConverter.find(environment: ["PATH": "/nowhere"])
    }
    #expect(ReportError.noConverter.description.contains("librsvg2-bin"))
  }
}
