import Models
import Tensors

/// The attention of one layer of an `AttentionGraph`, the mean over its heads.
struct AttentionLayer: Sendable {
  /// The rows of the graph that attend, and those that are attended to.
  let queries, keys: Range<Int>
  /// `[queries × keys]`; each row sums to one.
  let weights: [Double]

  /// `weights` are `[heads × queries × keys]`, the first of each at these rows of the graph. Rows that lost keys, such as
  /// those behind the sound, are brought to one again.
  init(_ weights: Tensor, queriesFrom: Int = 0, keysFrom: Int = 0) {
    let (heads, count, width) = (weights.shape[0], weights.shape[1], weights.shape[2])
    queries = queriesFrom..<(queriesFrom + count)
    keys = keysFrom..<(keysFrom + width)
    var mean = [Double](repeating: 0, count: count * width)
    weights.withUnsafeBuffer { weights in
      for head in 0..<heads {
        for index in mean.indices { mean[index] += Double(weights[head * count * width + index]) }
      }
    }
    for row in 0..<count {
      let range = (row * width)..<((row + 1) * width)
      let sum = mean[range].reduce(0, +)
      for index in range { mean[index] = sum > 0 ? mean[index] / sum : 0 }
    }
    self.weights = mean
  }

  /// What each row below has in a mixture of rows above.
  func below(_ above: [Double]) -> [Double] {
    var below = above
    for query in queries { below[query] /= 2 }
    for query in queries where above[query] != 0 {
      let row = (query - queries.lowerBound) * keys.count
      for (column, key) in keys.enumerated() { below[key] += above[query] / 2 * weights[row + column] }
    }
    return below
  }

  /// `[rows above × rows below]`, residual and all.
  func edges(rows: Int) -> [Double] {
    var edges = [Double](repeating: 0, count: rows * rows)
    for row in 0..<rows { edges[row * rows + row] = queries.contains(row) ? 0.5 : 1 }
    for (place, query) in queries.enumerated() {
      for (column, key) in keys.enumerated() {
        edges[query * rows + key] += weights[place * keys.count + column] / 2
      }
    }
    return edges
  }

  /// The mean attention of some rows, a share for each key.
  func mean(of rows: [Int]) -> [Double] {
    keys.indices.map { key in
      rows.reduce(0) { $0 + weights[($1 - queries.lowerBound) * keys.count + key - keys.lowerBound] }
        / Double(rows.count)
    }
  }
}

/// Tokens in groups, such as the patches of each frame; those that are in none are left out.
struct TokenGroups: Sendable {
  /// The group of each token.
  let groups: [Int?]
  let count: Int

  /// The patches of each frame, of all frequencies; tokens in front, and patches behind the sound, are in none.
  static func frames(of patches: FrameOperation) -> TokenGroups {
    var groups = [Int?](
      repeating: nil, count: patches.leading + patches.strips * patches.rows * patches.columns)
    patches.forEachRow { frame, token, count in
      for index in 0..<count { groups[token + index] = frame + index }
    }
    return TokenGroups(groups: groups, count: patches.frames)
  }

  /// Each token in front by itself, then the patches of each column, sound or not.
  static func columns(of patches: FrameOperation) -> TokenGroups {
    let (leading, columns) = (patches.leading, patches.columns)
    let tokens = leading + patches.strips * patches.rows * columns
    let groups = (0..<tokens).map { token -> Int? in
      guard token >= leading else { return token }
      let place = token - leading
      return leading + place / (patches.rows * columns) * columns + place % columns
    }
    return TokenGroups(groups: groups, count: leading + patches.strips * columns)
  }

  func tokens(of group: Int) -> [Int] { groups.indices.filter { groups[$0] == group } }

  /// Attention `[heads × tokens × tokens]` as `[heads × groups × groups]`: the mean over a group's queries of what falls on
  /// all keys of another.
  func folded(_ weights: Tensor) -> Tensor {
    let (heads, tokens) = (weights.shape[0], groups.count)
    precondition(weights.shape == [heads, tokens, tokens], "\(weights.shape), \(tokens) tokens")
    var sizes = [Float](repeating: 0, count: count)
    for case .some(let group) in groups { sizes[group] += 1 }
    return weights.withUnsafeBuffer { weights in
      Tensor(shape: [heads, count, count]) { folded in
        folded.update(repeating: 0)
        for row in 0..<(heads * tokens) {
          guard let query = groups[row % tokens] else { continue }
          let target = (row / tokens * count + query) * count
          for (token, group) in groups.enumerated() {
            if let group { folded[target + group] += weights[row * tokens + token] / sizes[query] }
          }
        }
      }
    }
  }
}
