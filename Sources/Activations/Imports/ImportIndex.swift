import Foundation

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
