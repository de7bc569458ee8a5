import Tensors

/// Gathers rows into blocks of a fixed size before they are summed: products of a few rows at a time would
/// spend their time on fetching the sums. Where an utterance ends plays no part, so the sums are the same
/// however often the work was interrupted.
struct MomentsAccumulator: Sendable {
  static let block = 256

  var moments: Moments
  /// Rows that wait for their block to fill, an array a layer, and their classes.
  var pending: [[Float]]
  var labels: [Int?] = []

  init(_ moments: Moments) {
    self.moments = moments
    pending = moments.widths.map { _ in [] }
  }

  /// Adds rows, `[rows × width]` a layer.
  mutating func add(_ vectors: [Tensor], labels rows: [Int?]) {
    for (layer, vectors) in vectors.enumerated() {
      vectors.withUnsafeBuffer { pending[layer].append(contentsOf: $0) }
    }
    labels.append(contentsOf: rows)
    while labels.count >= MomentsAccumulator.block { fold(MomentsAccumulator.block) }
  }

  /// The sums of everything so far.
  func finished() -> Moments {
    var copy = self
    if !labels.isEmpty { copy.fold(labels.count) }
    return copy.moments
  }

  private mutating func fold(_ rows: Int) {
    let states = pending.enumerated().map { layer, values in
      Tensor(Array(values.prefix(rows * moments.widths[layer])), shape: [rows, moments.widths[layer]])
    }
    moments.add(states, labels: Array(labels.prefix(rows)))
    for layer in pending.indices { pending[layer].removeFirst(rows * moments.widths[layer]) }
    labels.removeFirst(rows)
  }
}

extension Moments {
  /// Without some layers.
  func dropping(_ names: Set<String>) -> Moments {
    let kept = layers.indices.filter { !names.contains(layers[$0]) }
    guard kept.count < layers.count else { return self }
    var result = Moments(
      layers: kept.map { (layers[$0], widths[$0]) }, classes: classes, extent: extent)
    result.count = count
    result.classCounts = classCounts
    result.shifts = shifts.isEmpty ? [] : kept.map { shifts[$0] }
    result.sums = kept.map { sums[$0] }
    result.norms = kept.map { norms[$0] }
    result.classSums = kept.map { classSums[$0] }
    for (slot, (i, j)) in Moments.pairs(kept.count, extent).enumerated() {
      if let old = self.slot(kept[i], kept[j]) { result.products[slot] = products[old] }
    }
    for (j, old) in kept.enumerated() {
      let rows = extent == .pairs ? kept : [0]
      result.normSums[j].values = rows.flatMap { row($0, of: normSums[old]) }
      for (i, other) in kept.enumerated() { result.normProducts[i, j] = normProducts[other, old] }
    }
    return result
  }

  /// Every sum one after the other, for keeping; `restore` takes it back. The only copy that is made: with every pair
  /// of a base-sized model's layers it is 430 MB.
  var bits: Tensor {
    var lists = shifts + sums
    lists += products.map(\.values)
    lists += normSums.map(\.values)
    lists += [norms, normProducts.values]
    lists += classSums.map(\.values)
    return Tensor(bitsOf: lists)
  }

  /// How many sums `bits` holds once rows were added.
  var sumCount: Int {
    Moments.bytes(widths: widths, classes: classes.count, extent: extent) / 8
  }

  /// Takes back the `bits` of moments of the same form; false where the count of values is not theirs.
  mutating func restore(_ bits: Tensor, count: Int, classCounts: [Int]) -> Bool {
    var place = 0
    func take(_ size: Int) -> [Double] {
      defer { place += size }
      return bits.doublesFromBits(place..<(place + size))
    }
    let shiftCount = widths.reduce(0, +)
    guard bits.count == 2 * (sumCount - (count > 0 ? 0 : shiftCount)), classCounts.count == classes.count
    else { return false }
    shifts = count > 0 ? widths.map(take) : []
    sums = widths.map(take)
    for slot in products.indices { products[slot].values = take(products[slot].values.count) }
    for layer in layers.indices { normSums[layer].values = take(normSums[layer].values.count) }
    norms = take(norms.count)
    normProducts.values = take(normProducts.values.count)
    for layer in layers.indices { classSums[layer].values = take(classSums[layer].values.count) }
    self.count = count
    self.classCounts = classCounts
    return true
  }
}
