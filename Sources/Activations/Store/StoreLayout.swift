import Corpora
import Files
import Foundation
import Foundations
import Models

/// Where activations of one source over one list of utterances lie in a store, known without looking into it.
///
/// ```
/// store/MODEL/CORPUS/index.json                    what is here: layers, times, utterances of each chunk
/// store/MODEL/CORPUS/hidden.3/000002.safetensors   `UTTERANCE/hidden.3` [frames × dim] for chunk 2
/// ```
/// MODEL is made of the source's fingerprint and of all that is said of its layers and input, CORPUS of the names and
/// lengths of its utterances: what is of another model, corpus or setting lies in another folder.
struct StoreLayout: Sendable {
  /// The version of the files' form.
  static let version = 2
  /// A chunk is closed after so much audio: 13 layers of 768 take 62 MB.
  static let chunkSeconds = 30.0

  /// A hash of the source and of all that is said of it.
  let source: String
  /// The folder of this source and these utterances.
  let folder: String
  /// The names of each chunk's utterances.
  let chunks: [[String]]
  /// The chunk of each utterance.
  let place: [String: Int]
  /// The layers that can be kept, by name: rows of tokens hang on more than the sound.
  let taps: [String: TapPoint]
  let index: Index

  /// What `index.json` holds.
  struct Index: Codable, Equatable {
    var version = StoreLayout.version
    let model: String
    let family: String
    let fingerprint: String
    let layers: [TapPoint]
    let chunks: [[String]]
  }

  init(_ source: any ActivationSource, _ utterances: [Utterance], in store: String) {
    let taps = source.taps.filter { $0.timing != nil && !$0.name.contains("/") && !$0.name.hasPrefix(".") }
    var chunks: [[String]] = []
    var seconds = Double.infinity
    for utterance in utterances {
      if seconds >= Self.chunkSeconds {
        chunks.append([])
        seconds = 0
      }
      chunks[chunks.count - 1].append(utterance.id)
      seconds += utterance.seconds
    }
    self.chunks = chunks
    place = chunks.enumerated().reduce(into: [:]) { place, chunk in
      for id in chunk.element { place[id] = chunk.offset }
    }
    self.taps = Dictionary(taps.map { ($0.name, $0) }) { first, _ in first }

    var model = StableHash()
    model.combine(Self.version)
    model.combine(source.fingerprint)
    model.combine(source.facts.inputNormalisation)
    model.combine(source.facts.samplingRate ?? 0)
    model.combine(source.facts.settings)
    for tap in source.taps {
      model.combine(tap.name)
      model.combine(tap.width)
      model.combine(tap.timing?.words ?? "")
    }
    var corpus = StableHash()
    for utterance in utterances {
      corpus.combine(utterance.id)
      corpus.combine(utterance.seconds)
    }
    let hashes = [model, corpus].map { hash in
      let digits = String(hash.value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    self.source = hashes[0]
    folder = "\(store)/\(hashes[0])/\(hashes[1])"
    index = Index(
      model: source.name, family: source.facts.family, fingerprint: source.fingerprint, layers: taps,
      chunks: chunks)
  }

  func path(of layer: String, chunk: Int) -> String {
    let number = "\(chunk)"
    return
      "\(folder)/\(layer)/\(String(repeating: "0", count: max(0, 6 - number.count)))\(number).safetensors"
  }

  /// Makes the folder and its index, unless it is there and says the same. Writers that do so at once write the same.
  func prepare() throws {
    let path = folder + "/index.json"
    for layer in taps.keys { PartFile.removeStale(in: "\(folder)/\(layer)") }
    if let data = FileManager.default.contents(atPath: path),
      (try? JSONDecoder().decode(Index.self, from: data)) == index
    {
      return
    }
    try ResultFolder.makeFolder(folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try WholeFile.write(try encoder.encode(index), to: path)
  }

  /// About what all chunks of `layers` take.
  func bytes(of layers: [String], utterances: [Utterance]) -> Int {
    let chosen = layers.compactMap { taps[$0] }
    return utterances.reduce(0) { sum, utterance in
      chosen.reduce(sum) { sum, tap in
        guard let timing = tap.timing else { return sum }
        let samples = Int(utterance.seconds * Double(timing.samplingRate))
        return sum + 4 * tap.width * timing.frames(forSamples: samples)
      }
    }
  }
}
