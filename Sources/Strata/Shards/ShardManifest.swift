import Activations
import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Models
import Probing
import Results
import Tensors

/// `shard.json`: what a shard is part of, and its files with the hashes of their bytes.
struct ShardManifest: Codable, Equatable {
  static let version = 2
  static let fileName = "shard.json"

  struct CorpusReference: Codable, Equatable {
    /// As it was given, and from the root.
    var path, absolutePath: String
    var name: String
    var fingerprint: String
    /// Of the bytes of all recordings, those of other shards too; nil of texts.
    var sound: String?
  }

  struct File: Codable, Equatable {
    var pass: String
    var name: String
    /// XXH3-128 of its bytes.
    var checksum: String
  }

  var format = "strata shard"
  var version = ShardManifest.version
  var index, count: Int
  /// The first of its utterances in the order of the corpus, and how many.
  var firstUtterance, utterances: Int
  var model: RecordedSource
  var corpus: CorpusReference
  var settings: Settings
  var similarityLevel: Level
  var probes: [ProbeSpec]
  var files: [File] = []
  /// Of this description without this value.
  var checksum = ""

  init(_ study: LayerStudy, _ shard: Shard, _ part: Range<Int>) {
    (index, count) = (shard.index, shard.count)
    (firstUtterance, utterances) = (part.lowerBound, part.count)
    model = RecordedSource(study.model)
    corpus = CorpusReference(
      path: study.corpus.place, absolutePath: Self.fromRoot(study.corpus),
      name: study.corpus.name, fingerprint: study.corpus.fingerprint,
      sound: study.corpus.soundFingerprint(study.fingerprints))
    settings = study.settings
    similarityLevel = study.similarityLevel
    probes = study.probes
  }

  private static func fromRoot(_ corpus: Corpus) -> String {
    let path = URL(filePath: corpus.path).standardizedFileURL.path
    return corpus.layout.map { "\($0.rawValue):\(path)" } ?? path
  }
}

// MARK: - As a file

extension ShardManifest {
  private func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  private func sealed() throws -> ShardManifest {
    var (open, hash) = (self, TextHash())
    open.checksum = ""
    hash.add(String(decoding: try open.encoded(), as: UTF8.self))
    open.checksum = hash.text
    return open
  }

  func write(to folder: String) throws {
    let path = folder + "/" + ShardManifest.fileName
    try WholeFile.write(sealed().encoded(), to: path)
  }

  /// Reads the description in a shard's folder and checks it; its files are not looked at.
  static func read(_ folder: String) throws -> ShardManifest {
    struct Kind: Decodable { let format: String, version: Int }
    let path = folder + "/" + fileName
    guard let data = (try? RegularFile.contents(path)).map({ Data($0) }) else {
      throw ShardError.notFound(path: folder)
    }
    guard let kind = try? JSONDecoder().decode(Kind.self, from: data), kind.format == "strata shard" else {
      throw ShardError.damaged(path: path, reason: "is not the description of a shard")
    }
    guard kind.version == version else {
      throw ShardError.otherVersion(path: path, found: kind.version, expected: version)
    }
    guard let manifest = try? JSONDecoder().decode(ShardManifest.self, from: data),
      try manifest == manifest.sealed(), Shard(manifest.index, of: manifest.count) != nil
    else { throw ShardError.damaged(path: path, reason: "its checksum does not fit what it says") }
    let (end, overflow) = manifest.firstUtterance.addingReportingOverflow(manifest.utterances)
    guard manifest.firstUtterance >= 0, manifest.utterances > 0, !overflow, end >= manifest.index else {
      throw ShardError.damaged(
        path: path,
        reason:
          "\(manifest.utterances) utterances from number \(manifest.firstUtterance) on cannot be a part of "
          + "\(manifest.count)")
    }
    return manifest
  }

  /// Throws where a file of the shard is missing or its bytes are others than were written.
  func verifyFiles(in folder: String) throws {
    for file in files {
      let path = folder + "/" + file.name
      let found = try? Checkpoint.open(path).fingerprint()
      guard found == file.checksum else {
        throw ShardError.damaged(
          path: path,
          reason: found.map { "has the checksum \($0), expected \(file.checksum)" }
            ?? "is missing or no safetensors file")
      }
    }
  }

  /// Whether another shard is of the same study; throws what differs.
  func requireSameStudy(as other: ShardManifest, _ folder: String, _ otherFolder: String) throws {
    func require<T: Equatable>(_ what: String, _ value: (ShardManifest) -> T) throws {
      guard value(self) == value(other) else {
        throw ShardError.differ(
          what: what, first: otherFolder, second: folder, found: "\(value(self))",
          expected: "\(value(other))")
      }
    }
    try require("number of shards") { $0.count }
    try require("model") { "\($0.model.name) (\($0.model.fingerprint))" }
    try require("model") { $0.model }
    try require("corpus") { "\($0.corpus.name) (\($0.corpus.fingerprint))" }
    try require("sound") { $0.corpus.sound ?? "none" }
    try require("seed") { $0.settings.seed }
    try require("choice of levels") { $0.settings.levels.map(\.rawValue) }
    try require("choice of layers") { $0.settings.layers }
    try require("choice of twins") { $0.settings.twinSeeds }
    try require("version of the program") { $0.settings.version }
    // Other processors may have other kernels: that is warned of, and no reason to refuse.
    try require("setting") { manifest in
      var settings = manifest.settings
      (settings.kernel, settings.processor) = (nil, nil)
      return settings
    }
    try require("setting") { $0.similarityLevel }
    try require("set of probes") { $0.probes }
    try require("set of passes") { $0.files.map(\.pass) }
  }
}

/// What is remembered of a model whose activations are in shards.
struct RecordedSource: ActivationSource, Codable, Equatable {
  var name: String
  var fingerprint: String
  var facts: SourceFacts
  var input: SourceInput
  var taps: [TapPoint]

  init(_ source: any ActivationSource) {
    (name, fingerprint, facts, input) = (source.name, source.fingerprint, source.facts, source.input)
    taps = source.taps
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    throw ActivationError.noSound(utterance: utterance.id, source: name)
  }
}
