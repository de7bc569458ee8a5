import Foundations
import LinearAlgebra
import Results
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A linear mixed model of a value a row with two crossed random effects, such as speakers and items (Baayen, Davidson &
/// Bates 2008): y = μ + first + second + rest, each of a variance of its own.
///
/// The variances are those of the highest restricted likelihood (REML), which is profiled over μ and the rest's variance
/// as lme4 does (Bates et al. 2015), with the levels of the larger effect eliminated from V = 1 + λ²Z Zᵀ. The mean's
/// degrees of freedom are Satterthwaite's: its variance falls into three parts, each known to as many degrees as there are
/// levels or rows less one.
package struct CrossedEffects: Sendable, Equatable {
  /// μ, for a new level of both effects.
  package let mean: Double
  package let standardError: Double
  package let degreesOfFreedom: Double
  /// Between levels of each effect, and of what is left.
  package let variances: (first: Double, second: Double, rest: Double)
  /// Levels that occur.
  package let levels: (first: Int, second: Int)
  /// The logarithm of the restricted likelihood.
  package let logLikelihood: Double

  /// `first` and `second` are the rows' levels. Nil where the effects cannot be told from each other or from the rest: an
  /// effect of one level, or of as many as there are rows, and values that are all the same.
  package init?(_ values: [Double], first: [Int], second: [Int]) throws {
    precondition(values.count == first.count && values.count == second.count, "a level for every value")
    let (first, second) = (Self.places(first), Self.places(second))
    let isSwapped = first.count > second.count
    let sums = CrossedSums(values, few: isSwapped ? second : first, many: isSwapped ? first : second)
    guard sums.few.count > 1, sums.many.count < values.count, sums.spread > 0 else { return nil }
    var failure: (any Error)?
    // Ratios of deviations, whose sign is nothing.
    let best = Minimum.simplex(from: [0.5, 0.5], step: 0.25) { ratios in
      do {
        return try sums.fit(ratios.map(abs)).criterion
      } catch {
        failure = error
        return .infinity
      }
    }
    if let failure { throw failure }
    // On the edge it is exactly there.
    let ratios = try best.map(abs).indices.reduce(into: best.map(abs)) { ratios, index in
      var edge = ratios
      edge[index] = 0
      if try sums.fit(edge).criterion <= sums.fit(ratios).criterion { ratios = edge }
    }
    let fit = try sums.fit(ratios)
    let own = (few: ratios[0] * ratios[0] * fit.rest, many: ratios[1] * ratios[1] * fit.rest)
    mean = fit.mean
    standardError = fit.parts.reduce(0, +).squareRoot()
    logLikelihood = -fit.criterion / 2
    let degrees = [sums.few.count, sums.many.count, values.count].map { Double($0 - 1) }
    let total = fit.parts.reduce(0, +)
    degreesOfFreedom = total * total / zip(fit.parts, degrees).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
    variances = isSwapped ? (own.many, own.few, fit.rest) : (own.few, own.many, fit.rest)
    levels = (first.count, second.count)
  }

  package static func == (a: CrossedEffects, b: CrossedEffects) -> Bool {
    (a.mean, a.standardError, a.logLikelihood) == (b.mean, b.standardError, b.logLikelihood)
      && a.variances == b.variances && a.levels == b.levels
  }

  /// The mean with its 95 % interval.
  package var estimate: Estimate {
    let margin =
      StudentT.quantile(twoSidedTail: 0.05, degreesOfFreedom: max(1, degreesOfFreedom)) * standardError
    return Estimate(value: mean, low: mean - margin, high: mean + margin)
  }

  /// Levels as places from zero in order of appearance, and how many there are.
  private static func places(_ levels: [Int]) -> (of: [Int], count: Int) {
    var known: [Int: Int] = [:]
    let places = levels.map { level in
      let place = known[level] ?? known.count
      known[level] = place
      return place
    }
    return (places, known.count)
  }
}

/// What the likelihood needs of the rows.
private struct CrossedSums {
  struct Level {
    var count = 0.0
    var sum = 0.0
  }

  struct Fit {
    let criterion, mean, rest: Double
    /// Of the mean's variance: between the levels of the few, of the many, and the rest.
    let parts: [Double]
  }

  /// The effect of fewer levels, and the one that is eliminated.
  var few, many: [Level]
  /// Of each level of the many, how often which of the few stands with it.
  private var pairs: [[(few: Int, count: Double)]]
  private let rows: Double
  private var total = 0.0
  private var squares = 0.0
  /// Values are taken from their mean, so that squares lose no digits.
  private let centre: Double

  init(_ values: [Double], few: (of: [Int], count: Int), many: (of: [Int], count: Int)) {
    rows = Double(values.count)
    let centre = values.reduce(0, +) / Double(max(1, values.count))
    self.centre = centre
    self.few = Array(repeating: Level(), count: few.count)
    self.many = Array(repeating: Level(), count: many.count)
    var counts = [[Int: Double]](repeating: [:], count: many.count)
    for (row, value) in values.enumerated() {
      let (f, m) = (few.of[row], many.of[row])
      self.few[f].count += 1
      self.few[f].sum += value - centre
      self.many[m].count += 1
      self.many[m].sum += value - centre
      counts[m][f, default: 0] += 1
      total += value - centre
      squares += (value - centre) * (value - centre)
    }
    pairs = counts.map { $0.sorted { $0.key < $1.key }.map { (few: $0.key, count: $0.value) } }
  }

  var spread: Double { squares - total * total / rows }

  /// At deviations of the two effects that are `ratios` times the rest's.
  func fit(_ ratios: [Double]) throws -> Fit {
    let (a, b) = (ratios[0], ratios[1])
    let own = many.map { 1 + b * b * $0.count }
    var schur = Matrix(rows: few.count, columns: few.count)
    for (place, level) in few.enumerated() { schur[place, place] = 1 + a * a * level.count }
    // The right sides are Λ·Zᵀ·1 and Λ·Zᵀ·y, the eliminated effect's part taken off.
    var right = Matrix(rows: few.count, columns: 2)
    for (place, level) in few.enumerated() {
      right[place, 0] = a * level.count
      right[place, 1] = a * level.sum
    }
    for (place, level) in many.enumerated() {
      for one in pairs[place] {
        for other in pairs[place] {
          schur[one.few, other.few] -= a * a * b * b * one.count * other.count / own[place]
        }
        right[one.few, 0] -= a * b * b * one.count * level.count / own[place]
        right[one.few, 1] -= a * b * b * one.count * level.sum / own[place]
      }
    }
    let factor = try CholeskyFactor(of: schur)
    let x = factor.solve(right)
    var (ones, cross, square) = (rows, total, squares)
    var (ofFew, ofMany) = (0.0, 0.0)
    for (place, level) in few.enumerated() {
      ones -= a * level.count * x[place, 0]
      cross -= a * level.count * x[place, 1]
      square -= a * level.sum * x[place, 1]
      ofFew += x[place, 0] * x[place, 0]
    }
    for (place, level) in many.enumerated() {
      let through = pairs[place].reduce(into: (0.0, 0.0)) {
        $0.0 += a * $1.count * x[$1.few, 0]
        $0.1 += a * $1.count * x[$1.few, 1]
      }
      let (one, value) = (
        b * (level.count - through.0) / own[place], b * (level.sum - through.1) / own[place]
      )
      ones -= b * level.count * one
      cross -= b * level.count * value
      square -= b * level.sum * value
      ofMany += one * one
    }
    let mean = cross / ones
    let degrees = rows - 1
    let rest = max(square - mean * cross, 1e-12 * squares) / degrees
    let logDeterminant = factor.logDeterminant + own.reduce(0) { $0 + log($1) }
    let criterion = degrees * (1 + log(2 * Double.pi * rest)) + logDeterminant + log(ones)
    let parts = [rest * ofFew / (ones * ones), rest * ofMany / (ones * ones)]
    return Fit(
      criterion: criterion, mean: centre + mean, rest: rest,
      parts: parts + [max(0, rest / ones - parts[0] - parts[1])])
  }
}
