import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Foundations
import Models
import Synchronization
import Tensors

/// Activations that another program made, as a source for a study: `[frames × dim]` for each utterance and layer, in
/// one file or many.
///
/// ```swift
/// let source = try ImportedActivations.open("activations.h5", for: corpus.utterances, settings: settings)
/// ```
/// Arrays go by `UTTERANCE/LAYER` in one file (safetensors, npz, HDF5, torch), by the layer's name in a file a
/// utterance, or by the utterance's in a file a layer (as Kaldi archives do). All headers are read on opening, so
/// that a wrong shape is found before any work; values are read an utterance at a time.
public struct ImportedActivations: ActivationSource {
  public var input: SourceInput { .any }
  public let name: String
  /// The hash of all files, and of what was said of them.
  public let fingerprint: String
  public let taps: [TapPoint]
  public let facts: SourceFacts
  /// Arrays that belong to no utterance of the corpus, and utterances of which there is nothing, by name.
  public let unmatchedArrays: [String]
  public let missing: [String]

  private let path: String
  private let files: MatrixFiles
  private let index: ImportIndex
  /// By utterance.
  private let number: [String: Int]
  private let isPadded: Bool

  /// Whether the file or folder at `path` is a store of activations and no model: it has an `activations.yaml`, is of
  /// a format in which there are no models, or says so itself.
  public static func recognises(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    if isFolder.boolValue {
      if FileManager.default.fileExists(atPath: path + "/" + ImportSettings.fileName) { return true }
      // A model's folder may hold arrays beside it.
      if FileManager.default.fileExists(atPath: path + "/config.json") { return false }
      let files = (try? MatrixFiles.list(path)) ?? []
      if files.contains(where: { MatrixFileKind.onlyActivations.contains(MatrixFileKind.ending(of: $0)) }) {
        return true
      }
      return files.count > 0 && files.prefix(1).allSatisfy { saysActivations(path + "/" + $0) }
    }
    return MatrixFileKind.onlyActivations.contains(MatrixFileKind.ending(of: path)) || saysActivations(path)
  }

  private static func saysActivations(_ path: String) -> Bool {
    (try? MatrixFileKind.open(path))?.metadata["content"] == ActivationMetadata.content
  }

  /// `settings` go before those of an `activations.yaml`, and these before what the files say of themselves.
  public static func open(
    _ path: String, for utterances: [Utterance], settings: ImportSettings = ImportSettings()
  ) throws -> ImportedActivations {
    let settings = settings.over(try ImportSettings.beside(path) ?? ImportSettings())
    let files = try MatrixFiles(path)
    let index = try ImportIndex(files, utterances: utterances.map(\.id))
    return try ImportedActivations(path, files, index, utterances, settings)
  }

  private init(
    _ path: String, _ files: MatrixFiles, _ index: ImportIndex, _ utterances: [Utterance],
    _ settings: ImportSettings
  ) throws {
    self.path = path
    self.files = files
    var index = index
    var settings = settings
    if let origin = settings.origin {
      let names = try origin.names(of: Array(index.widths.keys), path: path)
      let layers =
        settings.layers
        ?? index.widths.keys.sorted(by: isBefore(layer:_:)).map {
          ImportSettings.Layer(name: $0, stored: $0)
        }
      settings.layers = layers.map { layer in
        var layer = layer
        if layer.name == layer.stored { layer.name = names[layer.stored] ?? layer.name }
        return layer
      }
    }
    try index.rename(settings.layers, path: path)
    self.index = index
    let words = index.metadata
    name = settings.model ?? words["model"] ?? URL(filePath: path).deletingPathExtension().lastPathComponent
    var own = settings
    if own.samplingRate == nil, let stated = words["sampling_rate"] {
      guard let rate = Int(stated), (1...1_000_000).contains(rate) else {
        throw ImportError.badSetting(
          path: path, line: nil, key: "the files' own sampling_rate", found: "“\(stated.prefix(40))”",
          expected: "1 to 1000000 Hz")
      }
      own.samplingRate = rate
    }
    taps = try Self.layers(index, settings).map { layer in
      let told = settings.layers?.first { $0.name == layer }
      let stored = words["timing.\(told?.stored ?? layer)"].flatMap { FrameTiming(words: $0) }
      guard let timing = try own.timing(told, path: path) ?? stored else {
        throw ImportError.noHop(path: path, layer: layer)
      }
      return TapPoint(name: layer, width: index.widths[layer] ?? 0, timing: timing)
    }
    try Self.checkFrames(index, taps, utterances, path: path)
    facts = SourceFacts(
      family: words["family"].map { "activations of \($0)" } ?? "activations made elsewhere", parameters: 0,
      samplingRate: own.samplingRate, inputNormalisation: words["input_normalisation"] ?? "not known")
    isPadded = settings.isPadded
    number = Dictionary(uniqueKeysWithValues: utterances.enumerated().map { ($1.id, $0) })
    unmatchedArrays = index.unmatchedArrays
    missing = utterances.indices.filter { index.places[$0].isEmpty }.map { utterances[$0].id }
    var hash = StableHash()
    hash.combine("\(taps) \(isPadded)")
    fingerprint = try files.fingerprint() + "-" + String(hash.value, radix: 16)
  }

  /// The layers in the order of the data: as told, as the files say, or by their names.
  private static func layers(_ index: ImportIndex, _ settings: ImportSettings) throws -> [String] {
    if let told = settings.layers { return told.map(\.name) }
    let listed = index.metadata["layers"]?.split(separator: ",").map(String.init) ?? []
    let known = listed.filter { index.widths[$0] != nil }
    return known + index.widths.keys.filter { !known.contains($0) }.sorted(by: isBefore(layer:_:))
  }

  /// Layers with one hop must agree in their numbers of frames to one frame: a deeper layer that was pooled and is read
  /// at the hop of the others would be read at the wrong time.
  private static func checkFrames(
    _ index: ImportIndex, _ taps: [TapPoint], _ utterances: [Utterance], path: String
  ) throws {
    for (utterance, places) in zip(utterances, index.places) {
      for (hop, layers) in Dictionary(grouping: taps, by: { $0.timing?.stride ?? 0 }) {
        let counts = layers.compactMap { tap in places[tap.name].map { (tap.name, $0.frames) } }
        guard let most = counts.map(\.1).max(), let least = counts.map(\.1).min(), most - least > 1 else {
          continue
        }
        let seconds = Double(most) * hop
        // One of each count is enough to see.
        var seen: Set<Int> = []
        let shown = counts.filter { seen.insert($0.1).inserted }.sorted { $0.1 > $1.1 }
        throw ImportError.framesDiffer(
          path: path, utterance: utterance.id,
          layers: shown.map {
            ImportError.Frames(layer: $0.0, count: $0.1, likelyHop: seconds / Double(max(1, $0.1)))
          })
      }
    }
  }

  // MARK: - Reading

  public func requireUnchanged(atEnd: Bool) throws { try files.requireUnchanged(atEnd: atEnd) }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps wanted: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    let places = number[utterance.id].map { index.places[$0] } ?? [:]
    let lacking = taps.map(\.name).filter { wanted.contains($0) && places[$0] == nil }
    guard lacking.isEmpty else {
      throw ImportError.layersMissing(path: path, utterance: utterance.id, layers: lacking)
    }
    for tap in taps where wanted.contains(tap.name) {
      guard let place = places[tap.name], let timing = tap.timing else { continue }
      let file = try files.open(place.file)
      let stored = try file.values(of: place.key)
      let frames = stored.shape.count == 3 ? stored.reshaped(Array(stored.shape.dropFirst())) : stored
      let seconds = waveform?.seconds ?? utterance.seconds
      guard fits(frames.rows, timing, seconds: seconds) else {
        throw ImportError.wrongLength(
          path: file.path, key: place.key.isEmpty ? "its array" : place.key, frames: frames.rows,
          hop: timing.stride,
          seconds: seconds)
      }
      try visit(tap.name, frames)
    }
  }

  /// Models lose some frames at the edges and pad a little: a tenth of the length, or a quarter of a second.
  private func fits(_ frames: Int, _ timing: FrameTiming, seconds: Double) -> Bool {
    let slack = max(0.25, seconds / 10) + timing.stride
    let covered = Double(frames) * timing.stride
    return covered >= seconds - slack && (isPadded || covered <= seconds + slack)
  }
}

/// The files of a store, opened when they are needed; a few stay open.
final class MatrixFiles: Sendable {
  /// Paths below `root`, sorted; for a single file its name.
  let names: [String]
  private let root: String
  private let recent = Mutex<(open: [Int: any MatrixFile], order: [Int])>(([:], []))
  private static let openLimit = 128
  /// Of how many files it is asked now and then whether they have changed.
  private static let watchLimit = 64
  /// What the files were when their fingerprint was taken.
  private let known = Mutex<(identities: [FileIdentity?], fingerprint: String)>(([], ""))

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ImportError.missing(path: path, reason: "there is no such file or folder")
    }
    if isFolder.boolValue {
      root = path
      let names = try Self.list(path)
      // A script names what is in archives: those are not read a second time.
      let hasScripts = names.contains { $0.hasSuffix(".scp") }
      self.names = hasScripts ? names.filter { !$0.hasSuffix(".ark") } : names
    } else {
      let url = URL(filePath: path)
      root = url.deletingLastPathComponent().path
      names = [url.lastPathComponent]
    }
    guard !names.isEmpty else {
      throw ImportError.missing(
        path: path,
        reason:
          "no files of activations in this folder (\(MatrixFileKind.all.sorted().joined(separator: ", ")))")
    }
  }

  static func list(_ folder: String) throws -> [String] {
    do {
      return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
        MatrixFileKind.all.contains(MatrixFileKind.ending(of: name))
          && !name.split(separator: "/").contains { $0.hasPrefix(".") }
      }.sorted()
    } catch {
      throw ImportError.missing(
        path: folder, reason: "the folder cannot be listed (\(error.localizedDescription))")
    }
  }

  func path(_ index: Int) -> String { root + "/" + names[index] }

  func open(_ index: Int) throws -> any MatrixFile {
    if let file = recent.withLock({ $0.open[index] }) { return file }
    let file = try MatrixFileKind.open(path(index))
    recent.withLock { recent in
      if recent.open.updateValue(file, forKey: index) == nil { recent.order.append(index) }
      if recent.order.count > Self.openLimit { recent.open[recent.order.removeFirst()] = nil }
    }
    return file
  }

  /// The hash of all contents.
  func fingerprint() throws -> String {
    let identities = identities()
    let fingerprint = try Checkpoint.fingerprint(ofFiles: names.indices.map(path))
    known.withLock { $0 = (identities, fingerprint) }
    return fingerprint
  }

  /// Throws `FileError.changed` where a file is no more what it was when the fingerprint was taken.
  func requireUnchanged(atEnd: Bool) throws {
    guard atEnd || names.count <= Self.watchLimit else { return }
    let (before, expected) = known.withLock { $0 }
    let now = identities()
    guard !expected.isEmpty, before != now else { return }
    let found = try Checkpoint.fingerprint(ofFiles: names.indices.map(path))
    guard found == expected else {
      let place = zip(before, now).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
      throw FileError.changed(
        path: path(place), reason: "the fingerprint of all was \(expected) and is \(found)")
    }
    known.withLock { $0.identities = now }
  }

  private func identities() -> [FileIdentity?] { names.indices.map { try? FileIdentity(of: path($0)) } }
}

/// Which array of which file is which layer of which utterance.
struct ImportIndex: Sendable {
  struct Place: Sendable {
    let file: Int
    let key: String
    let frames: Int
  }

  /// By utterance and layer.
  var places: [[String: Place]]
  private(set) var widths: [String: Int] = [:]
  private(set) var unmatchedArrays: [String] = []
  private(set) var metadata: [String: String] = [:]

  init(_ files: MatrixFiles, utterances ids: [String]) throws {
    places = ids.map { _ in [:] }
    let names = UtteranceKeys(ids)
    var firstSeen: [String: String] = [:]
    var found = 0
    for (number, name) in files.names.enumerated() {
      let file = try files.open(number)
      metadata.merge(file.metadata) { first, _ in first }
      let listed = file.metadata["layers"].map { Set($0.split(separator: ",").map(String.init)) }
      let stem = String(name.prefix(name.count - MatrixFileKind.ending(of: name).count - 1))
      for key in file.keys {
        let shownName = key.isEmpty ? name : "\(name): \(key)"
        guard let place = names.place(file: stem, key: key) else {
          unmatchedArrays.append(shownName)
          continue
        }
        found += 1
        // A file that lists its layers may hold other things too, such as attention.
        guard listed?.contains(place.layer) ?? true else { continue }
        try add(place, number, key, file, shownName, ids, &firstSeen)
      }
    }
    guard found > 0 else {
      throw ImportError.nothingMatches(path: files.path(0), keys: unmatchedArrays, utterances: ids)
    }
  }

  private mutating func add(
    _ place: UtteranceKeys.Place, _ number: Int, _ key: String, _ file: any MatrixFile, _ shownName: String,
    _ ids: [String], _ firstSeen: inout [String: String]
  ) throws {
    let shape = try file.shape(of: key)
    let stored = Place(file: number, key: key, frames: shape.dropLast().last ?? 0)
    let isBatchOfOne = shape.count == 3 && shape[0] == 1
    guard shape.count == 2 || isBatchOfOne, let width = shape.last, width > 0 else {
      throw ImportError.notFrames(
        path: file.path, key: stored.key.isEmpty ? "its array" : stored.key, shape: shape)
    }
    if let known = widths[place.layer], known != width {
      throw ImportError.widthsDiffer(
        path: file.path, key: stored.key.isEmpty ? "its array" : stored.key, found: Array(shape.suffix(2)),
        width: known, firstSeen: firstSeen[place.layer] ?? "")
    }
    widths[place.layer] = width
    if firstSeen[place.layer] == nil { firstSeen[place.layer] = shownName }
    if let other = places[place.utterance].updateValue(stored, forKey: place.layer) {
      throw ImportError.twice(
        utterance: ids[place.utterance], layer: place.layer,
        first: other.key.isEmpty ? "another file" : other.key,
        second: shownName)
    }
  }

  /// Calls layers what the settings call them, and leaves out those that are not listed.
  mutating func rename(_ layers: [ImportSettings.Layer]?, path: String) throws {
    guard let layers else { return }
    for layer in layers where widths[layer.stored] == nil {
      throw ImportError.unknownLayer(
        path: path, layer: layer.stored, available: widths.keys.sorted(by: isBefore(layer:_:)))
    }
    func renamed<Value>(_ old: [String: Value]) -> [String: Value] {
      layers.reduce(into: [:]) { $0[$1.name] = old[$1.stored] }
    }
    places = places.map(renamed)
    widths = renamed(widths)
  }
}
