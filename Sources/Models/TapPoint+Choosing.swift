import Foundations

extension [TapPoint] {
  /// Those of a list such as `0,6,-1` or `projection,hidden.3`, in the order given.
  ///
  /// A number counts hidden layers: 0 is what enters the first block, −1 the output of the last. `3-6` is a range of
  /// them, and `conv.2-conv.5`, or `conv.2-5`, one of names: both ends and all between in the order of the data. `all` is
  /// every tap point here; `besides` are had only by name.
  ///
  /// Throws `ModelError.unknownLayer` with the nearest names, `.layerOutOfRange` with the range, or `.backwardRange`.
  public func resolve(layers list: String, besides others: [TapPoint] = []) throws -> [TapPoint] {
    var resolved: [TapPoint] = []
    for item in list.split(separator: ",") {
      let word = String(item.filter { !$0.isWhitespace })
      let points =
        word == "all"
        ? self : try range(word, besides: others) ?? [try point(word, besides: others)]
      resolved += points.filter { point in !resolved.contains { $0.name == point.name } }
    }
    guard !resolved.isEmpty else { throw (self + others).unknown(list) }
    return resolved
  }

  /// The tap point of this name, alone; throws where there is none.
  @discardableResult
  func named(_ name: String) throws -> [TapPoint] {
    guard let point = first(where: { $0.name == name }) else { throw unknown(name) }
    return [point]
  }

  private func point(_ word: String, besides others: [TapPoint]) throws -> TapPoint {
    if let number = Int(word) { return try hidden(number) }
    return try (self + others).named(word)[0]
  }

  /// The points of `3-6`, `-4--1`, `conv.2-conv.5`, `conv.2-5` or `conv.7-hidden.2`; nil of what is no range.
  ///
  /// Between two names of one kind, such as `conv`, lie those of this kind alone.
  private func range(_ word: String, besides others: [TapPoint]) throws -> [TapPoint]? {
    let points = self + others
    guard Int(word) == nil, !points.contains(where: { $0.name == word }) else { return nil }
    // Names may have hyphens: an end is what a name or a number is before one of them.
    for dash in word.indices.dropFirst() where word[dash] == "-" {
      let (first, last) = (String(word[..<dash]), String(word[word.index(after: dash)...]))
      guard !last.isEmpty else { continue }
      if let low = Int(first), let high = Int(last) {
        return try between(hidden(low), hidden(high), among: hiddenLayers, word)
      }
      guard let start = points.first(where: { $0.name == first }) else { continue }
      let name = Int(last).map { "\(Self.stem(first)).\($0)" } ?? last
      guard let end = points.first(where: { $0.name == name }) else { throw points.unknown(name) }
      let stem = Self.stem(first)
      let alike = stem == Self.stem(name) ? points.filter { Self.stem($0.name) == stem } : points
      return try between(start, end, among: alike, word)
    }
    return nil
  }

  private func between(
    _ first: TapPoint, _ last: TapPoint, among points: [TapPoint], _ word: String
  ) throws -> [TapPoint] {
    guard let start = points.firstIndex(where: { $0.name == first.name }),
      let end = points.firstIndex(where: { $0.name == last.name }), start <= end
    else { throw ModelError.backwardRange(word) }
    return Array(points[start...end])
  }

  /// `encoder.conv` of `encoder.conv.2`; the whole of a name without a number.
  private static func stem(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), Int(name[name.index(after: dot)...]) != nil else {
      return name
    }
    return String(name[..<dot])
  }

  private var hiddenLayers: [TapPoint] {
    let layers = filter { $0.kind.isHidden }
    // A tower alone has a prefix before them all.
    return layers.isEmpty ? filter { $0.name.contains(".hidden.") } : layers
  }

  private func hidden(_ number: Int) throws -> TapPoint {
    let layers = hiddenLayers
    // A codec may have no blocks to count: then its layers go by their names.
    guard !layers.isEmpty else { throw unknown("\(number)") }
    let index = number < 0 ? layers.count + number : number
    guard layers.indices.contains(index) else {
      throw ModelError.layerOutOfRange(number: number, layers: layers.count - 1)
    }
    return layers[index]
  }

  private func unknown(_ name: String) -> ModelError {
    .unknownLayer(name: name, nearest: Nearest.ordered(to: name, among: map(\.name), count: 3))
  }
}
