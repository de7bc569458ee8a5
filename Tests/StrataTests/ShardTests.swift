import Foundation
import Foundations
import StrataTestSupport
import Testing

@testable import Strata

@Suite("Shards") struct ShardTests {
  private let folder: TemporaryFolder

  /// A corpus of six short recordings by two speakers.
  init() throws {
    folder = try TemporaryFolder()
    for name in [
      "kal/kal_s005", "kal/kal_s195", "kal/kal_s205", "slt/slt_s005", "slt/slt_s195", "slt/slt_s205",
    ] {
      for kind in ["flac", "TextGrid"] {
        try FileManager.default.copyItem(
          atPath: Repository.path("fixtures/unseen/\(name).\(kind)"),
          toPath: folder.file("corpus/\(name).\(kind)"))
      }
    }
  }

  private func study(seed: UInt64 = 4) throws -> LayerStudy {
    var study = LayerStudy(
      model: try SpeechModel.load(Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")),
      corpus: try Corpus.load(folder.path + "/corpus"))
    study.levels = [.phoneme]
    study.layers = ["conv.2", "conv.7"]
    study.twinSeeds = [9]
    var probe = ProbeSpec(name: "phoneme", level: .phoneme)
    probe.penalties = [10]
    probe.minimumCount = 4
    study.probes = [probe]
    study.bootstrapResamples = 50
    study.seed = seed
    return study
  }

  private func bytes(_ result: StudyResult, _ name: String) throws -> [String: Data] {
    let place = try folder.file(name)
    try result.write(to: place)
    let names = FileManager.default.enumerator(atPath: place)?.compactMap { $0 as? String } ?? []
    return names.reduce(into: [:]) { $0[$1] = FileManager.default.contents(atPath: "\(place)/\($1)") }
  }

  @Test("merged are the study of a single run, byte for byte")
  func merged() async throws {
    var study = try study()
    study.maps = 1
    for index in [3, 1, 2] {
      try await study.writeShard(try #require(Shard(index, of: 3)), in: folder.path + "/shards")
    }
    var merged = try LayerStudy.merging([folder.path + "/shards"]) { [study] _ in study.model }
    merged.maps = 1
    let (found, expected) = (try bytes(await merged.run(), "merged"), try bytes(await study.run(), "whole"))
    #expect(found.count > 6 && found.keys == expected.keys)
    for (name, data) in expected { #expect(found[name] == data, "\(name)") }
    // A model of other weights is not the one that the maps are of.
    let other = try SpeechModel.load(Repository.path("fixtures/crnn"))
    #expect(throws: ShardError.self) { try LayerStudy.merging([folder.path + "/shards"]) { _ in other } }
  }

  @Test("lost, repeated, damaged and foreign shards are refused by name")
  func refused() async throws {
    func shard(_ index: Int, of count: Int, _ name: String, seed: UInt64 = 4) async throws -> String {
      var study = try study(seed: seed)
      (study.twinSeeds, study.layers) = ([], ["conv.2"])
      return try await study.writeShard(
        try #require(Shard(index, of: count)), in: folder.path + "/" + name)
    }
    func error(_ folders: [String], corpus: String? = nil) -> ShardError? {
      #expect(throws: ShardError.self) { try LayerStudy.merging(folders, corpus: corpus) }
    }
    let (one, two) = (try await shard(1, of: 2, "a"), try await shard(2, of: 2, "a"))
    #expect(try LayerStudy.merging([two, one]).seed == 4)
    #expect(error([one]) == .missing([2], of: 2))
    #expect(error([one, two, one]) == .repeated(1, of: 2, first: one, second: one))
    let seeded = try await shard(2, of: 2, "b", seed: 5)
    #expect(
      error([one, seeded])
        == .differ(what: "seed", first: one, second: seeded, found: "5", expected: "4"))
    let third = try await shard(2, of: 3, "c")
    #expect(
      error([one, third])
        == .differ(what: "number of shards", first: one, second: third, found: "3", expected: "2"))
    #expect(error([folder.path + "/none"]) == .notFound(path: folder.path + "/none"))
    let other = error([one, two], corpus: Repository.path("fixtures/unseen"))
    #expect(other?.description.contains("fixtures/unseen: its labels are not those") == true)

    let file = URL(filePath: two + "/model-mean.safetensors")
    var data = try Data(contentsOf: file)
    data[data.count - 5] ^= 1
    try data.write(to: file)
    #expect(error([one, two])?.description.hasPrefix(file.path + ": has the checksum") == true)
    // The next run makes it again.
    _ = try await shard(2, of: 2, "a")
    #expect(try LayerStudy.merging([one, two]).seed == 4)

    let manifest = two + "/shard.json"
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    try text.replacing("\"seed\" : 4", with: "\"seed\" : 5").write(
      toFile: manifest, atomically: true, encoding: .utf8)
    #expect(error([one, two])?.description.hasPrefix(manifest + ": its checksum") == true)
    try text.replacing("\"version\" : \(ShardManifest.version)\n", with: "\"version\" : 7\n").write(
      toFile: manifest, atomically: true, encoding: .utf8)
    #expect(error([one, two]) == .otherVersion(path: manifest, found: 7, expected: ShardManifest.version))
  }

  @Test("shards of other sound, and of a sound that has changed, are told from each other")
  func otherSound() async throws {
    func study() throws -> LayerStudy {
      var study = try self.study()
      (study.twinSeeds, study.layers) = ([], ["conv.2"])
      return study
    }
    let (first, second) = (try #require(Shard(1, of: 2)), try #require(Shard(2, of: 2)))
    let one = try await study().writeShard(first, in: folder.path + "/a")
    let two = try await study().writeShard(second, in: folder.path + "/a")
    _ = try LayerStudy.merging([one, two])
    let whole = try Data(contentsOf: URL(filePath: one + "/model-mean.safetensors"))

    // All sound becomes other sound of the same length, with the same times of writing.
    for utterance in try study().corpus.utterances {
      let time = try FileManager.default.attributesOfItem(atPath: utterance.audioPath)[.modificationDate]
      let speech = try Waveform.read(utterance.audioPath)
      let wave = Waveform(samples: speech.samples.reversed(), samplingRate: speech.samplingRate)
      try Data(wave.wav()).write(to: URL(filePath: utterance.audioPath))
      try FileManager.default.setAttributes(
        [.modificationDate: try #require(time)], ofItemAtPath: utterance.audioPath)
    }
    let found = #expect(throws: ShardError.self) { try LayerStudy.merging([one, two]) }
    #expect(
      found?.description.contains("its recordings are not those that the shards were made of") == true)
    let noise = try await study().writeShard(second, in: folder.path + "/b")
    let mixed = #expect(throws: ShardError.self) { try LayerStudy.merging([one, noise]) }
    #expect(mixed?.description.contains("is of another sound than") == true)
    // The finished shard is not taken for one of what is there now.
    _ = try await study().writeShard(first, in: folder.path + "/a")
    #expect(try Data(contentsOf: URL(filePath: one + "/model-mean.safetensors")) != whole)
    _ = try LayerStudy.merging([one, noise])
  }

  @Test("an interrupted shard goes on, a finished one is left as it is")
  func resumed() async throws {
    var study = try study()
    (study.twinSeeds, study.layers) = ([], ["conv.2"])
    let shard = try #require(Shard(2, of: 2))
    study.isCancelled = { true }
    let error = await #expect(throws: (any Error).self) {
      try await study.writeShard(shard, in: folder.path)
    }
    #expect(error.flatMap { FailureKind($0) } == .interrupted)
    let place = folder.path + "/shard-2-of-2"
    #expect(FileManager.default.fileExists(atPath: place + "/work"))
    #expect(!FileManager.default.fileExists(atPath: place + "/shard.json"))
    study.isCancelled = { false }
    try await study.writeShard(shard, in: folder.path)
    #expect(!FileManager.default.fileExists(atPath: place + "/work"))
    // Were it run again, it would stop at once.
    study.isCancelled = { true }
    try await study.writeShard(shard, in: folder.path)
  }

  @Test("cover every utterance once, balanced to one utterance's length", arguments: [1, 2, 3, 7, 20])
  func balanced(count: Int) throws {
    let lengths = (0..<20).map { [3.0, 11, 0.5, 7, 29][$0 % 5] }
    let parts = try (1...count).map { try #require(Shard($0, of: count)?.part(of: lengths)) }
    #expect(parts.flatMap { Array($0) } == Array(0..<20) && parts.allSatisfy { !$0.isEmpty })
    let share = lengths.reduce(0, +) / Double(count)
    for part in parts { #expect(abs(lengths[part].reduce(0, +) - share) <= 29) }
    #expect(Shard(1, of: 21)?.part(of: lengths) == nil)
  }

  @Test("by name", arguments: ["0/3", "4/3", "1/0", "1", "1/2/3", "a/3", "-1/3", "1/"])
  func names(text: String) {
    #expect(Shard(text) == nil)
    #expect(Shard("2/3")?.description == "2/3")
  }
}
