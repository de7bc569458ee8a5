import Activations
import Corpora
import Foundations
import Tensors

/// A series from elsewhere over the spans that a study looks at.
struct SeriesPooling {
  private let source: any ActivationSource
  private let utterances: [Utterance]

  init(_ source: any ActivationSource, _ utterances: [Utterance]) {
    (self.source, self.utterances) = (source, utterances)
  }

  /// `[spans × channels]`: the means over each span of all layers of the series, beside each other. Throws
  /// `SeriesError` where it says nothing of an utterance or has no frames there.
  func states(of examples: PooledSpans, threads: Int) throws -> Tensor {
    let places = Dictionary(grouping: examples.items.indices) { examples.items[$0].utterance }
      .sorted { $0.key < $1.key }
    let names = Set(source.taps.map(\.name))
    let width = source.taps.reduce(0) { $0 + $1.width }
    let found = try parallelMap(places.count, threads: threads) { index -> [Tensor] in
      let utterance = utterances[places[index].key]
      let spans = places[index].value.map { row in
        let item = examples.items[row]
        return LabelledSpan(start: item.start, end: item.end, label: "", type: "")
      }
      var pooled: [String: Tensor] = [:]
      try source.forward(utterance, nil, taps: names, threads: 1) { name, frames in
        guard let tap = source.taps.first(where: { $0.name == name }), frames.rows > 0 else { return }
        if let centres = try source.centres(of: tap, in: utterance) {
          pooled[name] = FramePooling().pool(frames, timing: ListedCentres(centres), spans: spans)
        } else if let timing = tap.timing {
          pooled[name] = FramePooling().pool(frames, timing: timing, spans: spans)
        }
      }
      return try source.taps.map { tap in
        guard let states = pooled[tap.name] else {
          throw SeriesError.nothingOf(utterance: utterance.id, series: source.name)
        }
        return states
      }
    }
    return Tensor(shape: [examples.items.count, width]) { out in
      for (place, tensors) in zip(places, found) {
        for (i, row) in place.value.enumerated() {
          var first = row * width
          for tensor in tensors {
            tensor.withUnsafeBuffer { values in
              for k in 0..<tensor.width { out[first + k] = values[i * tensor.width + k] }
            }
            first += tensor.width
          }
        }
      }
    }
  }
}

/// What can be wrong with a series.
public enum SeriesError: StrataError, Equatable, CustomStringConvertible {
  case nothingOf(utterance: String, series: String)

  public var description: String {
    switch self {
    case .nothingOf(let utterance, let series):
      "\(series) has no frames of the utterance \(utterance), which the corpus has; give it an array "
        + "\(utterance)/NAME, or take the utterance out of the corpus"
    }
  }

  public var kind: FailureKind { .badInput }
}
