import Audio
import Corpora
import Files
import Foundation
import Foundations
import Models

/// What a pass will do, fixed before any audio is read: the layers, the levels with their spans and samples,
/// and a key that changes with anything that could change the results.
struct ExtractionPlan: Sendable {
  struct Layer: Sendable {
    let tap: TapPoint
    let pooling: FramePooling
    /// Values of a pooled vector.
    var width: Int { pooling.width(ofFrames: tap.width) }
  }

  struct PlannedLevel: Sendable {
    let plan: LevelPlan
    /// Indices of the plan's layers whose step is short enough.
    let layers: [Int]
    /// Why the others have no numbers here.
    let reasons: [String: String]
    let extent: Moments.Extent?
  }

  let layers: [Layer]
  /// Whether the utterances are texts, in characters, and not recordings.
  let isText: Bool
  /// The baseline's name among the layers.
  let baseline: String
  let levels: [PlannedLevel]
  let utterances: [Utterance]
  let settings: ExtractionSettings
  let key: String
  /// Of the recordings' bytes.
  let fingerprints: FileFingerprints
  /// What is remembered of an utterance that gave nothing.
  let emptyRecord: UtteranceRecord

  init(
    _ source: some ActivationSource, _ utterances: [Utterance], _ settings: ExtractionSettings,
    fingerprints: FileFingerprints
  ) throws {
    self.fingerprints = fingerprints
    let isText = utterances.first?.text != nil
    let baseline = ExtractionPlan.baseline(isText: isText)
    let layers = try ExtractionPlan.layers(of: source, beside: baseline, settings)
    let width = layers.reduce(0) { $0 + $1.width }
    let plans = (settings.levels ?? Level.allCases).compactMap { level in
      LevelPlan(level, of: utterances, limits: settings.sample, width: width, seed: settings.seed)
    }
    if let missing = settings.levels?.first(where: { level in !plans.contains { $0.level == level } }) {
      throw ActivationError.noSpans(level: missing.rawValue, utterances: utterances.count)
    }
    guard !plans.isEmpty else { throw ActivationError.noSpans(level: nil, utterances: utterances.count) }
    self.layers = layers
    self.isText = isText
    self.baseline = baseline.tap.name
    levels = plans.map { ExtractionPlan.planned($0, layers, isText: isText, settings) }
    self.utterances = utterances
    self.settings = settings
    emptyRecord = UtteranceRecord(levels: levels.count)
    key = ExtractionPlan.key(source, layers, levels, utterances, settings)
  }

  /// The fingerprint of the recording's bytes as they are now; nil of a text, and of what cannot be read.
  func content(of utterance: Int) -> String? {
    utterances[utterance].text == nil
      ? try? fingerprints.fingerprint(of: utterances[utterance].audioPath) : nil
  }

  private static func baseline(isText: Bool) -> Layer {
    if isText {
      let tap = TapPoint(name: CharacterNGrams.layer, width: CharacterNGrams.width, timing: nil)
      return Layer(tap: tap, pooling: CharacterNGrams.pooling)
    }
    let mel = LogMel.baseline()
    return Layer(
      tap: TapPoint(name: LogMel.layer, width: mel.bands, timing: mel.timing), pooling: .melBaseline)
  }

  private static func layers(
    of source: some ActivationSource, beside baseline: Layer, _ settings: ExtractionSettings
  ) throws -> [Layer] {
    var taps = source.taps.filter { !settings.includesMel || $0.name != baseline.tap.name }
    if let wanted = settings.layers {
      let available = source.taps.map(\.name)
      if let unknown = wanted.first(where: { $0 != baseline.tap.name && !available.contains($0) }) {
        throw ActivationError.unknownLayer(unknown, source: source.name, available: available)
      }
      taps = taps.filter { wanted.contains($0.name) }
    }
    return (settings.includesMel ? [baseline] : [])
      + taps.map { Layer(tap: $0, pooling: settings.pooling) }
  }

  /// Leaves out layers whose step is longer than the level's median span, where neighbouring spans would get the
  /// same frame; and layers of tokens below the word, where the phones of a word would get the word itself.
  private static func planned(
    _ plan: LevelPlan, _ layers: [Layer], isText: Bool, _ settings: ExtractionSettings
  ) -> PlannedLevel {
    var (usable, reasons) = ([Int](), [String: String]())
    for (index, layer) in layers.enumerated() {
      if !isText, layer.tap.timing == nil, plan.level < .word {
        reasons[layer.tap.name] =
          "its rows are tokens of words, which say nothing of the \(plan.level.rawValue)s in them"
      } else if let step = layer.tap.timing?.stride, step > plan.medianSeconds * (1 + 1e-9) {
        reasons[layer.tap.name] =
          "its step of \(milliseconds(step)) is longer than the median \(plan.level.rawValue) "
          + "(\(milliseconds(plan.medianSeconds)))"
      } else {
        usable.append(index)
      }
    }
    let hasMoments = settings.momentsLevels?.contains(plan.level) ?? true
    let extents: [Moments.Extent] = hasMoments ? [.pairs, .layers] : []
    let extent = extents.first { extent in
      Moments.bytes(
        widths: usable.map { layers[$0].width }, classes: plan.summedClasses.count, extent: extent)
        <= settings.momentsBudget
    }
    return PlannedLevel(plan: plan, layers: usable, reasons: reasons, extent: extent)
  }

  private static func milliseconds(_ seconds: Double) -> String {
    "\(Int((seconds * 1000).rounded())) ms"
  }

  private static func key(
    _ source: some ActivationSource, _ layers: [Layer], _ levels: [PlannedLevel], _ utterances: [Utterance],
    _ settings: ExtractionSettings
  ) -> String {
    var hashes = [StableHash(seed: 1), StableHash(seed: 2)]
    func add(_ text: String) { for i in hashes.indices { hashes[i].combine(text) } }
    func add(_ number: Double) { for i in hashes.indices { hashes[i].combine(number) } }
    // Of the sound there is nothing here: what was made of it says of what sound (`UtteranceRecord.content`).
    add("strata extraction 3")
    add(source.fingerprint)
    // The same weights fed otherwise are another source.
    add("\(source.facts)")
    for layer in layers {
      add(layer.tap.name)
      add("\(layer.tap.width) \(String(describing: layer.tap.timing)) \(layer.pooling)")
    }
    let momentsLevels = settings.momentsLevels?.map(\.rawValue) ?? []
    add(
      "\(settings.sample) \(settings.momentsBudget) \(settings.momentsLevels == nil) \(momentsLevels) \(settings.seed)"
    )
    for utterance in utterances {
      add(utterance.id)
      if let text = utterance.text { add(text) }
      if let channel = utterance.channel { add("channel \(channel)") }
    }
    for level in levels {
      add(level.plan.level.rawValue)
      add(level.plan.hashes.map { String($0, radix: 16) }.joined(separator: " "))
    }
    return hashes.map { String($0.value, radix: 16) }.joined()
  }
}
