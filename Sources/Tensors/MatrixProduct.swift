import COpenBLAS

/// Whether a matrix is used as stored or transposed.
public enum Transposition: Sendable {
  case none, transposed

  fileprivate var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

/// The one door to BLAS: general products on raw row-major memory, in both precisions.
///
/// Leading dimensions and extents are checked before the call; a wrong size traps here instead of
/// corrupting memory. One thread a call: parallelism is the caller's, over independent calls, which is as
/// fast and gives the same bits for any number of threads.
public enum BLAS {
  /// Runs once, before the first product.
  private static let singleThreaded: Void = openblas_set_num_threads(1)

  /// Holds OpenBLAS to one thread a call, LAPACK's products among them; every product here does it by
  /// itself, `LinearAlgebra` asks for it before its first factorisation.
  public static func useOneThread() { _ = singleThreaded }

  /// The kernels that OpenBLAS chose for this processor (`Haswell`, `Zen`, `SkylakeX`), or was told to use by
  /// `OPENBLAS_CORETYPE`: sums are in another order in each, and differ in their last digits.
  public static var kernel: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  private static func check(
    _ m: Int, _ n: Int, _ k: Int, _ transposeA: Transposition, _ lda: Int, _ transposeB: Transposition,
    _ ldb: Int, _ ldc: Int
  ) {
    precondition(m >= 0 && n >= 0 && k >= 0, "a product of \(m) × \(k) × \(n)")
    precondition(
      lda >= Swift.max(1, transposeA == .none ? k : m) && ldb >= Swift.max(1, transposeB == .none ? n : k)
        && ldc >= Swift.max(1, n),
      "leading dimensions \(lda), \(ldb), \(ldc) are too small for \(m) × \(k) × \(n)")
    _ = singleThreaded
  }

  /// `C = alpha·op(A)·op(B) + beta·C` with op(A) `[m × k]`, op(B) `[k × n]`, C `[m × n]`.
  public static func gemm(
    m: Int, n: Int, k: Int, alpha: Float = 1, _ a: UnsafePointer<Float>, lda: Int,
    _ transposeA: Transposition = .none, _ b: UnsafePointer<Float>, ldb: Int,
    _ transposeB: Transposition = .none, beta: Float = 0, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    check(m, n, k, transposeA, lda, transposeB, ldb, ldc)
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposeA.cblas, transposeB.cblas, blasint(m), blasint(n), blasint(k), alpha, a,
      blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }

  /// The same in double precision.
  public static func gemm(
    m: Int, n: Int, k: Int, alpha: Double = 1, _ a: UnsafePointer<Double>, lda: Int,
    _ transposeA: Transposition = .none, _ b: UnsafePointer<Double>, ldb: Int,
    _ transposeB: Transposition = .none, beta: Double = 0, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    check(m, n, k, transposeA, lda, transposeB, ldb, ldc)
    guard m > 0, n > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, transposeA.cblas, transposeB.cblas, blasint(m), blasint(n), blasint(k), alpha, a,
      blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
}

extension BLAS {
  /// Σ xᵢ·yᵢ over `count` values side by side.
  public static func dot(_ count: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double {
    useOneThread()
    return cblas_ddot(blasint(count), x, 1, y, 1)
  }

  /// `y ← y + factor·x` over `count` values side by side.
  public static func add(
    _ count: Int, _ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) {
    useOneThread()
    cblas_daxpy(blasint(count), factor, x, 1, y, 1)
  }

  /// The upper triangle of `C = alpha·AᵀA + beta·C` with A `[k × n]`, C `[n × n]`, in half the operations
  /// of the general product; below the diagonal C is left as it is.
  public static func syrk(
    n: Int, k: Int, alpha: Float = 1, _ a: UnsafePointer<Float>, lda: Int, beta: Float = 0,
    _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    checkSquare(n, k, lda, ldc)
    guard n > 0 else { return }
    cblas_ssyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(n), blasint(k), alpha, a, blasint(lda), beta, c,
      blasint(ldc))
  }

  /// The same in double precision.
  public static func syrk(
    n: Int, k: Int, alpha: Double = 1, _ a: UnsafePointer<Double>, lda: Int, beta: Double = 0,
    _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    checkSquare(n, k, lda, ldc)
    guard n > 0 else { return }
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(n), blasint(k), alpha, a, blasint(lda), beta, c,
      blasint(ldc))
  }

  private static func checkSquare(_ n: Int, _ k: Int, _ lda: Int, _ ldc: Int) {
    precondition(n >= 0 && k >= 0, "a symmetric product of \(k) × \(n)")
    precondition(
      lda >= Swift.max(1, n) && ldc >= Swift.max(1, n),
      "leading dimensions \(lda), \(ldc) are too small for \(k) × \(n)")
    useOneThread()
  }
}

/// `op(a)·op(b)` of two matrices.
public func matrixProduct(
  _ a: Tensor, _ transposeA: Transposition = .none, _ b: Tensor, _ transposeB: Transposition = .none
) -> Tensor {
  let (m, k) = transposeA == .none ? (a.rows, a.width) : (a.width, a.rows)
  let (k2, n) = transposeB == .none ? (b.rows, b.width) : (b.width, b.rows)
  precondition(k == k2, "inner extents differ: \(a.shape) \(transposeA) × \(b.shape) \(transposeB)")
  return a.withUnsafeBuffer { x in
    b.withUnsafeBuffer { y in
      Tensor(shape: [m, n]) { out in
        guard let x = x.baseAddress, let y = y.baseAddress, let c = out.baseAddress, k > 0 else {
          out.update(repeating: 0)
          return
        }
        BLAS.gemm(
          m: m, n: n, k: k, x, lda: Swift.max(1, a.width), transposeA, y, ldb: Swift.max(1, b.width),
          transposeB, c, ldc: Swift.max(1, n))
      }
    }
  }
}

/// `op(a)·op(b)` in double precision.
public func matrixProduct(
  _ a: Matrix, _ transposeA: Transposition = .none, _ b: Matrix, _ transposeB: Transposition = .none
) -> Matrix {
  let (m, k) = transposeA == .none ? (a.rows, a.columns) : (a.columns, a.rows)
  let (k2, n) = transposeB == .none ? (b.rows, b.columns) : (b.columns, b.rows)
  precondition(
    k == k2,
    "inner extents differ: \(a.rows) × \(a.columns) \(transposeA), \(b.rows) × \(b.columns) \(transposeB)")
  var c = Matrix(rows: m, columns: n)
  guard m > 0, n > 0, k > 0 else { return c }
  c.values.withUnsafeMutableBufferPointer { out in
    a.values.withUnsafeBufferPointer { x in
      b.values.withUnsafeBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress, let out = out.baseAddress else { return }
        BLAS.gemm(
          m: m, n: n, k: k, x, lda: a.columns, transposeA, y, ldb: b.columns, transposeB, out, ldc: n)
      }
    }
  }
  return c
}
