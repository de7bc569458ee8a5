import Foundation

/// Tells from an array's name which utterance and which layer it is of: `UTTERANCE/LAYER`, `LAYER/UTTERANCE`, or
/// `UTTERANCE.LAYER` as nested torch dictionaries are read.
///
/// An utterance goes by its id (`kal/kal_s005`), or by the last part of it (`kal_s005`) where no other has the same.
struct UtteranceKeys: Sendable {
  private let utterances: [Substring: Int]

  init(_ ids: [String]) {
    var utterances: [Substring: Int] = [:]
    var isShared: Set<Substring> = []
    for (index, id) in ids.enumerated() {
      let last = id.split(separator: "/").last ?? id[...]
      if last.count < id.count, utterances.updateValue(index, forKey: last) != nil { isShared.insert(last) }
    }
    for name in isShared { utterances[name] = nil }
    for (index, id) in ids.enumerated() { utterances[id[...]] = index }
    self.utterances = utterances
  }

  struct Place: Equatable {
    let utterance: Int
    let layer: String
  }

  /// `file` is the file's path below the folder without its ending, or its name alone; `key` is empty for a file's
  /// only array. Nil for what belongs to no utterance.
  func place(file: String, key: String) -> Place? {
    // A key that is an utterance's whole name says nothing of the layer: the file does.
    if !key.isEmpty, utterances[key[...]] == nil, let place = place(key[...]) { return place }
    var name = (key.isEmpty ? file : file + "/" + key)[...]
    while true {
      if let place = place(name) { return place }
      // Folders above that are part of no name.
      guard let slash = name.firstIndex(of: "/") else { return nil }
      name = name[name.index(after: slash)...]
    }
  }

  private func place(_ name: Substring) -> Place? {
    let slashes = name.indices.filter { name[$0] == "/" }
    for slash in slashes.reversed() {
      if let place = place(utterance: name[..<slash], layer: name[name.index(after: slash)...]) {
        return place
      }
    }
    for slash in slashes {
      if let place = place(utterance: name[name.index(after: slash)...], layer: name[..<slash]) {
        return place
      }
    }
    for dot in name.indices where name[dot] == "." {
      if let place = place(utterance: name[..<dot], layer: name[name.index(after: dot)...]) { return place }
    }
    return nil
  }

  private func place(utterance name: Substring, layer: Substring) -> Place? {
    guard !layer.isEmpty, let utterance = utterances[name] else { return nil }
    return Place(utterance: utterance, layer: Self.layerName(layer))
  }

  /// Layers that are bare numbers are hidden states.
  private static func layerName(_ stored: Substring) -> String {
    stored.allSatisfy(\.isNumber) ? "hidden.\(Int(stored) ?? 0)" : String(stored)
  }
}

/// The order of layers that nothing tells: as in the data for known names, numbers by their size.
func isBefore(layer a: String, _ b: String) -> Bool {
  let order = ["mel", "conv", "projection", "hidden", "final_norm", "logits"]
  func rank(_ name: String) -> Int { order.firstIndex(of: String(name.prefix { $0 != "." })) ?? 3 }
  return rank(a) != rank(b) ? rank(a) < rank(b) : a.compare(b, options: .numeric) == .orderedAscending
}
