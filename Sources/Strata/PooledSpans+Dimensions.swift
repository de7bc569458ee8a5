import Activations
import Similarity
import Tensors

extension PooledSpans {
  /// The same spans with every layer in its first `count` principal components over them, so that wide and narrow layers
  /// have as much to be read from. Labels take no part. A layer of fewer dimensions has none, and a reason.
  func inPrincipalComponents(_ count: Int, threads: Int) throws -> PooledSpans {
    let found = try parallelMap(layers.count, threads: threads) { index -> Tensor? in
      let own = try states(of: layers[index])
      do {
        return try PrincipalComponents.of(own, count: count)
      } catch is SimilarityError {
        // What does not vary has no components; what is not finite is refused by the probe, which says where.
        return own.firstNonFinite() == nil ? nil : own
      }
    }
    var reasons = reasons
    for (layer, states) in zip(layers, found) where states == nil {
      reasons[layer] = "its states lie in fewer than \(count) dimensions"
    }
    return PooledSpans(
      level: level, isDerived: isDerived, classes: classes, types: types, speakers: speakers,
      utterances: utterances, items: items,
      states: zip(layers, found).compactMap { layer, states in states.map { (layer, $0) } },
      reasons: reasons)
  }
}
