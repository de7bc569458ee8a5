import Foundations
import Tensors

/// Chooses the penalties of a banded ridge on development rows.
///
/// The squared error is taken on at most 64 outputs: where there are more, on random mixtures of all of them, whose
/// squared error is that of all in expectation (Johnson & Lindenstrauss 1984). It needs no row, only moments.
struct BandedSearch {
  /// Of blocks of variance 1, a share of the number of rows; the last leaves a block out.
  static let penalties: [Double] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, .infinity]
  private static let start = 4
  static let outputs = 64
  private static let sweeps = 3

  private let ridge: BandedRidge
  private let development: FeatureMoments
  /// Σ(x − x̄)(y − ȳ)ᵀ of training and of development rows.
  private let cross, developmentCross: Matrix

  /// `training` and `development` are outputs of the rows of the moments, centred on training means,
  /// `[rows × outputs]`.
  init(
    _ ridge: BandedRidge, development moments: FeatureMoments, training: Matrix, development: Matrix,
    seed: UInt64
  ) {
    (self.ridge, self.development) = (ridge, moments)
    let mixing = Self.mixing(training.columns, seed: seed)
    func mixed(_ outputs: Matrix) -> Matrix {
      mixing.map { matrixProduct(outputs, .none, $0) } ?? outputs
    }
    cross = matrixProduct(ridge.moments.centred, .transposed, mixed(training))
    developmentCross = matrixProduct(moments.centred, .transposed, mixed(development))
  }

  private static func mixing(_ count: Int, seed: UInt64) -> Matrix? {
    guard count > outputs else { return nil }
    var numbers = RandomNumbers(seed: seed, stream: "mixtures of outputs")
    return Matrix(
      rows: count, columns: outputs, values: (0..<count * outputs).map { _ in numbers.normal() })
  }

  /// The development rows' squared error less what it is without any feature.
  private func error(_ places: [Int]) throws -> Double {
    let weights = try ridge.coefficients(places.map { Self.penalties[$0] }, cross: cross)
    let through = matrixProduct(development.gram, .none, weights)
    var error = 0.0
    for i in weights.values.indices {
      error += weights.values[i] * (through.values[i] - 2 * developmentCross.values[i])
    }
    return error
  }

  /// Places among `penalties` for the blocks of `used`; all others are left out. Each block in turn goes down its own
  /// error, from `first` on, until none moves.
  func best(using used: [Int], from first: [Int]? = nil) throws -> [Int] {
    let out = Self.penalties.count - 1
    var places = (0..<ridge.blocks.columns.count).map { used.contains($0) ? first?[$0] ?? Self.start : out }
    var known: [[Int]: Double] = [:]
    func value(_ places: [Int]) throws -> Double {
      if let value = known[places] { return value }
      let value = try error(places)
      known[places] = value
      return value
    }
    for _ in 0..<Self.sweeps {
      let before = places
      for block in used {
        for step in [1, -1] {
          while (0...out).contains(places[block] + step) {
            var moved = places
            moved[block] += step
            guard try value(moved) < value(places) else { break }
            places = moved
          }
        }
      }
      if places == before { break }
    }
    return places
  }
}
