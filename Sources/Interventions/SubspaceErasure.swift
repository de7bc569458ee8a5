import Foundations
import LinearAlgebra
import Probing
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The control of an erasure: a random subspace of the same rank that takes away the same share of the variance.
///
/// What it costs is what losing as much of anything costs; an erasure that costs more has taken something that is used.
public struct SubspaceErasure: Sendable {
  let whitening: Whitening
  /// Directions that a draw takes away.
  public let rank: Int
  /// The share of the variance that a draw takes away, 0 to 1.
  public let share: Double

  /// As `erasure`, of the layer that `moments` are of.
  /// - Throws: `LinearAlgebraError` where the covariance has no decomposition.
  public init(like erasure: LinearErasure, in moments: LabelMoments, layer: String = "the layer") throws {
    self.init(
      whitening: try Whitening(moments, layer: layer), rank: erasure.rank, share: erasure.share)
  }

  init(whitening: Whitening, rank: Int, share: Double) {
    (self.whitening, self.rank, self.share) = (whitening, rank, share)
  }

  /// Whether a random subspace can differ from the erased one: one of all directions cannot.
  public var isPossible: Bool { rank < whitening.variances.count }

  /// How near the share of a draw is to the share asked for.
  static let accuracy = 1e-7

  /// A draw. Its basis is Gaussian in the principal directions, weighed with a power of their variances; the power is
  /// what gives the share: high ones seek the directions of most variance, low ones those of least.
  ///
  /// - Throws: `InterventionError.unreachableShare` where no subspace of this rank has the share, `LinearAlgebraError`.
  public func draw(using numbers: inout RandomNumbers) throws -> LinearErasure {
    let kept = whitening.variances.count
    guard isPossible, rank > 0 else {
      throw InterventionError.unreachableShare(share: share, rank: rank, width: kept)
    }
    var gaussian = Matrix(rows: kept, columns: rank)
    for i in gaussian.values.indices { gaussian.values[i] = numbers.normal() }
    func basis(_ power: Double) throws -> (basis: Matrix, excess: Double) {
      let basis = try weighed(gaussian, power)
      var removed = 0.0
      for k in 0..<kept {
        for c in 0..<rank { removed += whitening.variances[k] * basis[k, c] * basis[k, c] }
      }
      return (basis, removed / whitening.total - share)
    }
    var (low, high) = (-0.25, 0.25)
    var (atLow, atHigh) = (try basis(low), try basis(high))
    while atLow.excess > 0, low > -64 {
      (high, atHigh) = (low, atLow)
      low *= 2
      atLow = try basis(low)
    }
    while atHigh.excess < 0, high < 64 {
      (low, atLow) = (high, atHigh)
      high *= 2
      atHigh = try basis(high)
    }
    guard atLow.excess <= Self.accuracy, atHigh.excess >= -Self.accuracy else {
      throw InterventionError.unreachableShare(share: share, rank: rank, width: kept)
    }
    return whitening.erasure(of: try found(between: (low, atLow), (high, atHigh), basis))
  }

  /// The root of the excess, by regula falsi with Illinois' halving.
  private func found(
    between low: (power: Double, at: (basis: Matrix, excess: Double)),
    _ high: (power: Double, at: (basis: Matrix, excess: Double)),
    _ basis: (Double) throws -> (basis: Matrix, excess: Double)
  ) throws -> Matrix {
    var (a, b) = ((low.power, low.at.excess), (high.power, high.at.excess))
    var best = abs(a.1) < abs(b.1) ? low.at : high.at
    var side = 0
    for _ in 0..<100 where abs(best.excess) > Self.accuracy {
      let slope = b.1 - a.1
      let power = slope == 0 ? (a.0 + b.0) / 2 : (a.0 * b.1 - b.0 * a.1) / slope
      let next = try basis(power)
      if abs(next.excess) < abs(best.excess) { best = next }
      if next.excess < 0 {
        a = (power, next.excess)
        if side == -1 { b.1 /= 2 }
        side = -1
      } else {
        b = (power, next.excess)
        if side == 1 { a.1 /= 2 }
        side = 1
      }
    }
    return best.basis
  }

  /// An orthonormal basis of the Gaussian columns, each principal direction weighed with a power of its variance.
  private func weighed(_ gaussian: Matrix, _ power: Double) throws -> Matrix {
    var weighed = gaussian
    let largest = whitening.variances.first ?? 1
    for (k, variance) in whitening.variances.enumerated() {
      // Powers so high that most directions vanish would lose the rank to rounding.
      let weight = exp(max(-300, min(300, power * log(variance / largest))))
      for c in 0..<rank { weighed[k, c] *= weight }
    }
    return try QRDecomposition(of: weighed).q
  }
}
