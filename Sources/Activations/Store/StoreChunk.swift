import Checkpoints
import Files
import Foundation
import Models
import Tensors

/// One layer's frames of one chunk's utterances, as they are in a file: checked when it is opened, and mapped, so that
/// only what is looked at is read.
struct StoreChunk: Sendable {
  /// What the file says beside its tensors and what every file of activations says.
  private struct Notes: Codable {
    /// The hash of each utterance's sound.
    let sounds: [String: String]
    /// Of all values, in the order of the utterances' names.
    let checksum: String
    /// What made them, as `StoreLayout.source` says.
    let source: String
  }

  private(set) var frames: [String: Tensor] = [:]
  private(set) var sounds: [String: String] = [:]

  init() {}

  /// Nil where nothing is at `path`, where it is not whole, and where another source than `source` has made it.
  init?(_ path: String, layer: TapPoint, of source: String) {
    guard let checkpoint = try? Checkpoint.open(path),
      let notes = try? JSONDecoder().decode(
        Notes.self, from: Data((checkpoint.metadata["notes"]?.string ?? "").utf8)),
      notes.source == source
    else { return nil }
    for id in notes.sounds.keys {
      guard let tensor = try? checkpoint.tensor("\(id)/\(layer.name)"), tensor.shape.count == 2,
        tensor.width == layer.width
      else { return nil }
      frames[id] = tensor
    }
    sounds = notes.sounds
    guard checksum == notes.checksum else { return nil }
  }

  /// The frames of an utterance, if they are of this sound.
  func frames(of utterance: String, sound: String) -> Tensor? {
    sounds[utterance] == sound ? frames[utterance] : nil
  }

  mutating func add(_ tensor: Tensor, of utterance: String, sound: String) {
    frames[utterance] = tensor
    sounds[utterance] = sound
  }

  private var checksum: String {
    ContentHash.hexadecimal(of: frames.sorted { $0.key < $1.key }.map(\.value))
  }

  /// The file appears under its name only when it is whole; the same frames give the same bytes.
  func write(to path: String, layer: TapPoint, of source: String, words: [String: String]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try ResultFolder.makeFolder(URL(filePath: path).deletingLastPathComponent().path)
    var words = words
    let notes = Notes(sounds: sounds, checksum: checksum, source: source)
    words["notes"] = String(decoding: try encoder.encode(notes), as: UTF8.self)
    try SafetensorsWriter.write(
      frames.sorted { $0.key < $1.key }.map { ("\($0.key)/\(layer.name)", $0.value) }, metadata: words,
      to: path)
  }
}
