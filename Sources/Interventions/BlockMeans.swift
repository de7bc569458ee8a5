import Attribution
import Models
import Tensors

/// What a block does on average over a corpus: what takes its place when it is put out of work.
struct BlockMeans: Sendable {
  /// What it adds to its input, `[width]`; nil where that was not asked for, or input and output differ in shape.
  var update: [Double]?
  /// What it gives, `[width]`, where input and output differ in shape, as those of a convolution do; else nil.
  var output: [Double]?
  /// What its heads give, side by side, `[width]`; nil where that was not asked for, or there is no one attention.
  var context: [Double]?
}

extension InterventionSetting {
  /// Whether blocks are put out of work.
  var hasLesions: Bool { study.skips || study.replacesByMeans || study.ablatesHeads }

  /// The means of each of `layers`, in one pass over the corpus where any are asked for.
  func blockMeans(of layers: [String]) throws -> [String: BlockMeans] {
    guard hasLesions else { return [:] }
    var means: [String: BlockMeans] = [:]
    for layer in layers { means[layer] = BlockMeans() }
    guard study.replacesByMeans || study.ablatesHeads else { return means }
    var sums: [String: (rows: Int, update: [Double], output: [Double], context: [Double])] = [:]
    let batch = 2 * threads
    for first in stride(from: 0, to: utterances.count, by: batch) {
      let some = Array(utterances[first..<min(utterances.count, first + batch)])
      let found = try parallelMap(some.count, threads: threads) { index in
        try study.requireGoingOn()
        return try blockSums(of: layers, in: some[index])
      }
      for own in found { for (layer, values) in own { Self.add(values, to: &sums[layer]) } }
      study.onProgress("Averaging blocks", min(utterances.count, first + batch), utterances.count)
    }
    for (layer, sum) in sums where sum.rows > 0 {
      let scale = 1 / Double(sum.rows)
      if !sum.update.isEmpty { means[layer]?.update = sum.update.map { $0 * scale } }
      if !sum.output.isEmpty { means[layer]?.output = sum.output.map { $0 * scale } }
      if !sum.context.isEmpty { means[layer]?.context = sum.context.map { $0 * scale } }
    }
    return means
  }

  private typealias Sums = (rows: Int, update: [Double], output: [Double], context: [Double])

  private static func add(_ own: Sums, to total: inout Sums?) {
    guard let known = total else {
      total = own
      return
    }
    total = (
      known.rows + own.rows, zip(known.update, own.update).map(+), zip(known.output, own.output).map(+),
      zip(known.context, own.context).map(+)
    )
  }

  private func blockSums(of layers: [String], in utterance: Int) throws -> [String: Sums] {
    let samples = try study.model.inputValues(of: study.corpus.utterances[utterance].sound())
    let pass = try RecordedPass(study.model, samples, upTo: read.last?.name ?? deepest)
    var sums: [String: Sums] = [:]
    for (place, tap) in read.enumerated() where layers.contains(tap.name) {
      var own: Sums = (0, [], [], [])
      let output = try pass.values(of: tap.name)
      own.rows = output.rows
      if study.replacesByMeans {
        let sums = output.columnSums()
        if let input = input(ofBlock: place) {
          own.update = zip(sums, try pass.values(of: input).columnSums()).map(-)
        } else {
          own.output = sums
        }
      }
      if study.ablatesHeads, let attention = pass.attention(of: tap.name) {
        own.context = try pass.context(of: attention).columnSums()
      }
      sums[tap.name] = own
    }
    return sums
  }
}

extension Tensor {
  /// The sum of each column.
  func columnSums() -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    let columns = width
    withUnsafeBuffer { x in for i in x.indices { sums[i % columns] += Double(x[i]) } }
    return sums
  }
}
