import CKernels

/// Elementwise loops over memory, each a call into `CKernels` with its extents checked.
///
/// Rows lie `stride` values apart; `width` of them count.
public enum Elementwise {
  /// x ← exp(x), with a relative error below 2e-7.
  public static func exp(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_exp(base, x.count) }
  }

  /// x ← x·Φ(x), the exact gelu, with an absolute error below 1e-6.
  public static func gelu(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu(base, x.count) }
  }

  /// x ← x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the older approximation of gelu.
  public static func geluTanh(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu_tanh(base, x.count) }
  }

  /// x ← x·sigmoid(x).
  public static func silu(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_silu(base, x.count) }
  }

  /// x ← gelu′(x) = Φ(x) + x·φ(x), with an absolute error below 1e-6.
  public static func geluSlope(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu_slope(base, x.count) }
  }

  /// x ← the derivative of the older approximation of gelu.
  public static func geluTanhSlope(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu_tanh_slope(base, x.count) }
  }

  /// x ← the derivative of silu.
  public static func siluSlope(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_silu_slope(base, x.count) }
  }

  /// x ← Φ(x), what gelu multiplies x by.
  public static func normalCDF(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu_share(base, x.count) }
  }

  /// x ← (1 + tanh(…))/2, what the older approximation of gelu multiplies x by.
  public static func geluTanhShare(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_gelu_tanh_share(base, x.count) }
  }

  /// x ← max(x, 0).
  public static func relu(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_relu(base, x.count) }
  }

  /// x ← tanh(x), with an absolute error below 2e-7.
  public static func tanh(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_tanh(base, x.count) }
  }

  /// x ← 1/(1 + exp(−x)).
  public static func sigmoid(_ x: UnsafeMutableBufferPointer<Float>) {
    if let base = x.baseAddress { strata_sigmoid(base, x.count) }
  }

  /// One step of an LSTM of `width` units: from what its gates input, forget, cell and output are given
  /// (`[4 · width]`) and its cell's state, which is updated, to its output.
  public static func lstmStep(
    gates: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>,
    into output: UnsafeMutablePointer<Float>,
    width: Int
  ) {
    precondition(width > 0, "an LSTM of \(width) units")
    strata_lstm_step(gates, cell, output, width)
  }

  /// One step of a GRU of `width` units: from what its gates reset, update and new are given by the input and by the
  /// state before (`[3 · width]` each) to the new state; `before` may be `state`.
  public static func gruStep(
    input: UnsafePointer<Float>, recurrent: UnsafePointer<Float>, before: UnsafePointer<Float>,
    into state: UnsafeMutablePointer<Float>, width: Int
  ) {
    precondition(width > 0, "a GRU of \(width) units")
    strata_gru_step(input, recurrent, before, state, width)
  }

  /// Whether no value is infinite or NaN.
  public static func allFinite(_ x: UnsafeBufferPointer<Float>) -> Bool {
    x.baseAddress.map { strata_all_finite($0, x.count) == 1 } ?? true
  }

  /// The stride that `softmaxRows` asks of rows of `width`: it works in whole steps and uses the padding.
  public static func paddedWidth(_ width: Int) -> Int { (width + 31) / 32 * 32 }

  /// Each row becomes exp(x − max) / Σ exp(x − max); the padding up to `paddedWidth` is overwritten.
  public static func softmaxRows(
    _ x: UnsafeMutableBufferPointer<Float>, rows: Int, width: Int, stride: Int
  ) {
    checkPadded(x.count, rows, width, stride)
    if let base = x.baseAddress { strata_softmax_rows(base, rows, width, stride) }
  }

  /// The softmax of `x[i][j] + gates[i] · bias[j − i]`.
  ///
  /// `bias` holds the values for distances `1 − rows … width − 1`, in this order, and at least those.
  public static func softmaxRows(
    _ x: UnsafeMutableBufferPointer<Float>, rows: Int, width: Int, stride: Int,
    gates: UnsafeBufferPointer<Float>, bias: UnsafeBufferPointer<Float>
  ) {
    checkPadded(x.count, rows, width, stride)
    precondition(
      gates.count >= rows && bias.count >= rows + width - 1,
      "\(gates.count) gates and \(bias.count) biases for \(rows) × \(width) scores")
    guard rows > 0, let base = x.baseAddress, let gates = gates.baseAddress, let bias = bias.baseAddress
    else { return }
    strata_softmax_rows_biased(base, rows, width, stride, gates, bias + (rows - 1))
  }

  private static func checkPadded(_ count: Int, _ rows: Int, _ width: Int, _ stride: Int) {
    precondition(
      rows >= 0 && width >= 0 && stride >= paddedWidth(width) && count >= rows * stride,
      "\(count) values are too few for \(rows) rows of \(width) values, \(stride) apart")
  }

  /// y ← (x − mean)/√(variance + epsilon)·weight + bias, row by row; y may be x. Without `weight` the last two
  /// steps are left out.
  public static func layerNormRows(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, width: Int,
    weight: UnsafeBufferPointer<Float>?, bias: UnsafeBufferPointer<Float>?, epsilon: Float
  ) {
    precondition(rows >= 0 && width > 0, "a norm over \(rows) × \(width)")
    precondition(
      weight.map { $0.count == width } ?? true && bias.map { $0.count == width } ?? true
        && (weight == nil) == (bias == nil),
      "weights of a norm over \(width) values have \(weight?.count ?? 0) and \(bias?.count ?? 0)")
    strata_layer_norm_rows(x, y, rows, width, weight?.baseAddress, bias?.baseAddress, epsilon)
  }

  /// y ← x/√(mean of x² + epsilon)·weight, row by row; y may be x. Without `weight` the last step is left out.
  public static func rmsNormRows(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, width: Int,
    weight: UnsafeBufferPointer<Float>?, epsilon: Float
  ) {
    precondition(rows >= 0 && width > 0, "a norm over \(rows) × \(width)")
    precondition(
      weight.map { $0.count == width } ?? true,
      "a norm over \(width) values has \(weight?.count ?? 0) weights")
    strata_rms_norm_rows(x, y, rows, width, weight?.baseAddress, epsilon)
  }

  /// y[i] ← row + x[i] for all rows, or row alone where there is no x; x has its own stride.
  public static func fillRows(
    _ y: UnsafeMutablePointer<Float>, stride: Int, rows: Int, with row: UnsafeBufferPointer<Float>,
    adding x: UnsafePointer<Float>? = nil, stride xStride: Int = 0
  ) {
    precondition(
      rows >= 0 && stride >= row.count && (x == nil || xStride >= row.count),
      "rows of \(row.count) values, \(stride) and \(xStride) apart")
    guard let base = row.baseAddress else { return }
    strata_fill_rows(y, stride, x, xStride, base, rows, row.count)
  }

  /// y[i] ← a[i] − b[i], with the rows of a and b `stride` apart and those of y side by side.
  public static func subtractRows(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, rows: Int, width: Int,
    into y: UnsafeMutablePointer<Float>
  ) {
    precondition(rows >= 0 && width >= 0 && stride >= 0, "\(rows) rows of \(width) values, \(stride) apart")
    strata_subtract_rows(y, a, b, stride, rows, width)
  }

  /// y[i] ← bias + Σₖ taps[k]·x[i·step + k]: `rows` windows of single samples into as many channels as `bias`
  /// has; `taps` is `[kernel × channels]`.
  public static func convolveSamples(
    _ x: UnsafePointer<Float>, step: Int, into y: UnsafeMutablePointer<Float>, rows: Int,
    taps: UnsafeBufferPointer<Float>, kernel: Int, bias: UnsafeBufferPointer<Float>
  ) {
    precondition(
      rows >= 0 && step >= 0 && kernel >= 0 && taps.count == kernel * bias.count,
      "\(taps.count) values are not \(kernel) taps of \(bias.count) channels")
    guard let taps = taps.baseAddress, let channels = bias.baseAddress else { return }
    strata_convolve_samples(x, step, y, rows, bias.count, taps, kernel, channels)
  }
}
