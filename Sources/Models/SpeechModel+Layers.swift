extension SpeechModel {
  /// Tap points from a list such as `0,6,-1` or `projection,hidden.3`, in the order given.
  ///
  /// A number counts hidden layers: 0 is what enters the first block, −1 the output of the last. `all` is every tap
  /// point but attention.
  ///
  /// Throws `ModelError.unknownLayer` with the nearest names, or `.layerOutOfRange` with the range.
  public func resolve(layers list: String) throws -> [TapPoint] {
    var resolved: [TapPoint] = []
    for item in list.split(separator: ",") {
      let word = String(item.filter { !$0.isWhitespace })
      let points: [TapPoint]
      if word == "all" {
        points = taps
      } else if let number = Int(word) {
        points = [try hidden(number)]
      } else {
        try checkTap(word)
        points = taps.filter { $0.name == word } + attentionTaps.filter { $0.name == word }
      }
      resolved += points.filter { point in !resolved.contains { $0.name == point.name } }
    }
    guard !resolved.isEmpty else { throw unknown(list) }
    return resolved
  }

  /// Attention weights, which are had only when asked for by name: `[heads × frames × frames]`, so their `width` is
  /// the number of heads.
  public var attentionTaps: [TapPoint] {
    guard let timing = taps.last?.timing else { return [] }
    return zip(1..., architecture.attentionHeads).map {
      TapPoint(name: "attention.\($0)", width: $1, timing: timing)
    }
  }

  private func hidden(_ number: Int) throws -> TapPoint {
    let layers = taps.filter { $0.name.hasPrefix("hidden.") }
    let index = number < 0 ? layers.count + number : number
    guard layers.indices.contains(index) else {
      throw ModelError.layerOutOfRange(number: number, layers: layers.count - 1)
    }
    return layers[index]
  }

  func checkTap(_ name: String) throws {
    guard taps.contains(where: { $0.name == name }) || attentionTaps.contains(where: { $0.name == name })
    else {
      throw unknown(name)
    }
  }

  private func unknown(_ name: String) -> ModelError {
    let names = (taps + attentionTaps).map(\.name)
    let nearest = names.map { ($0, Self.distance(name, $0)) }.sorted { $0.1 < $1.1 }.prefix(3)
    return .unknownLayer(name: name, nearest: nearest.map(\.0))
  }

  /// Edits that lead from one name to the other (Levenshtein).
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, character) in a.prefix(64).enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (b[j] == character ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
