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
  /// Reads, runs and pools one utterance; whatever is wrong with it is in the record. At most one layer's frames are held at
  /// a time; of a recording that its source hears in windows one layer's frames of a window, and as much sound.
  func pool(_ index: Int, _ source: some ActivationSource, _ mel: LogMel) -> PooledUtterance {
    let utterance = utterances[index]
    guard utterance.text == nil else { return pool(index, .nothing, source, mel) }
    let pooled: Result<PooledUtterance, any Error>
    let content: String?
    if let window = source.attentionWindow, utterance.seconds > window {
      // What is made of the file is made while it is read.
      (pooled, content) = fingerprints.reading(utterance.audioPath) {
        let sound = try StreamedSound(utterance.audioPath, channel: utterance.channel)
        return pool(index, .streamed(sound), source, mel)
      }
    } else {
      let (read, print) = fingerprints.reading(utterance.audioPath) { try utterance.sound() }
      content = print
      pooled = read.map { pool(index, .whole($0), source, mel) }
    }
    var result = nothing
    switch pooled {
    case .success(let value): result = value
    case .failure(let error): result.record.failure = "\(error)"
    }
    result.record.content = content
    return result
  }

  /// A copy of it has lists that take memory only where they differ: as many of these are kept as there are utterances.
  private var nothing: PooledUtterance {
    PooledUtterance(
      record: emptyRecord, spans: levels.map { _ in [] }, summedClasses: levels.map { _ in [] },
      vectors: levels.map { _ in [] })
  }

  private func pool(
    _ index: Int, _ sound: HeardSound, _ source: some ActivationSource, _ mel: LogMel
  ) -> PooledUtterance {
    let utterance = utterances[index]
    var result = nothing
    do {
      let length = sound.extent?.seconds ?? utterance.seconds
      result.record.samplingRate = sound.extent?.samplingRate
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
      let (vectors, nonFinite) = try run(source, mel, on: sound, utterance: index, spans: chosen)
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
    _ source: some ActivationSource, _ mel: LogMel, on sound: HeardSound, utterance: Int,
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
        guard case .whole(let waveform) = sound else { throw UtteranceFailure.notGiven(layer.tap.name) }
        throw UtteranceFailure.tooShort(
          samples: waveform.samples.count, seconds: waveform.seconds, layer: layer.tap)
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
        switch sound {
        case .nothing: try take(0, CharacterNGrams.features(of: utterances[utterance].text ?? ""))
        case .whole(let waveform): try take(0, mel.features(of: waveform))
        case .streamed(let sound):
          try mel.features(of: sound) { frames, first, isLast in
            try take(0, piece: FramePiece(frames: frames, first: first, isLast: isLast))
          }
        }
      } else {
        names[layers[index].tap.name] = index
      }
    }
    if !names.isEmpty {
      let wanted = Set(names.keys)
      func hear(_ name: String, _ piece: FramePiece) throws {
        if let index = names[name] { try take(index, piece: piece) }
      }
      switch sound {
      case .nothing:
        try source.forwardInPieces(utterances[utterance], nil, taps: wanted, threads: 1, visit: hear)
      case .whole(let waveform):
        try source.forwardInPieces(utterances[utterance], waveform, taps: wanted, threads: 1, visit: hear)
      case .streamed(let sound):
        try source.forwardInPieces(
          utterances[utterance], streaming: sound, taps: wanted, threads: 1, visit: hear)
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
