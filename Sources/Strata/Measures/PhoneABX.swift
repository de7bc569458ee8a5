import Activations
import Audio
import Corpora
import Foundation
import Foundations
import Models
import Probing
import Results
import Tensors

/// The ABX error of a model's layers. What will be compared is drawn from the labels first; then one pass over the
/// audio keeps the frames of these phones only.
struct PhoneABX {
  private let study: LayerStudy
  private let tasks: [ABXTask]
  /// Of each item, its utterance and its span.
  private let places: [(utterance: Int, span: LabelledSpan)]

  /// Throws `ABXItemError` where an item is of no recording of the corpus.
  init(_ settings: LayerMeasures) throws {
    study = settings.study
    let places =
      try settings.items.map { try Self.places(of: $0, in: settings.study.corpus.utterances) }
      ?? Self.labelled(study.corpus.utterances)
    func numbered(_ names: [String]) -> [Int] {
      let all = Dictionary(uniqueKeysWithValues: Set(names).sorted().enumerated().map { ($1, $0) })
      return names.map { all[$0] ?? 0 }
    }
    let phones = numbered(places.map(\.span.label))
    // A phone's type is “previous-this-next”.
    let contexts = numbered(
      places.map { place in
        place.span.type.replacingOccurrences(of: "-\(place.span.label)-", with: "-·-")
      })
    let utterances = study.corpus.utterances
    let speakers = numbered(
      settings.items?.map(\.speaker) ?? places.map { utterances[$0.utterance].speaker })
    let items = places.indices.map {
      ABXItem(phone: phones[$0], context: contexts[$0], speaker: speakers[$0])
    }
    tasks = ABXTask.Speakers.allCases.map {
      ABXTask(
        items, speakers: $0, sameContext: settings.sameContext,
        largestTask: settings.items == nil ? 2000 : .max, seed: settings.study.seed)
    }
    self.places = places
  }

  private static func labelled(_ utterances: [Utterance]) -> [(utterance: Int, span: LabelledSpan)] {
    utterances.enumerated().flatMap { number, utterance in
      utterance.spans(at: .phoneme).map { (number, $0) }
    }
  }

  /// Items by the last part of recordings' names.
  private static func places(
    of items: [ABXItemLine], in utterances: [Utterance]
  ) throws -> [(utterance: Int, span: LabelledSpan)] {
    func name(_ utterance: Utterance) -> String {
      utterance.id.split(separator: "/").last.map(String.init) ?? utterance.id
    }
    let byName = Dictionary(grouping: utterances.indices) { name(utterances[$0]) }
    return try items.map { item in
      let found = byName[item.file] ?? []
      guard found.count == 1 else {
        throw ABXItemError.noRecording(
          file: item.file, line: item.line, found: found.count,
          nearest: found.isEmpty ? Nearest.nearest(to: item.file, among: byName.keys.sorted()) : nil)
      }
      // A frame whose centre is the offset belongs to the item, as the challenges' evaluators have it.
      let type = "\(item.previous)-\(item.phone)-\(item.next)"
      return (
        found[0], LabelledSpan(start: item.onset, end: item.offset + 1e-6, label: item.phone, type: type)
      )
    }
  }

  func measures(of layers: [Layer]) throws -> [LayerMeasure] {
    let taps = study.model.taps.filter { tap in layers.contains { $0.name == tap.name } }
    let frames = try self.frames(taps)
    return try taps.flatMap { tap -> [LayerMeasure] in
      guard let own = frames[tap.name], let layer = layers.first(where: { $0.name == tap.name }) else {
        return []
      }
      return try tasks.flatMap { task in
        try ABXComparison.allCases.compactMap { comparison in
          guard task.cellCount > 0, !study.isCancelled() else { return nil }
          let result = try task.result(own, comparison, threads: study.threads)
          return LayerMeasure(
            layer: layer, level: .phoneme, name: name(task.speakers, comparison),
            estimate: result.estimate(utterance: places.map(\.utterance), resamples: 200, seed: study.seed),
            null: Estimate(value: 0.5, low: 0.5, high: 0.5), count: result.triplets,
            utterances: Set(task.items.map { places[$0].utterance }).count)
        }
      }
    }
  }

  private func name(_ speakers: ABXTask.Speakers, _ comparison: ABXComparison) -> LayerMeasure.Name {
    switch (speakers, comparison) {
    case (.within, .dtw): .abxWithin
    case (.within, .pooled): .abxWithinPooled
    case (.across, .dtw): .abxAcross
    case (.across, .pooled): .abxAcrossPooled
    }
  }

  /// By layer, the frames of the items that any task compares.
  private func frames(_ taps: [TapPoint]) throws -> [String: [ABXFrames?]] {
    let used = Set(tasks.flatMap(\.items))
    let byUtterance = Dictionary(grouping: places.indices.filter(used.contains)) { places[$0].utterance }
    let utterances = byUtterance.keys.sorted()
    let counter = ProgressSteps(
      "Reading phones", total: utterances.count, report: study.onProgress)
    let names = Set(taps.map(\.name))
    let found = try parallelMap(utterances.count, threads: study.threads) { index in
      guard !study.isCancelled() else { throw StudyError.interrupted }
      let utterance = study.corpus.utterances[utterances[index]]
      var kept: [(layer: String, item: Int, frames: ABXFrames)] = []
      let waveform = try utterance.sound()
      try study.model.forward(utterance, waveform, taps: names, threads: 1) { name, states in
        guard let tap = taps.first(where: { $0.name == name }), let timing = tap.timing, states.rows > 0
        else { return }
        for item in byUtterance[utterances[index]] ?? [] {
          let span = places[item].span
          let rows = timing.frames(from: span.start, to: span.end, count: states.rows)
          kept.append((name, item, ABXFrames(states.rows(rows))))
        }
      }
      counter.advance()
      return kept
    }
    var frames: [String: [ABXFrames?]] = [:]
    for (layer, item, own) in found.joined() {
      frames[layer, default: Array(repeating: nil, count: places.count)][item] = own
    }
    return frames
  }
}
