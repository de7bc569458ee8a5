import Activations
import Corpora
import Models
import Tensors

extension InterventionSetting {
  /// Sums over the labelled frames of the intact model, layer → level → cell of utterances, in one pass.
  ///
  /// Utterances are shared out over threads and added up in the order of the corpus.
  func frameSums(of layers: [String]) throws -> [String: [[ClassSums?]]] {
    var totals: [String: [[ClassSums?]]] = [:]
    for layer in layers { totals[layer] = plans.map { Array(repeating: nil, count: $0.cellCount) } }
    let batch = 2 * threads
    for first in stride(from: 0, to: utterances.count, by: batch) {
      let some = Array(utterances[first..<min(utterances.count, first + batch)])
      let found = try parallelMap(some.count, threads: threads) { index in
        try study.requireGoingOn()
        return try frameSums(of: layers, in: some[index])
      }
      for (utterance, own) in zip(some, found) {
        for (layer, levels) in own {
          for (place, sums) in levels.enumerated() {
            guard let sums else { continue }
            let cell = plans[place].cell[utterance]
            if totals[layer]?[place][cell] == nil {
              totals[layer]?[place][cell] = sums
            } else {
              totals[layer]?[place][cell]? += sums
            }
          }
        }
      }
      study.onProgress("Summing frames", min(utterances.count, first + batch), utterances.count)
    }
    return totals
  }

  private func frameSums(of layers: [String], in utterance: Int) throws -> [String: [ClassSums?]] {
    var sums: [String: [ClassSums?]] = [:]
    let (source, own) = (
      study.source ?? study.model as any ActivationSource, study.corpus.utterances[utterance]
    )
    try source.forward(own, own.sound(), taps: Set(layers), threads: 1) { layer, frames in
      guard let place = read.firstIndex(where: { $0.name == layer }), let timing = read[place].timing,
        let centre = centres[place]
      else { return }
      sums[layer] = plans.enumerated().map { index, plan in
        guard readers[place][index] != nil, !plan.spans[utterance].isEmpty else { return nil }
        let labels = plan.labels(ofFrames: frames.rows, timing, in: utterance)
        var own = ClassSums(centre: centre, classCount: plan.classes.count, labellings: labels.count)
        own.add(frames, labels: labels)
        return own
      }
    }
    return sums
  }
}
