import Foundations

extension [TapPoint] {
  /// Those of a list such as `0,6,-1` or `projection,hidden.3`, in the order given.
  ///
  /// A number counts hidden layers: 0 is what enters the first block, −1 the output of the last. `all` is every tap
  /// point here; `besides` are had only by name.
  ///
  /// Throws `ModelError.unknownLayer` with the nearest names, or `.layerOutOfRange` with the range.
  public func resolve(layers list: String, besides others: [TapPoint] = []) throws -> [TapPoint] {
    var resolved: [TapPoint] = []
    for item in list.split(separator: ",") {
      let word = String(item.filter { !$0.isWhitespace })
      let points: [TapPoint]
      if word == "all" {
        points = self
      } else if let number = Int(word) {
        points = [try hidden(number)]
      } else {
        points = try (self + others).named(word)
      }
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

  private func hidden(_ number: Int) throws -> TapPoint {
    var layers = filter { $0.kind.isHidden }
    // A tower alone has a prefix before them all.
    if layers.isEmpty { layers = filter { $0.name.contains(".hidden.") } }
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
