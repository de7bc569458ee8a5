import CLAPACKE
import Tensors

/// The one door to LAPACK: it owns every workspace, converts every extent with a check, and hands over
/// column-major memory only, so that LAPACKE never allocates behind our back.
///
/// A row-major matrix is the column-major memory of its transpose; each wrapper says how it uses that.
enum LAPACK {
  /// How LAPACKE counts.
  typealias Integer = Int32

  static let columnMajor = LAPACK_COL_MAJOR
  static let yes = letter("V")
  static let no = letter("N")
  static let economy = letter("S")
  static let upper = letter("U")
  static let lower = letter("L")

  static func letter(_ character: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: character.value) }

  /// An extent as LAPACK counts: 32 bits.
  static func extent(_ value: Int) -> Integer {
    guard let converted = Integer(exactly: value) else {
      preconditionFailure("an extent of \(value) is beyond LAPACK's 32-bit integers")
    }
    return converted
  }

  /// Runs `routine` twice: with `lwork = −1` it only says what workspace it wants, which is then allocated
  /// and handed over. A negative `info` means that this room passed a wrong argument, and traps.
  static func withWorkspace(
    _ name: String, _ routine: (UnsafeMutablePointer<Double>, Integer) -> Integer
  ) -> Integer {
    BLAS.useOneThread()
    var wanted = 0.0
    checkArguments(name, routine(&wanted, -1))
    let size = max(1, Int(wanted.rounded(.up)))
    let info = withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { work in
      guard let base = work.baseAddress else { preconditionFailure("no workspace for \(name)") }
      return routine(base, extent(size))
    }
    checkArguments(name, info)
    return info
  }

  /// The same for a routine without a workspace.
  static func call(_ name: String, _ routine: () -> Integer) -> Integer {
    BLAS.useOneThread()
    let info = routine()
    checkArguments(name, info)
    return info
  }

  private static func checkArguments(_ name: String, _ info: Integer) {
    precondition(info >= 0, "\(name) refused its argument \(-info)")
  }
}

extension Matrix {
  /// Throws at the first value that is NaN or infinite: LAPACK may loop for ever on one.
  func checkFinite() throws(LinearAlgebraError) {
    let sum = values.withUnsafeBufferPointer { buffer in
      // x·0 is zero for finite x and NaN otherwise: one sum finds a fault in one pass.
      var sum = 0.0
      for value in buffer { sum += value * 0 }
      return sum
    }
    guard sum != 0 else { return }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(row: index / columns, column: index % columns)
    }
  }
}
