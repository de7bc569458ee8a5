import Foundation
import StrataTestSupport
import Testing

@testable import Probing

@Suite("Probe definitions")
struct ProbeSpecTests {
  @Test("that are bundled are the files in probes/")
  func bundledAreTheFiles() throws {
    let files = try ProbeSpec.load(folder: Repository.path("probes")).sorted { $0.name < $1.name }
    for (file, bundled) in zip(files, ProbeSpec.bundled.sorted { $0.name < $1.name }) {
      #expect(file == bundled)
    }
    #expect(files.count == ProbeSpec.bundled.count)
    func usual(ofText: Bool) -> [String] {
      ProbeSpec.bundled.filter { $0.isDefault && $0.fits(ofText: ofText) }.map(\.name).sorted()
    }
    #expect(usual(ofText: false) == ["phoneme", "syllable", "word"])
    #expect(
      usual(ofText: true) == ["character", "clause", "part-of-speech", "phrase", "sentence", "word"])
    for (name, text) in ProbeSpec.bundledTexts {
      let file = try String(contentsOfFile: Repository.path("probes/\(name).yaml"), encoding: .utf8)
      #expect(file == text, "\(name)")
    }
  }

  @Test("are read with all their keys")
  func everyKey() throws {
    let spec = try ProbeSpec(
      yaml: """
        name: mine
        level: syllable
        pool: center
        penalties: [1, 100]
        min_count: 5
        max_classes: 7
        metric: macro_f1
        control: false
        target: stress
        kind: softmax
        class_weights: balanced
        split: speakers
        input: text
        default: false
        """, path: "mine.yaml")
    #expect(spec.input == .text && !spec.fits(ofText: true) && !spec.fits(ofText: false))
    #expect(spec.target == .stress && spec.isBalanced && spec.division == .speakers && !spec.isDefault)
    #expect(spec.name == "mine" && spec.level == .syllable && spec.pool == .center)
    #expect(spec.penalties == [100, 1] && spec.minimumCount == 5 && spec.maximumClasses == 7)
    #expect(spec.metric == .macroF1 && !spec.control)
    let open = try ProbeSpec(yaml: "name: a\nlevel: word\nmin_count: auto\nmax_classes: auto", path: "a")
    #expect(open.minimumCount == nil && open.maximumClasses == nil)
  }

  @Test(
    "that are wrong are refused with the file, the line and the nearest word",
    arguments: [
      ("name: a\nlevell: word", ["a.yaml:2", "levell", "level"]),
      ("name: a", ["a.yaml", "level"]),
      ("name: a\nlevel: wrod", ["a.yaml:2", "wrod", "word"]),
      ("name: a\nlevel: word\nmin_count: none", ["a.yaml:3", "none"]),
      ("name: a\nlevel: word\npenalties: [1, -1]", ["a.yaml:3", "-1"]),
      ("name: a\nlevel: word\nmetric: acuracy", ["a.yaml:3", "accuracy"]),
      ("name: a\nlevel: word\ntarget: maner", ["a.yaml:3", "manner"]),
      ("name: a\nlevel: word\ntarget: manner", ["a.yaml:3", "phoneme"]),
      ("name: a\nlevel: word\ntarget: duration\nmetric: accuracy", ["a.yaml:3", "r2"]),
      ("name: a\nlevel: word\ntarget: frequency", ["a.yaml:3", "lexicon"]),
      ("name: a\nlevel: word\nkind: lda\nclass_weights: balanced", ["softmax", "lda"]),
      ("- a\n- b", ["a.yaml"]),
      ("name: [", ["a.yaml"]),
      ("", ["a.yaml"]),
    ])
  func wrong(yaml: String, words: [String]) {
    let error = #expect(throws: ProbeSpecError.self) { try ProbeSpec(yaml: yaml, path: "a.yaml") }
    for word in words { #expect(error?.description.contains(word) == true, "\(word): \(error as Any)") }
  }

  @Test("of one's own stand beside the bundled ones, or take the place of one of the same name")
  func own() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "probes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ text: String) throws {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    try write("vowels.yaml", "name: vowels\nlevel: phoneme\n")
    try write("my-words.yml", "name: word\nlevel: word\nmin_count: 3\n")
    try write("notes.txt", "no definition")
    #expect(try ProbeSpec.load(folder: folder.path).map(\.name) == ["word", "vowels"])
    let all = try ProbeSpec.all(in: ["/nowhere", folder.path])
    #expect(all.map(\.name) == ProbeSpec.bundled.map(\.name) + ["vowels"])
    #expect(try ProbeSpec.named("word", among: all).minimumCount == 3)
    #expect(throws: ProbeSpecError.noSuchProbe("wird", available: all.map(\.name), nearest: "word")) {
      try ProbeSpec.named("wird", among: all)
    }
    try write("vowels2.yaml", "name: vowels\nlevel: phoneme\n")
    #expect(throws: ProbeSpecError.self) { try ProbeSpec.load(folder: folder.path) }
    #expect(throws: ProbeSpecError.noSuchFolder("/nowhere")) { try ProbeSpec.load(folder: "/nowhere") }
  }

  @Test(
    "numbers that cannot be are refused with their line, whatever they are",
    arguments: ["0", "-1", "2147483648000", "9223372036854775807", ".nan", "1e308", "1e-308", "nan"])
  func impossibleNumbers(number: String) {
    for key in ["trials", "min_count", "max_classes", "penalties"] {
      let value = key == "penalties" ? "[\(number)]" : number
      let yaml = "name: x\nlevel: phoneme\n\(key): \(value)\n"
      let error = #expect(throws: ProbeSpecError.self) { _ = try ProbeSpec(yaml: yaml, path: "x.yaml") }
      #expect(error?.description.contains("x.yaml:3") == true, "\(key): \(number)")
    }
  }

  @Test("a pipe in a definition's place is refused without waiting") func pipe() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("x.yaml")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: ProbeSpecError.self) { _ = try ProbeSpec.load(folder: folder.path) }
  }
}
