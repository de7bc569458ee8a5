/// Attention of all layers as a graph, in which a layer's row reaches the row below it by half a residual and half the
/// heads' mean attention (Abnar & Zuidema 2020).
///
/// Rows are all that attends or is attended to: the frames of an encoder and, behind them, a decoder's tokens. Those that
/// a layer does not touch pass it as they are.
struct AttentionGraph: Sendable {
  let rows: Int
  /// From the first layer up.
  private(set) var layers: [AttentionLayer] = []

  init(rows: Int) { self.rows = rows }

  /// Adds a layer on top.
  mutating func add(_ layer: AttentionLayer) { layers.append(layer) }

  /// How much of each row of the input is in the mean of `targets` above the last layer: the product of all layers.
  func rollout(from targets: [Int]) -> [Double] {
    var state = [Double](repeating: 0, count: rows)
    for target in targets { state[target] += 1 / Double(targets.count) }
    for layer in layers.reversed() { state = layer.below(state) }
    return state
  }

  /// The largest flow that each row of the input can send to `targets`, where an edge carries as much as the upper row
  /// attends to the lower: each row's own maximum, as all others stand still.
  func flow(from targets: [Int]) -> [Double] {
    (0..<rows).map { source in
      var network = FlowNetwork(self, source: source, targets: targets)
      return network.maximum()
    }
  }
}

/// A layered network with residual capacities, for one source among the rows of the input.
private struct FlowNetwork {
  private let rows: Int
  private let levels: Int
  /// Of each layer the capacity left upwards, `[rows above × rows below]`, and what has been sent.
  private var capacity: [[Double]]
  private var sent: [[Double]]
  private let source: Int
  private let isTarget: [Bool]
  private static let least = 1e-9

  init(_ graph: AttentionGraph, source: Int, targets: [Int]) {
    rows = graph.rows
    levels = graph.layers.count
    capacity = graph.layers.map { $0.edges(rows: graph.rows) }
    sent = capacity.map { [Double](repeating: 0, count: $0.count) }
    self.source = source
    var isTarget = [Bool](repeating: false, count: graph.rows)
    for target in targets { isTarget[target] = true }
    self.isTarget = isTarget
  }

  /// Dinic's algorithm (1970): blocking flows along shortest ways until none is left.
  mutating func maximum() -> Double {
    var total = 0.0
    while let distances = distances() {
      var next = [Int](repeating: 0, count: (levels + 1) * rows)
      while true {
        let amount = push(0, source, Double.infinity, distances, &next)
        guard amount > Self.least else { break }
        total += amount
      }
    }
    return total
  }

  /// Steps from the source to each node, level by level; nil where no target is reached.
  private func distances() -> [Int]? {
    var distances = [Int](repeating: -1, count: (levels + 1) * rows)
    distances[source] = 0
    var queue = [source]
    var place = 0
    var isReached = false
    while place < queue.count {
      let node = queue[place]
      place += 1
      if node / rows == levels, isTarget[node % rows] { isReached = true }
      for neighbour in 0..<(2 * rows) where room(node, neighbour) > Self.least {
        let other = self.node(node, neighbour)
        guard distances[other] < 0 else { continue }
        distances[other] = distances[node] + 1
        queue.append(other)
      }
    }
    return isReached ? distances : nil
  }

  /// A node's neighbours: the rows above it, then those below.
  private func node(_ node: Int, _ neighbour: Int) -> Int {
    neighbour < rows ? (node / rows + 1) * rows + neighbour : (node / rows - 1) * rows + neighbour - rows
  }

  private func room(_ node: Int, _ neighbour: Int) -> Double {
    let (level, row) = (node / rows, node % rows)
    if neighbour < rows { return level < levels ? capacity[level][neighbour * rows + row] : 0 }
    return level > 0 ? sent[level - 1][row * rows + neighbour - rows] : 0
  }

  private mutating func push(
    _ level: Int, _ node: Int, _ limit: Double, _ distances: [Int], _ next: inout [Int]
  ) -> Double {
    if node / rows == levels, isTarget[node % rows] { return limit }
    while next[node] < 2 * rows {
      let neighbour = next[node]
      let room = room(node, neighbour)
      if room > Self.least {
        let other = self.node(node, neighbour)
        if distances[other] == distances[node] + 1 {
          let amount = push(level + 1, other, min(limit, room), distances, &next)
          if amount > Self.least {
            send(amount, node, neighbour)
            return amount
          }
        }
      }
      next[node] += 1
    }
    return 0
  }

  private mutating func send(_ amount: Double, _ node: Int, _ neighbour: Int) {
    let (level, row) = (node / rows, node % rows)
    if neighbour < rows {
      capacity[level][neighbour * rows + row] -= amount
      sent[level][neighbour * rows + row] += amount
    } else {
      capacity[level - 1][row * rows + neighbour - rows] += amount
      sent[level - 1][row * rows + neighbour - rows] -= amount
    }
  }
}
