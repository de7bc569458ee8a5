import Tensors

extension Moments {
  /// Adds rows: a tensor `[rows × width]` for each layer in the order of `layers`, and each row's class
  /// (an index into `classes`, or nil for none). O(rows · width²) a kept pair, through double-precision BLAS.
  public mutating func add(_ states: [Tensor], labels: [Int?]) {
    precondition(states.count == layers.count, "\(states.count) tensors for \(layers.count) layers")
    for (i, tensor) in states.enumerated() {
      precondition(
        tensor.rows == labels.count && (labels.isEmpty || tensor.width == widths[i]),
        "\(layers[i]) is \(tensor.shape), expected [\(labels.count), \(widths[i])]")
    }
    for case let label? in labels {
      precondition(classes.indices.contains(label), "class \(label) of \(classes.count)")
    }
    let block = 1024  // rows at a time in double precision
    for first in stride(from: 0, to: labels.count, by: block) {
      let rows = first..<min(first + block, labels.count)
      add(block: states.map { Matrix($0.rows(rows)) }, labels: Array(labels[rows]))
    }
  }

  private mutating func add(block: [Matrix], labels: [Int?]) {
    var rows = block
    if shifts.isEmpty { shifts = rows.map(columnMeans) }
    var norms = Matrix(rows: labels.count, columns: layers.count)  // ‖x − shift‖², a column a layer
    for i in layers.indices { subtract(shifts[i], from: &rows[i], norms: &norms, column: i) }

    for (slot, (i, j)) in Moments.pairs(layers.count, extent).enumerated() {
      accumulate(rows[i], rows[j], into: &products[slot])
    }
    for j in layers.indices {
      let own = Matrix(rows: labels.count, columns: 1, values: column(j, of: norms))
      accumulate(extent == .pairs ? norms : own, rows[j], into: &normSums[j])
      if extent == .layers { normProducts[j, j] += dot(own.values, own.values) }
      self.norms[j] += own.values.reduce(0, +)
      addRows(of: rows[j], labels: labels, layer: j)
    }
    if extent == .pairs { accumulate(norms, norms, into: &normProducts) }
    count += labels.count
    for label in labels { if let label { classCounts[label] += 1 } }
  }

  /// Σ over rows, in all and by class.
  private mutating func addRows(of rows: Matrix, labels: [Int?], layer: Int) {
    let width = rows.columns
    sums[layer].withUnsafeMutableBufferPointer { sums in
      classSums[layer].values.withUnsafeMutableBufferPointer { classSums in
        rows.values.withUnsafeBufferPointer { values in
          for (row, label) in labels.enumerated() {
            for k in 0..<width { sums[k] += values[row * width + k] }
            guard let label else { continue }
            for k in 0..<width { classSums[label * width + k] += values[row * width + k] }
          }
        }
      }
    }
  }

  /// Adds the sums of other rows of the same layers, classes and extent. The result keeps this one's shift.
  /// - Throws: `ActivationError.momentsDiffer` for other layers, classes or another extent.
  public mutating func merge(_ other: Moments) throws {
    try requireSameForm(other)
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let other = other.shifts == shifts ? other : other.shifted(to: shifts)
    for i in layers.indices {
      sums[i] = added(sums[i], other.sums[i])
      normSums[i].values = added(normSums[i].values, other.normSums[i].values)
      classSums[i].values = added(classSums[i].values, other.classSums[i].values)
    }
    for slot in products.indices {
      products[slot].values = added(products[slot].values, other.products[slot].values)
    }
    norms = added(norms, other.norms)
    normProducts.values = added(normProducts.values, other.normProducts.values)
    classCounts = zip(classCounts, other.classCounts).map(+)
    count += other.count
  }

  /// The moments of both.
  /// - Throws: `ActivationError.momentsDiffer` for other layers, classes or another extent.
  public static func + (a: Moments, b: Moments) throws -> Moments {
    var sum = a
    try sum.merge(b)
    return sum
  }

  private func requireSameForm(_ other: Moments) throws {
    func differ(_ what: String, _ first: String, _ second: String) -> ActivationError {
      .momentsDiffer(what: what, first: first, second: second)
    }
    guard layers == other.layers else { throw differ("layers", "\(layers)", "\(other.layers)") }
    guard widths == other.widths else { throw differ("widths", "\(widths)", "\(other.widths)") }
    guard extent == other.extent else { throw differ("extents", "\(extent)", "\(other.extent)") }
    guard classes == other.classes else {
      throw differ("classes", "\(classes.count) of them", "\(other.classes.count) of them")
    }
  }

  /// The same sums around other vectors: `x − new = (x − old) + δ` put into each sum.
  func shifted(to new: [[Double]]) -> Moments {
    guard count > 0 else { return self }
    var result = self
    result.shifts = new
    let n = Double(count)
    let deltas = zip(shifts, new).map { zip($0, $1).map(-) }
    let squares = deltas.map { dot($0, $0) }
    let alongSum = zip(deltas, sums).map { dot($0, $1) }  // Σ δ·x

    for i in layers.indices {
      result.sums[i] = zip(sums[i], deltas[i]).map { $0 + n * $1 }
      result.norms[i] = norms[i] + 2 * alongSum[i] + n * squares[i]
      for label in classes.indices {
        for k in 0..<widths[i] {
          result.classSums[i][label, k] += Double(classCounts[label]) * deltas[i][k]
        }
      }
    }
    for (slot, (i, j)) in Moments.pairs(layers.count, extent).enumerated() {
      // (x + δᵢ)(y + δⱼ)ᵀ = xyᵀ + xδⱼᵀ + δᵢ(y + δⱼ)ᵀ
      subtractOuter(sums[i], deltas[j], over: -1, from: &result.products[slot])
      subtractOuter(deltas[i], result.sums[j], over: -1, from: &result.products[slot])

      let (along, back) = (product(deltas[i], products[slot]), product(products[slot], deltas[j]))
      result.setNormSum(i, j, shiftedNormSum(i, j, along: along, deltas, squares, alongSum))
      if i != j { result.setNormSum(j, i, shiftedNormSum(j, i, along: back, deltas, squares, alongSum)) }

      var sum = normProducts[i, j] + 4 * dot(along, deltas[j])
      sum += 2 * dot(deltas[j], normSum(i, j)) + 2 * dot(deltas[i], normSum(j, i))
      sum += squares[j] * (norms[i] + 2 * alongSum[i]) + squares[i] * (norms[j] + 2 * alongSum[j])
      sum += n * squares[i] * squares[j]
      result.normProducts[i, j] = sum
      result.normProducts[j, i] = sum
    }
    return result
  }

  /// Σ ‖xᵢ + δᵢ‖² (xⱼ + δⱼ), where `along` is Σ (δᵢ·xᵢ) xⱼ.
  private func shiftedNormSum(
    _ i: Int, _ j: Int, along: [Double], _ deltas: [[Double]], _ squares: [Double], _ alongSum: [Double]
  ) -> [Double] {
    let old = normSum(i, j)
    let constant = norms[i] + 2 * alongSum[i] + Double(count) * squares[i]
    return (0..<widths[j]).map { k in
      old[k] + 2 * along[k] + squares[i] * sums[j][k] + constant * deltas[j][k]
    }
  }

  private mutating func setNormSum(_ i: Int, _ j: Int, _ values: [Double]) {
    let start = (extent == .pairs ? i : 0) * widths[j]
    normSums[j].values.replaceSubrange(start..<(start + widths[j]), with: values)
  }
}

// MARK: - Small sums

private func added(_ a: [Double], _ b: [Double]) -> [Double] {
  var sum = a
  for i in sum.indices { sum[i] += b[i] }
  return sum
}

private func column(_ index: Int, of matrix: Matrix) -> [Double] {
  (0..<matrix.rows).map { matrix.values[$0 * matrix.columns + index] }
}

private func columnMeans(_ matrix: Matrix) -> [Double] {
  var means = [Double](repeating: 0, count: matrix.columns)
  for row in 0..<matrix.rows {
    for k in 0..<matrix.columns { means[k] += matrix.values[row * matrix.columns + k] }
  }
  return means.map { $0 / Double(matrix.rows) }
}

/// Takes `shift` off each row and puts the rows' squared norms into a column of `norms`.
private func subtract(_ shift: [Double], from rows: inout Matrix, norms: inout Matrix, column: Int) {
  let (width, columns) = (rows.columns, norms.columns)
  rows.values.withUnsafeMutableBufferPointer { values in
    for row in 0..<norms.rows {
      var norm = 0.0
      for k in 0..<width {
        let value = values[row * width + k] - shift[k]
        values[row * width + k] = value
        norm += value * value
      }
      norms.values[row * columns + column] = norm
    }
  }
}

/// sum ← sum + aᵀb.
private func accumulate(_ a: Matrix, _ b: Matrix, into sum: inout Matrix) {
  let n = a.rows
  guard n > 0, a.columns > 0, b.columns > 0 else { return }
  a.values.withUnsafeBufferPointer { x in
    b.values.withUnsafeBufferPointer { y in
      sum.values.withUnsafeMutableBufferPointer { c in
        guard let x = x.baseAddress, let y = y.baseAddress, let c = c.baseAddress else { return }
        BLAS.gemm(
          m: a.columns, n: b.columns, k: n, x, lda: a.columns, .transposed, y, ldb: b.columns, beta: 1,
          c, ldc: b.columns)
      }
    }
  }
}

/// aᵀM.
private func product(_ a: [Double], _ matrix: Matrix) -> [Double] {
  matrixProduct(Matrix(rows: 1, columns: a.count, values: a), .none, matrix).values
}

/// M b.
private func product(_ matrix: Matrix, _ b: [Double]) -> [Double] {
  matrixProduct(matrix, .none, Matrix(rows: b.count, columns: 1, values: b)).values
}
