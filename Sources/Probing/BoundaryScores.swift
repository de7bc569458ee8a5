/// Boundaries in time: how many there are, how many were detected, and how many of these are true.
struct BoundaryCounts: Sendable, Equatable {
  var `true` = 0
  var detected = 0
  var hits = 0

  /// A detected boundary is a hit where a true one that no earlier one took lies within `tolerance` seconds; both
  /// lists are ascending. Taking the earliest that is near enough gives the most pairs.
  init(true boundaries: [Double], detected: [Double], tolerance: Double) {
    self.true = boundaries.count
    self.detected = detected.count
    var next = 0
    for time in detected {
      while next < boundaries.count, boundaries[next] < time - tolerance { next += 1 }
      guard next < boundaries.count, boundaries[next] <= time + tolerance else { continue }
      hits += 1
      next += 1
    }
  }
}

/// How well boundaries are detected.
struct BoundaryScores: Sendable, Equatable {
  let precision: Double
  let recall: Double
  let f1: Double
  /// 1 − (|r₁| + |r₂|)/2 with r₁ = √((1 − HR)² + OS²), r₂ = (−OS + HR − 1)/√2, HR the share of boundaries that is
  /// hit, OS how many more are detected than there are (Räsänen, Laine & Altosaar 2009, eq. 5–7).
  let rValue: Double

  init(true boundaries: Double, detected: Double, hits: Double) {
    precision = detected > 0 ? hits / detected : 0
    recall = boundaries > 0 ? hits / boundaries : 0
    f1 = boundaries + detected > 0 ? 2 * hits / (boundaries + detected) : 0
    guard boundaries > 0 else {
      rValue = 0
      return
    }
    let over = detected / boundaries - 1
    let first = ((1 - recall) * (1 - recall) + over * over).squareRoot()
    let second = (recall - 1 - over) / 2.0.squareRoot()
    rValue = 1 - (abs(first) + abs(second)) / 2
  }
}
