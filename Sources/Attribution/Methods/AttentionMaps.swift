import Models
import Tensors

extension Attribution {
  /// Rows beyond which attention flow takes too long: it is asked of each row by itself.
  private static let mostFlowRows = 200

  /// Attention rollout or flow (Abnar & Zuidema 2020): which frames below the first block reach the target's span
  /// through the attention of all blocks before its layer. Every class of a span has the same map.
  func attentionMap(_ method: AttributionMethod) throws -> AttributionMap {
    let graph = try attentionGraph()
    var value = 0.0
    var rows = 0
    try model.forward(samples, tokens: tokens, taps: [target.tap], threads: threads) {
      value = try target.reading(of: $1, at: point).value
      rows = $1.rows
    }
    guard rows == graph.rows, point.timing != nil else {
      throw AttributionError.notApplicable(
        method: method.title, reason: "attention is of \(graph.rows) tokens, \(target.tap) has \(rows) rows"
      )
    }
    if method == .attentionFlow, graph.rows > Self.mostFlowRows {
      throw AttributionError.notApplicable(
        method: method.title,
        reason:
          "\(graph.rows) frames would take too long, at most \(Self.mostFlowRows); cut the recording, or take "
          + "attention-rollout")
    }
    let frames = try target.frames(of: point, count: rows)
    try checkCancellation()
    let profile = method == .attentionFlow ? graph.flow(from: frames) : graph.rollout(from: frames)
    return map(method, score: value, layer: "hidden.0", profile: profile)
  }

  private func attentionGraph() throws -> AttentionGraph {
    let wanted = try attentionPath().map(\.name)
    var graph: AttentionGraph?
    try model.forward(samples, tokens: nil, taps: Set(wanted), threads: threads) { _, weights in
      guard weights.shape.count == 3, weights.shape[1] == weights.shape[2] else { return }
      var next = graph ?? AttentionGraph(rows: weights.shape[1])
      next.add(weights.values, heads: weights.shape[0])
      graph = next
    }
    guard let graph else {
      throw AttributionError.notApplicable(
        method: "attention", reason: "the model gives no attention weights")
    }
    return graph
  }
}
