/// One module's adapter and the weight that it changes. The formulas are those of PEFT's `get_delta_weight` and `merge`.
struct AdapterMerging {
  private let adapter: Adapter
  private let module: String
  private let parts: [String: TensorEntry]
  private let base: TensorEntry

  init(_ adapter: Adapter, module: String, parts: [String: TensorEntry], weight: TensorEntry) throws {
    self.adapter = adapter
    self.module = module
    self.parts = parts
    base = weight
    guard !weight.type.isInteger, weight.type.isReadable, weight.shape.count >= 1 else {
      throw malformed("a base weight of type \(weight.type.rawValue)", expected: "floats")
    }
  }

  private func malformed(_ found: String, expected: String) -> CheckpointError {
    .malformed(
      path: adapter.folder, place: "module \(shown(module))", found: found, expected: expected)
  }

  private func part(_ name: String) throws -> Matrix {
    guard let entry = parts[name] ?? adapter.shared[name] else {
      guard AdapterConfiguration.sharedParts.contains(name) else {
        throw malformed("no \(name) beside \(parts.keys.sorted().joined(separator: ", "))", expected: "it")
      }
      throw adapter.configuration.unsupported(
        "a VeRA adapter saved without its projections (save_projection: false), which only its seed tells,")
    }
    guard !entry.type.isInteger, let rows = entry.shape.first else {
      throw malformed(
        "\(name) of type \(entry.type.rawValue), shape \(entry.shape)", expected: "a matrix of floats")
    }
    return Matrix(entry: entry, rows: rows, columns: entry.count / max(1, rows))
  }

  /// A part of the adapter, flattened behind its first axis; its values stay in the file.
  private struct Matrix {
    let entry: TensorEntry
    let rows: Int
    let columns: Int
  }

  /// The merged weight.
  func weight() throws -> TensorEntry {
    switch adapter.configuration.kind {
    case .ia3: return try scaled()
    case .layerNorms: throw malformed("parts \(parts.keys.sorted())", expected: "whole layer norms")
    case .lora: return try parts["lora_embedding_A"] == nil ? lora() : embedding()
    case .adaLora: return try adaptive()
    case .vera: return try vera()
    case .loHa: return try hadamard()
    case .loKr: return try kronecker()
    }
  }

  /// The bias with what an adapter adds to it or multiplies it by.
  func bias(_ bias: TensorEntry?) throws -> (name: String, entry: TensorEntry)? {
    let path = adapter.folder
    if let added = parts["lora_B.bias"] {
      guard let bias, bias.shape == added.shape, let rank = parts["lora_A"]?.shape.first else {
        throw malformed("lora_B.bias of shape \(added.shape)", expected: "the shape of the base's bias")
      }
      let scaling = try adapter.configuration.scaling(of: module, rank: rank)
      let entry = TensorEntry(
        derived: bias.name, shape: bias.shape, path: path, origin: "merged with an adapter"
      ) {
        try zip(bias.doubles(), added.doubles()).map { Float($0 + $1 * scaling) }
      }
      return (bias.name, entry)
    }
    guard adapter.configuration.kind == .ia3, let bias, let factor = parts["ia3_l"],
      !adapter.configuration.isFeedForward(module)
    else { return nil }
    guard factor.count == bias.count else {
      throw malformed("ia3_l of shape \(factor.shape)", expected: "\(bias.count) values")
    }
    let entry = TensorEntry(
      derived: bias.name, shape: bias.shape, path: path, origin: "merged with an adapter"
    ) {
      try zip(bias.doubles(), factor.doubles()).map { Float($0 * $1) }
    }
    return (bias.name, entry)
  }
}

// MARK: - Kinds

extension AdapterMerging {
  /// W + s · B A, its rows brought to the trained lengths where it is DoRA.
  private func lora() throws -> TensorEntry {
    let (a, b) = try (part("lora_A"), part("lora_B"))
    guard a.rows == b.columns, a.rows > 0 else {
      throw malformed("lora_A of shape \(a.entry.shape), lora_B \(b.entry.shape)", expected: "one rank")
    }
    let scaling = try adapter.configuration.scaling(of: module, rank: a.rows)
    let length = try adapter.configuration.isDecomposed ? part("lora_magnitude_vector") : nil
    return try changed(rows: b.rows, columns: a.columns, magnitude: length?.entry) {
      try product(b.entry.doubles(), a.entry.doubles(), rows: b.rows, inner: a.rows, columns: a.columns)
        .map { $0 * scaling }
    }
  }

  /// A table of tokens [tokens × width], whose product is turned round.
  private func embedding() throws -> TensorEntry {
    guard !adapter.configuration.isDecomposed else {
      throw adapter.configuration.unsupported("DoRA of an embedding")
    }
    let (a, b) = try (part("lora_embedding_A"), part("lora_embedding_B"))
    guard a.rows == b.columns, base.shape == [a.columns, b.rows] else {
      throw malformed(
        "lora_embedding_A of shape \(a.entry.shape), B \(b.entry.shape)", expected: "those of \(base.shape)"
      )
    }
    let scaling = try adapter.configuration.scaling(of: module, rank: a.rows)
    return try changed(rows: a.columns, columns: b.rows) {
      let delta = product(
        try b.entry.doubles(), try a.entry.doubles(), rows: b.rows, inner: a.rows, columns: a.columns)
      return transposed(delta, rows: b.rows, columns: a.columns).map { $0 * scaling }
    }
  }

  /// W + s / (r + 1e-5) · B (A · E).
  private func adaptive() throws -> TensorEntry {
    let (a, b, e) = try (part("lora_A"), part("lora_B"), part("lora_E"))
    guard a.rows == b.columns, e.entry.count == a.rows else {
      throw malformed(
        "lora_A of shape \(a.entry.shape), lora_B \(b.entry.shape), lora_E \(e.entry.shape)",
        expected: "one rank")
    }
    let scaling = try adapter.configuration.scaling(of: module, rank: a.rows)
    return try changed(rows: b.rows, columns: a.columns) {
      let values = try e.entry.doubles()
      let scaled = try a.entry.doubles().enumerated().map { $1 * values[$0 / a.columns] }
      return product(try b.entry.doubles(), scaled, rows: b.rows, inner: a.rows, columns: a.columns)
        .map { $0 * scaling }
    }
  }

  /// W + (b · B) (d · A) with A and B cut out of the adapter's shared matrices.
  private func vera() throws -> TensorEntry {
    let (a, b) = try (part("vera_A"), part("vera_B"))
    let (left, right) = try (part("vera_lambda_b").entry, part("vera_lambda_d").entry)
    let (rows, columns) = (left.count, base.count / max(1, left.count))
    let rank = a.rows
    guard right.count == rank, b.columns == rank, rows <= b.rows, columns <= a.columns else {
      throw malformed(
        "vera_A of shape \(a.entry.shape), vera_B \(b.entry.shape)",
        expected: "at least those of \(base.shape)")
    }
    return try changed(rows: rows, columns: columns) {
      let (b0, a0) = try (b.entry.doubles(), a.entry.doubles())
      let (l, d) = try (left.doubles(), right.doubles())
      let outer = (0..<(rows * rank)).map { l[$0 / rank] * b0[$0] }
      let inner = (0..<(rank * columns)).map {
        d[$0 / columns] * a0[$0 / columns * a.columns + $0 % columns]
      }
      return product(outer, inner, rows: rows, inner: rank, columns: columns)
    }
  }

  /// W + s · (a₁ b₁) ∘ (a₂ b₂).
  private func hadamard() throws -> TensorEntry {
    let pairs = try ["hada_w1", "hada_w2"].map { (try part("\($0)_a"), try part("\($0)_b")) }
    let (first, second) = (pairs[0], pairs[1])
    guard first.0.columns == first.1.rows, second.0.columns == second.1.rows, first.0.rows == second.0.rows,
      first.1.columns == second.1.columns
    else { throw malformed("factors of other shapes", expected: "two products of one shape") }
    let scaling = try adapter.configuration.scaling(of: module, rank: first.1.rows)
    let (rows, columns) = (first.0.rows, first.1.columns)
    return try changed(rows: rows, columns: columns) {
      let products = try pairs.map {
        product(
          try $0.0.entry.doubles(), try $0.1.entry.doubles(), rows: rows, inner: $0.1.rows, columns: columns
        )
      }
      return zip(products[0], products[1]).map { $0 * $1 * scaling }
    }
  }

  /// W + s · w₁ ⊗ w₂, each factor whole or a product of two.
  private func kronecker() throws -> TensorEntry {
    func factor(_ name: String) throws -> (
      rows: Int, columns: Int, rank: Int?, values: () throws -> [Double]
    ) {
      if parts[name] != nil {
        let whole = try part(name)
        return (whole.rows, whole.columns, nil, { try whole.entry.doubles() })
      }
      let (a, b) = try (part("\(name)_a"), part("\(name)_b"))
      guard a.columns == b.rows else { throw malformed("\(name)'s factors", expected: "one rank") }
      return (
        a.rows, b.columns, a.columns,
        {
          product(
            try a.entry.doubles(), try b.entry.doubles(), rows: a.rows, inner: a.columns, columns: b.columns
          )
        }
      )
    }
    let (first, second) = try (factor("lokr_w1"), factor("lokr_w2"))
    // A convolution's kernel belongs to the second factor's columns and stays innermost.
    guard base.shape.count == 2 else { throw adapter.configuration.unsupported("LoKr of a convolution") }
    let scaling = try adapter.configuration.scaling(of: module, rank: second.rank ?? first.rank ?? 1)
    let (rows, columns) = (first.rows * second.rows, first.columns * second.columns)
    let (left, right) = try (first.values(), second.values())
    let (leftWidth, height, width) = (first.columns, second.rows, second.columns)
    return try changed(rows: rows, columns: columns) {
      (0..<(rows * columns)).map { index in
        let (row, column) = (index / columns, index % columns)
        return left[row / height * leftWidth + column / width]
          * right[row % height * width + column % width] * scaling
      }
    }
  }

  /// IA3: each row or each column of W times a trained factor.
  private func scaled() throws -> TensorEntry {
    let factor = try part("ia3_l").entry
    let isForward = adapter.configuration.isFeedForward(module)
    let isTransposed = adapter.configuration.isTransposed
    guard let rows = base.shape.first, base.shape.count >= 2 else {
      throw malformed("a base weight of shape \(base.shape)", expected: "a matrix or a convolution")
    }
    let inputs = base.shape[1]
    let kernel = base.count / max(1, rows * inputs)
    let alongRows = isForward == isTransposed
    guard factor.count == (alongRows ? rows : inputs) else {
      throw malformed("ia3_l of shape \(factor.shape)", expected: "those of \(base.shape)")
    }
    let base = base
    return TensorEntry(
      derived: base.name, shape: base.shape, path: adapter.folder, origin: "merged with an adapter"
    ) {
      let factors = try factor.doubles()
      return try base.doubles().enumerated().map { index, value in
        Float(value * factors[alongRows ? index / (inputs * kernel) : index / kernel % inputs])
      }
    }
  }
}

// MARK: - Arithmetic

extension AdapterMerging {
  /// The base plus `delta` of `rows × columns`; with `magnitude`, each row of the sum brought to that length.
  private func changed(
    rows: Int, columns: Int, magnitude: TensorEntry? = nil,
    _ delta: @escaping @Sendable () throws -> [Double]
  ) throws -> TensorEntry {
    let base = base
    let isPlain = base.shape.first == rows && base.count == rows * columns
    let isTurned = base.shape == [columns, rows] && (!isPlain || adapter.configuration.isTransposed)
    guard isPlain || isTurned else {
      throw malformed("a change of \(rows) × \(columns)", expected: "the base's shape, \(base.shape)")
    }
    if let magnitude {
      guard !isTurned, magnitude.count == rows else {
        throw adapter.configuration.unsupported("DoRA of a layer of shape \(base.shape)")
      }
    }
    return TensorEntry(
      derived: base.name, shape: base.shape, path: adapter.folder, origin: "merged with an adapter"
    ) {
      var change = try delta()
      if isTurned { change = transposed(change, rows: rows, columns: columns) }
      var sum = zip(try base.doubles(), change).map { $0 + $1 }
      if let lengths = try magnitude?.doubles() {
        for row in 0..<rows {
          let range = (row * columns)..<((row + 1) * columns)
          let length = sum[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
          guard length > 0 else { continue }
          for index in range { sum[index] *= lengths[row] / length }
        }
      }
      return sum.map(Float.init)
    }
  }
}

/// `a` of `rows × inner` times `b` of `inner × columns`, row-major.
private func product(_ a: [Double], _ b: [Double], rows: Int, inner: Int, columns: Int) -> [Double] {
  var result = [Double](repeating: 0, count: rows * columns)
  result.withUnsafeMutableBufferPointer { result in
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for row in 0..<rows {
          for k in 0..<inner {
            let factor = a[row * inner + k]
            for column in 0..<columns {
              result[row * columns + column] += factor * b[k * columns + column]
            }
          }
        }
      }
    }
  }
  return result
}

/// A row-major matrix turned round.
private func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
  (0..<values.count).map { values[$0 % rows * columns + $0 / rows] }
}
