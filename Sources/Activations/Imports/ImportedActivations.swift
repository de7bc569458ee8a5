import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Foundations
import Models
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
  /// Utterances of the corpus of which the files have nothing, by name.
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
  /// - Throws: `ImportError`, which names the file and the place in it, and the error of a file that cannot be read.
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
