import Activations
import Checkpoints
import Corpora
import Foundation
import Foundations

/// Where the files of a study's passes are, for each pass those of all shards.
struct ShardFiles: Sendable {
  fileprivate let byPass: [String: [String]]
  /// The kinds of BLAS kernels that made them.
  let kernels: [String]

  /// Nil where no shard has the pass: a twin of a model that can have none.
  func files(of pass: LayerStudy.Pass) -> [String]? { byPass[pass.name] }
}

extension LayerStudy {
  /// Makes one shard of the study: every pass over its part of the audio, without a probe. Gives its folder,
  /// `shard-2-of-3` in `folder`.
  ///
  /// A shard that was interrupted goes on; one that is finished and whole is left as it is.
  /// - Throws: As `run` does, `ShardError` where there are fewer utterances than shards, and `FileError`.
  @discardableResult
  public func writeShard(_ shard: Shard, in folder: String) async throws -> String {
    let target = shard.folder(in: folder)
    var study = self
    study.workFolder = target + "/work"
    try await study.runBlocking { try $0.write(shard, to: target) }
    return target
  }

  private func write(_ shard: Shard, to folder: String) throws {
    guard let part = shard.part(of: corpus.utterances.map(\.seconds)) else {
      throw ShardError.tooMany(shards: shard.count, utterances: corpus.utterances.count)
    }
    for _ in 0..<3 {
      let manifest = ShardManifest(self, shard, part)
      if try requiringModel({ try writeParts(manifest, part, to: folder) }) { return }
      onNotice("recordings of \(corpus.name) were changed; what was made of them is made again")
    }
    throw StudyError.soundChanges(corpus: corpus.name)
  }

  /// Whether the recordings are at the end what they were at the beginning; else nothing is finished.
  private func writeParts(_ description: ShardManifest, _ part: Range<Int>, to folder: String) throws
    -> Bool
  {
    var manifest = description
    if let finished = try? ShardManifest.read(folder), (try? finished.verifyFiles(in: folder)) != nil {
      manifest.files = finished.files
      manifest.checksum = finished.checksum
      if manifest == finished { return true }
      manifest.files = []
    }
    for pass in try passes() {
      guard let source = try source(of: pass) else { continue }
      let file = pass.name + ".safetensors"
      let path = folder + "/" + file
      try keeping(source) { source in
        let run = extractionPass(pass, of: source)
        try run.writePart(
          part, to: path, threads: threads, progress: reporting(pass), isCancelled: isCancelled)
        work.add(try run.keptFolders(), in: folder + "/work")
      }
      manifest.files.append(
        ShardManifest.File(pass: pass.name, name: file, checksum: try Checkpoint.open(path).fingerprint()))
    }
    try model.requireUnchanged(atEnd: true)
    guard corpus.soundFingerprint(fingerprints) == manifest.corpus.sound else { return false }
    try manifest.write(to: folder)
    work.remove()
    return true
  }

  /// The study that shards are parts of, ready to run from them.
  ///
  /// `paths` are shards' folders, or folders of these. The corpus is read again for its labels, from where the shards
  /// found it unless `corpus` says another place. Only what looks into the model again, as `maps` does, needs `model`,
  /// which `open` gives for the corpus. Throws a `ShardError` that names the shard at fault.
  public static func merging(
    _ paths: [String], corpus path: String? = nil,
    model open: ((Corpus) throws -> any ActivationSource)? = nil
  ) throws -> LayerStudy {
    let folders = try paths.flatMap(shardFolders)
    let shards = try folders.map { (folder: $0, manifest: try ShardManifest.read($0)) }
    guard let first = shards.first else { throw ShardError.notFound(path: paths.first ?? ".") }
    for shard in shards.dropFirst() {
      try shard.manifest.requireSameStudy(as: first.manifest, shard.folder, first.folder)
    }
    let count = first.manifest.count
    var places: [Int: String] = [:]
    for (folder, manifest) in shards {
      if let other = places.updateValue(folder, forKey: manifest.index) {
        throw ShardError.repeated(manifest.index, of: count, first: other, second: folder)
      }
    }
    let missing = (1...count).filter { places[$0] == nil }
    guard missing.isEmpty else { throw ShardError.missing(missing, of: count) }
    for (folder, manifest) in shards { try manifest.verifyFiles(in: folder) }

    var study = LayerStudy(model: first.manifest.model, corpus: try corpus(of: first.manifest, path))
    if let open {
      let (expected, found) = (study.model.fingerprint, try open(study.corpus))
      guard found.fingerprint == expected else {
        throw ShardError.otherModel(name: found.name, found: found.fingerprint, expected: expected)
      }
      study.model = found
    }
    try study.requireSound(of: first.manifest)
    let settings = first.manifest.settings
    study.levels = settings.levels
    study.layers = settings.layers
    study.probes = first.manifest.probes
    study.twinSeeds = settings.twinSeeds
    study.similarityLevel = first.manifest.similarityLevel
    study.seed = settings.seed
    study.bootstrapResamples = settings.bootstrapResamples
    let files = shards.flatMap { folder, manifest in
      manifest.files.map { (pass: $0.pass, path: folder + "/" + $0.name) }
    }
    study.shards = ShardFiles(
      byPass: Dictionary(grouping: files, by: \.pass).mapValues { $0.map(\.path) },
      kernels: Set(shards.compactMap(\.manifest.settings.kernel)).sorted())
    return study
  }

  /// Where the recordings are at hand, they must be those that the shards were made of: probes of the signal and maps look
  /// at them again.
  private func requireSound(of manifest: ShardManifest) throws {
    guard let expected = manifest.corpus.sound,
      corpus.utterances.allSatisfy({ FileManager.default.fileExists(atPath: $0.audioPath) }),
      let found = corpus.soundFingerprint(fingerprints), found != expected
    else { return }
    throw ShardError.otherSound(path: corpus.path, found: found, expected: expected)
  }

  /// The folder itself where it is a shard's, else the shards' folders in it, in the order of their names.
  private static func shardFolders(_ path: String) throws -> [String] {
    func isShard(_ folder: String) -> Bool {
      FileManager.default.fileExists(atPath: folder + "/" + ShardManifest.fileName)
    }
    if isShard(path) { return [path] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let folders = names.sorted().map { path + "/" + $0 }.filter(isShard)
    guard !folders.isEmpty else { throw ShardError.notFound(path: path) }
    return folders
  }

  private static func corpus(of manifest: ShardManifest, _ path: String?) throws -> Corpus {
    let reference = manifest.corpus
    let folder = NamedLayout.named(in: reference.path)?.path ?? reference.path
    let isThere = FileManager.default.fileExists(atPath: folder)
    let place = path ?? (isThere ? reference.path : reference.absolutePath)
    let corpus = try Corpus.load(place)
    guard corpus.fingerprint == reference.fingerprint else {
      throw ShardError.otherCorpus(
        path: place, found: corpus.fingerprint, expected: reference.fingerprint)
    }
    return corpus
  }
}
