import Activations
import Probing
import Tensors

/// How many of the directions that an erasure takes away a level needs, by cross-validation: the erasure's directions of a
/// fold, the most strongly tied to the labels first, and what a reader of the first so many of them reads right in the
/// recordings that the fold holds out.
struct SubspaceRank: Sendable, Codable, Equatable {
  let rank: Int
  /// Tested spans that are read right, by utterance of the corpus.
  let right: [Int: Double]

  /// Few directions one by one, more in steps of a half or so.
  static func grid(upTo rank: Int) -> [Int] {
    var (grid, next) = ([Int](), 1)
    while next < rank {
      grid.append(next)
      next = max(next + 1, next * 3 / 2)
    }
    return grid + [rank]
  }
}

extension InterventionSetting {
  /// Of a level at a layer; empty where it has no vectors there.
  func ranks(of index: Int, _ layer: String, _ erasures: [LinearErasure?]) throws -> [SubspaceRank] {
    let plan = plans[index]
    guard plan.examples.layers.contains(layer), let full = erasures.compactMap({ $0?.rank }).max() else {
      return []
    }
    let states = try plan.examples.states(of: layer)
    let grid = SubspaceRank.grid(upTo: full)
    let found = try parallelMap(plan.foldCount, threads: threads) { fold -> [[Int: Double]] in
      guard let erasure = erasures[fold] else { return grid.map { _ in [:] } }
      let coordinates = erasure.coordinates(of: states)
      return try grid.map { rank in
        try study.requireGoingOn()
        return try right(plan, fold, coordinates.firstColumns(min(rank, erasure.rank)))
      }
    }
    return grid.indices.map { place in
      SubspaceRank(
        rank: grid[place],
        right: found.reduce(into: [:]) { all, fold in all.merge(fold[place]) { first, _ in first } })
    }
  }

  /// What readers of some coordinates read right in the recordings that a fold holds out.
  private func right(_ plan: ConceptPlan, _ fold: Int, _ coordinates: Tensor) throws -> [Int: Double] {
    let sums = plan.sums(width: coordinates.width) { utterance in
      (coordinates.selectingRows(plan.spans[utterance].map(\.row)), plan.spans[utterance])
    }
    guard let moments = plan.training(fold, sums)?.moments() else { return [:] }
    let reader = try LayerReaders.fit(moments, classCount: plan.classes.count)
    var right: [Int: Double] = [:]
    for utterance in plan.tested where plan.testFold[utterance] == fold {
      let spans = plan.testedSpans(utterance)
      guard !spans.isEmpty else { continue }
      let guesses = try reader.predictions(of: coordinates.selectingRows(spans.map(\.row)))
      right[utterance] = Double(zip(guesses, spans).count { $0 == $1.label })
    }
    return right
  }
}

extension LinearErasure {
  /// How much of each direction rows have, `[rows × rank]`.
  func coordinates(of rows: Tensor) -> Tensor {
    let width = width
    let centred = rows.withUnsafeBuffer { x in
      Tensor(shape: [rows.rows, width]) { y in
        for i in y.indices { y[i] = x[i] - Float(mean[i % width]) }
      }
    }
    return matrixProduct(centred, .none, Tensor(right), .transposed)
  }
}

extension Tensor {
  /// The first columns, copied.
  fileprivate func firstColumns(_ count: Int) -> Tensor {
    let width = width
    return withUnsafeBuffer { x in
      Tensor(shape: [rows, count]) { y in
        for i in y.indices { y[i] = x[i / count * width + i % count] }
      }
    }
  }
}
