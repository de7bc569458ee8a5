import Probing
import Results

extension InterventionSummary {
  /// The dose curves of a layer: of each request, on the head and on the layers from the changed one on.
  func steerings(_ outcome: LayerOutcome) -> [InterventionResult.Steering] {
    setting.steers.enumerated().flatMap { number, steer -> [InterventionResult.Steering] in
      let own = outcome.steered.filter { $0.steer == number }
      guard !own.isEmpty, let first = setting.read.firstIndex(where: { $0.name == outcome.layer }) else {
        return []
      }
      let readers = setting.read.indices.filter {
        $0 >= first && setting.isRead(steer.level, at: $0)
      }
      let places =
        readers.map { (place: $0, name: setting.read[$0].name) }
        + (steer.head == nil || setting.head == nil ? [] : [(place: setting.read.count, name: "head")])
      return places.compactMap { place, name in
        let doses = [-1] + Array(Steer.doses.indices)
        let points = doses.compactMap { point(own, steer.level, place, dose: $0) }
        guard !points.isEmpty else { return nil }
        return InterventionResult.Steering(
          layer: outcome.layer, level: setting.plans[steer.level].name, from: steer.request.from,
          to: steer.request.to, on: name, spans: own.filter { $0.dose < 0 }.reduce(0) { $0 + $1.spans },
          points: points)
      }
    }
  }

  private func point(
    _ own: [SteeredUtterance], _ level: Int, _ place: Int, dose: Int
  ) -> InterventionResult.Steering.Point? {
    let statistics = statistics[level]
    func parts(_ count: (SteeredUtterance) -> [Double], draws: Bool) -> [(
      SteeredUtterance, EffectStatistics.Part
    )] {
      own.filter { $0.dose == dose && ($0.draw >= 0) == draws && count($0).indices.contains(place) }.map {
        ($0, EffectStatistics.Part(intact: 0, changed: count($0)[place], weight: Double($0.spans)))
      }
    }
    let target = parts(\.target, draws: false)
    guard !target.isEmpty else { return nil }
    let moved = statistics.cost(target.map { ($0.0.utterance, $0.1) })
    let source = statistics.cost(parts(\.source, draws: false).map { ($0.0.utterance, $0.1) })
    let other = statistics.cost(parts(\.target, draws: true).map { ($0.0.utterance, $0.1) })
    let hasOther = own.contains { $0.dose == dose && $0.draw >= 0 }
    return InterventionResult.Steering.Point(
      dose: dose < 0 ? 0 : Steer.doses[dose], target: moved.estimate(within: 0...1),
      source: source.estimate(within: 0...1), atRandom: hasOther ? other.estimate(within: 0...1) : nil,
      beyondRandom: hasOther ? (moved - other).estimate() : nil)
  }
}
