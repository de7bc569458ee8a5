/// Minima of functions of a few numbers whose gradient is not known.
package enum Minimum {
  /// Nelder and Mead's simplex (1965), until its corners' values agree to rounding; then once more from there, since a
  /// simplex can collapse on the way.
  package static func simplex(
    from start: [Double], step: Double, steps: Int = 400, _ value: ([Double]) -> Double
  ) -> [Double] {
    let first = descend(from: start, step: step, steps: steps, value)
    return descend(from: first, step: step / 4, steps: steps, value)
  }

  private static func descend(
    from start: [Double], step: Double, steps: Int, _ value: ([Double]) -> Double
  ) -> [Double] {
    func corner(_ point: [Double]) -> (point: [Double], value: Double) { (point, value(point)) }
    var corners = [corner(start)]
    for index in start.indices {
      var moved = start
      moved[index] += step
      corners.append(corner(moved))
    }
    for _ in 0..<steps {
      corners.sort { $0.value < $1.value }
      let (best, worst) = (corners[0], corners[corners.count - 1])
      if worst.value - best.value <= 1e-14 * abs(best.value) { break }
      let others = corners.dropLast()
      let centre = start.indices.map { k in
        others.reduce(0) { $0 + $1.point[k] } / Double(others.count)
      }
      func along(_ distance: Double) -> (point: [Double], value: Double) {
        corner(zip(centre, worst.point).map { $0 + distance * ($0 - $1) })
      }
      let reflected = along(1)
      if reflected.value < best.value {
        let expanded = along(2)
        corners[corners.count - 1] = expanded.value < reflected.value ? expanded : reflected
      } else if reflected.value < corners[corners.count - 2].value {
        corners[corners.count - 1] = reflected
      } else {
        let contracted = reflected.value < worst.value ? along(0.5) : along(-0.5)
        if contracted.value < min(reflected.value, worst.value) {
          corners[corners.count - 1] = contracted
        } else {
          corners =
            [best]
            + corners.dropFirst().map { own in
              corner(zip(best.point, own.point).map { ($0 + $1) / 2 })
            }
        }
      }
    }
    return corners.min { $0.value < $1.value }?.point ?? start
  }
}
