import Audio
import Corpora
import Models
import Tensors

/// What is remembered of one utterance beside its vectors; lists have a place for each planned level.
struct UtteranceRecord: Sendable, Equatable, Codable {
  /// The file's own sampling rate and length; nil and 0 where it could not be read.
  var samplingRate: Int?
  var seconds = 0.0
  /// The XXH3-128 hash of the bytes that were decoded; nil of a text, and of a file that could not be read.
  var content: String?
  /// Why the utterance gave nothing.
  var failure: String?
  /// Spans that were pooled, and that lay beyond the audio.
  var pooled: [Int]
  var dropped: [Int]
  /// The sampled spans among the pooled ones.
  var sampled: [[Int]]

  init(levels: Int) {
    pooled = Array(repeating: 0, count: levels)
    dropped = pooled
    sampled = Array(repeating: [], count: levels)
  }
}

/// One utterance's spans as vectors: all that is left of its audio and frames.
struct PooledUtterance: Sendable {
  var record: UtteranceRecord
  /// The indices of the pooled spans, a list a level.
  var spans: [[Int]]
  /// Of each of them the class that moments sum it in, nil for none.
  var summedClasses: [[Int?]]
  /// `[spans × width]` for each level and each of its layers.
  var vectors: [[Tensor]]
  /// Layers with a value that is not finite.
  var nonFinite: Set<String> = []
}

extension ExtractionPlan {
  /// Reads, runs and pools one utterance; whatever is wrong with it is in the record. At most one layer's
  /// frames are held at a time.
  func pool(_ index: Int, _ source: some ActivationSource, _ mel: LogMel) -> PooledUtterance {
    let utterance = utterances[index]
    // A copy, whose lists take memory only where they differ: as many of these are kept as there are utterances.
    var result = PooledUtterance(
      record: emptyRecord, spans: levels.map { _ in [] },
      summedClasses: levels.map { _ in [] }, vectors: levels.map { _ in [] })
    do {
      var waveform: Waveform?
      if utterance.text == nil {
        let (read, content) = fingerprints.reading(utterance.audioPath) { try utterance.sound() }
        result.record.content = content
        waveform = try read.get()
      }
      let length = waveform?.seconds ?? utterance.seconds
      result.record.samplingRate = waveform?.samplingRate
      result.record.seconds = length
      let all = levels.map { utterance.spans(at: $0.plan.level) }
      let spans = all.map { all in
        all.indices.filter { (all[$0].start + all[$0].end) / 2 < length }
      }
      for level in levels.indices where all[level].count > spans[level].count {
        result.record.dropped[level] = all[level].count - spans[level].count
      }
      guard spans.contains(where: { !$0.isEmpty }) else { return result }
      let chosen = zip(all, spans).map { all, spans in spans.map { all[$0] } }
      let (vectors, nonFinite) = try run(source, mel, on: waveform, utterance: index, spans: chosen)
      result.vectors = vectors
      result.nonFinite = nonFinite
      result.spans = spans
      result.summedClasses = zip(levels, chosen).map { level, spans in
        spans.map { level.plan.summedClass[level.plan.label(of: $0)] }
      }
      for level in levels.indices {
        result.record.pooled[level] = spans[level].count
        let sampled = levels[level].plan.sampled[index]
        guard !sampled.isEmpty else { continue }
        let kept = Set(spans[level])
        result.record.sampled[level] = sampled.filter(kept.contains)
      }
    } catch {
      result.record.failure = "\(error)"
    }
    return result
  }

  private func run(
    _ source: some ActivationSource, _ mel: LogMel, on waveform: Waveform?, utterance: Int,
    spans: [[LabelledSpan]]
  ) throws -> (vectors: [[Tensor]], nonFinite: Set<String>) {
    var vectors = levels.map { [Tensor?](repeating: nil, count: $0.layers.count) }
    var nonFinite: Set<String> = []

    /// Of layers whose frames come in parts, what is pooled so far, by level.
    var pieces: [Int: [PiecePooling?]] = [:]

    func take(_ index: Int, piece: FramePiece) throws {
      if piece.first == 0 && piece.isLast { return try take(index, piece.frames) }
      let layer = layers[index]
      guard piece.frames.shape.count == 2, piece.frames.shape[1] == layer.tap.width else {
        throw ActivationError.wrongShape(
          layer: layer.tap.name, expected: "[frames, \(layer.tap.width)]", found: piece.frames.shape)
      }
      guard let timing = layer.tap.timing else { throw UtteranceFailure.nowhere(layer.tap.name) }
      var pools =
        pieces.removeValue(forKey: index)
        ?? levels.indices.map { level in
          levels[level].layers.contains(index)
            ? PiecePooling(layer.pooling, timing, width: layer.tap.width, spans: spans[level]) : nil
        }
      for level in pools.indices {
        pools[level]?.add(piece)
        guard piece.isLast, let slot = levels[level].layers.firstIndex(of: index),
          let pooled = pools[level]?.pooled()
        else { continue }
        if pooled.firstNonFinite() != nil { nonFinite.insert(layer.tap.name) }
        vectors[level][slot] = pooled
      }
      if !piece.isLast { pieces[index] = pools }
    }

    func take(_ index: Int, _ frames: Tensor) throws {
      let layer = layers[index]
      guard frames.shape.count == 2, frames.shape[1] == layer.tap.width else {
        throw ActivationError.wrongShape(
          layer: layer.tap.name, expected: "[frames, \(layer.tap.width)]", found: frames.shape)
      }
      guard frames.rows > 0 else {
        throw waveform.map {
          UtteranceFailure.tooShort(samples: $0.samples.count, seconds: $0.seconds, layer: layer.tap)
        } ?? .notGiven(layer.tap.name)
      }
      let axis = try axis(of: layer.tap, rows: frames.rows, source, utterance)
      for level in levels.indices {
        guard let slot = levels[level].layers.firstIndex(of: index) else { continue }
        let pooled = layer.pooling.pool(frames, timing: axis, spans: spans[level])
        if pooled.firstNonFinite() != nil { nonFinite.insert(layer.tap.name) }
        vectors[level][slot] = pooled
      }
    }

    let isUsed = Set(levels.flatMap(\.layers))
    var names: [String: Int] = [:]
    for index in layers.indices where isUsed.contains(index) {
      if settings.includesMel && index == 0 {
        try take(0, baseline(mel, waveform, of: utterance))
      } else {
        names[layers[index].tap.name] = index
      }
    }
    if !names.isEmpty {
      try source.forwardInPieces(
        utterances[utterance], waveform, taps: Set(names.keys), threads: 1
      ) { name, piece in
        if let index = names[name] { try take(index, piece: piece) }
      }
    }
    let complete = try vectors.enumerated().map { level, slots in
      try slots.enumerated().map { slot, tensor in
        guard let tensor else {
          throw UtteranceFailure.notGiven(layers[levels[level].layers[slot]].tap.name)
        }
        return tensor
      }
    }
    return (complete, nonFinite)
  }

  private func baseline(_ mel: LogMel, _ waveform: Waveform?, of utterance: Int) throws -> Tensor {
    guard let waveform else { return CharacterNGrams.features(of: utterances[utterance].text ?? "") }
    return try mel.features(of: waveform)
  }

  /// Where the `rows` rows of a layer lie: where the source lists them, else as the tap point's timing says.
  private func axis(
    of tap: TapPoint, rows: Int, _ source: some ActivationSource, _ utterance: Int
  ) throws -> any FrameAxis {
    if isText, tap.name == baseline { return CharacterNGrams.axis(rows: rows) }
    if tap.name != baseline, let centres = try source.centres(of: tap, in: utterances[utterance]) {
      guard centres.count == rows else {
        throw ActivationError.wrongShape(
          layer: tap.name, expected: "[\(centres.count), \(tap.width)]", found: [rows, tap.width])
      }
      return ListedCentres(centres)
    }
    guard let timing = tap.timing else { throw UtteranceFailure.nowhere(tap.name) }
    return timing
  }
}

/// What can be wrong with one utterance beside its file.
enum UtteranceFailure: Error, CustomStringConvertible {
  case tooShort(samples: Int, seconds: Double, layer: TapPoint)
  case notGiven(String)
  case nowhere(String)

  var description: String {
    switch self {
    case .tooShort(let samples, let seconds, let layer):
      "the audio is too short: \(samples) samples (\(seconds) s) give no frame at layer \(layer.name)"
        + (layer.timing.map { ", which sees \($0.receptiveFieldSamples) samples at \($0.samplingRate) Hz" }
          ?? "")
    case .notGiven(let layer):
      "the model gave no values for layer \(layer)"
    case .nowhere(let layer):
      "nothing says where the rows of layer \(layer) lie in the utterance"
    }
  }
}
