import Activations
import Audio
import Corpora
import Foundations
import Models
import Probing
import Results
import Similarity
import Tensors

/// The passes of a geometry study over one source.
struct GeometryWork {
  let study: LayerStudy
  let level: Level
  let utterances: [Utterance]
  let conditions: [GeometryResult.Condition]
  /// The resampled unit of each utterance.
  private let unitOfUtterance: [Int]
  private let bootstrap: Bootstrap

  /// `units` names what each utterance is resampled with.
  init(
    study: LayerStudy, level: Level, utterances: [Utterance], conditions: [GeometryResult.Condition],
    units: [String]
  ) {
    (self.study, self.level, self.utterances, self.conditions) = (study, level, utterances, conditions)
    var places: [String: Int] = [:]
    for unit in units where places[unit] == nil { places[unit] = places.count }
    unitOfUtterance = units.map { [places] in places[$0] ?? 0 }
    bootstrap = Bootstrap(clusters: places.count, resamples: study.bootstrapResamples, seed: study.seed)
  }

  /// Frames closer together than this, in seconds, are averaged before a trajectory is looked at.
  static let step = 0.02
  /// No more windows of a recording make a spectrum, whose cost grows with their cube.
  static let mostWindows = 1000

  /// What one utterance gives of one layer.
  private struct Measured: Sendable {
    var angles = (sum: 0.0, count: 0)
    var entropy: Double?
    /// `[spans × dim]`.
    var spans: Tensor
    var isFinite = true
  }

  /// The layers of a source that lie in time.
  private func taps(of source: any ActivationSource) -> [TapPoint] {
    let asked = Set(study.layers ?? study.layersByDefault)
    return source.taps.filter { asked.contains($0.name) }
  }

  func measure(
    _ source: any ActivationSource, _ stage: String, withInput: Bool
  ) throws -> (input: GeometryResult.LayerGeometry?, layers: [GeometryResult.LayerGeometry], spans: Int) {
    let taps = taps(of: source)
    let total = utterances.count * (1 + conditions.count)
    let counter = ProgressSteps(stage, total: total, report: study.onProgress)
    let clean = try parallelMap(utterances.count, threads: study.threads) { index in
      defer { counter.advance() }
      return try pass(source, taps, utterances[index], changedBy: nil, withInput)
    }
    let names = (withInput ? [LogMel.layer] : []) + taps.map(\.name)
    let scales = Dictionary(
      uniqueKeysWithValues: names.map { name in (name, scale(clean.compactMap { $0[name]?.spans })) })
    let changed = try parallelMap(utterances.count * conditions.count, threads: study.threads) { job in
      defer { counter.advance() }
      let (index, place) = (job / conditions.count, job % conditions.count)
      let after = try pass(source, taps, utterances[index], changedBy: conditions[place], withInput)
      var sums: [String: (moved: Double, apart: Double)] = [:]
      for (name, found) in after {
        guard let before = clean[index][name], let scale = scales[name] else { continue }
        sums[name] =
          found.isFinite && before.isFinite ? scale.sums(before.spans, found.spans) : (.nan, .nan)
      }
      return sums
    }
    func geometry(_ layer: Layer) -> GeometryResult.LayerGeometry {
      let own = clean.map { $0[layer.name] }
      guard own.allSatisfy({ $0?.isFinite ?? true }) else {
        return nothing(layer, reason: "it has values that are not finite")
      }
      guard own.contains(where: { $0 != nil }) else { return nothing(layer, reason: "it has no frames") }
      return GeometryResult.LayerGeometry(
        layer: layer,
        curvature: ratio(own.map { $0.map { ($0.angles.sum, Double($0.angles.count)) } ?? (0, 0) }),
        entropy: ratio(own.map { ($0?.entropy).flatMap { $0 }.map { ($0, 1) } ?? (0, 0) }),
        changes: conditions.indices.map { place in
          ratio(
            utterances.indices.map {
              changed[$0 * conditions.count + place][layer.name].map { ($0.moved, $0.apart) } ?? (0, 0)
            })
        })
    }
    let asked = Set(taps.map(\.name))
    return (
      withInput ? geometry(Layer(name: LogMel.layer, depth: -1)) : nil,
      study.layersOfModel.filter { asked.contains($0.name) }.map(geometry),
      clean.reduce(0) { $0 + ($1.values.first?.spans.rows ?? 0) }
    )
  }

  func nothing(_ layer: Layer, reason: String? = nil) -> GeometryResult.LayerGeometry {
    GeometryResult.LayerGeometry(
      layer: layer, curvature: .missing, entropy: .missing, changes: conditions.map { _ in .missing },
      reason: reason)
  }

  // MARK: - One pass

  private func pass(
    _ source: any ActivationSource, _ taps: [TapPoint], _ utterance: Utterance,
    changedBy condition: GeometryResult.Condition?, _ withInput: Bool
  ) throws -> [String: Measured] {
    guard !study.isCancelled() else { throw StudyError.interrupted }
    var sound: Waveform?
    if source.input == .sound || withInput {
      let read = try utterance.sound()
      sound = try changed(read.resampled(to: source.facts.samplingRate ?? 16_000), condition, utterance.id)
    }
    let speed = condition?.kind == .tempo ? condition?.amount ?? 1 : 1
    let seconds = (sound?.seconds ?? utterance.seconds) * speed
    let spans = utterance.spans(at: level).filter { ($0.start + $0.end) / 2 < seconds }
      .map { LabelledSpan(start: $0.start / speed, end: $0.end / speed, label: "", type: "") }
    var found: [String: Measured] = [:]
    func measured(_ frames: Tensor, _ timing: some FrameAxis, _ stride: Double) throws -> Measured {
      var result = Measured(spans: FramePooling().pool(frames, timing: timing, spans: spans))
      result.isFinite = frames.firstNonFinite() == nil
      guard condition == nil, result.isFinite else { return result }
      let step = max(Self.step, stride)
      let count = min(Self.mostWindows, Int(seconds / step))
      guard count > 2 else { return result }
      let windows = FramePooling().pool(
        frames, timing: timing,
        spans: (0..<count).map {
          LabelledSpan(start: Double($0) * step, end: Double($0 + 1) * step, label: "", type: "")
        })
      result.angles = Trajectory.angles(of: windows)
      do {
        result.entropy = try Spectrum(of: windows).entropy
      } catch is SimilarityError {
        // Nothing varies here: there is no spectrum.
      }
      return result
    }
    if withInput, let sound {
      let mel = LogMel.baseline()
      found[LogMel.layer] = try measured(try mel.features(of: sound), mel.timing, mel.timing.stride)
    }
    try source.forward(utterance, sound, taps: Set(taps.map(\.name)), threads: 1) { name, frames in
      guard let tap = taps.first(where: { $0.name == name }), frames.rows > 0 else { return }
      if let centres = try source.centres(of: tap, in: utterance) {
        found[name] = try measured(frames, ListedCentres(centres), Self.step)
      } else if let timing = tap.timing {
        found[name] = try measured(frames, timing, timing.stride)
      }
    }
    return found
  }

  private func changed(
    _ sound: Waveform, _ condition: GeometryResult.Condition?, _ id: String
  ) throws -> Waveform {
    guard let condition else { return sound }
    switch condition.kind {
    case .noise:
      var numbers = RandomNumbers(seed: study.seed, stream: "noise at \(condition.amount) over \(id)")
      return sound.with(
        noise: sound.samples.map { _ in Float(numbers.normal()) }, decibels: condition.amount)
    case .tempo: return sound.stretched(tempo: condition.amount)
    case .pitch: return try sound.pitched(semitones: condition.amount)
    }
  }

  // MARK: - Sums

  private func scale(_ spans: [Tensor]) -> StateChange {
    let width = spans.first?.width ?? 0
    var (sums, squares) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    for states in spans {
      states.withUnsafeBuffer { x in
        for row in 0..<states.rows {
          for k in 0..<width {
            let value = Double(x[row * width + k])
            sums[k] += value
            squares[k] += value * value
          }
        }
      }
    }
    return StateChange(sums: sums, squares: squares, count: spans.reduce(0) { $0 + $1.rows })
  }

  /// The ratio of two sums over utterances, with an interval over the units.
  private func ratio(_ parts: [(above: Double, below: Double)]) -> Estimate {
    var counts = Matrix(rows: bootstrap.weights.columns, columns: 2)
    for (unit, part) in zip(unitOfUtterance, parts) {
      counts[unit, 0] += part.above
      counts[unit, 1] += part.below
    }
    return bootstrap.ratio(of: counts)
  }
}
