import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Positions in DeBERTa's attention (He 2021): to q·k come q·e(δ) and k·e′(δ), with a vector of each kind for the distance
/// δ from key to query.
struct DisentangledPositions: Sendable {
  var distances: DisentangledDistances
  /// What a query meets, `[2 · span × width]`, heads side by side; none where only keys meet vectors.
  var keys: Tensor?
  /// What a key meets.
  var queries: Tensor?

  /// The vectors of all distances between `frames` frames.
  func vectors(frames: Int) -> (keys: RelativeKeys, queries: RelativeKeys?) {
    let rows = distances.rows(frames: frames)
    func table(_ vectors: Tensor) -> RelativeKeys {
      RelativeKeys(table: vectors.selectingRows(rows), first: 1 - frames)
    }
    let none = RelativeKeys(table: Tensor(shape: [1, queries?.width ?? 1]), first: 0)
    return (keys.map(table) ?? none, queries.map(table))
  }
}

/// Which distances share a vector: those up to half of the buckets have one each, the others one for a stretch that grows
/// with the logarithm.
struct DisentangledDistances: Sendable, Equatable {
  /// nil where every distance has its own.
  var buckets: Int?
  var farthest: Int

  /// Vectors in either direction.
  var span: Int { buckets ?? farthest }

  /// The row of each distance from key to query, from `frames − 1` down to `1 − frames`.
  func rows(frames: Int) -> [Int] {
    (1 - frames..<frames).map { min(max(bucket(of: -$0) + span, 0), 2 * span - 1) }
  }

  private func bucket(of distance: Int) -> Int {
    guard let buckets else { return distance }
    let half = buckets / 2
    guard abs(distance) > half else { return distance }
    // In float32, as the published models were trained: a boundary may fall on either side of a bucket.
    let ratio = log(Float(abs(distance)) / Float(half)) / log(Float(Double(farthest - 1) / Double(half)))
    let size = Int(ceil(ratio * Float(half - 1))) + half
    return distance > 0 ? size : -size
  }
}

extension RelativeKeys {
  /// Adds `keys · tableᵀ · scale` to the scores of `rows` queries from `start` on with keys from 0 on, each key with the
  /// vector of its distance to the query; see `add`.
  func addMet(
    byKeys vectors: UnsafePointer<Float>, to scores: UnsafeMutablePointer<Float>, stride scoreStride: Int,
    keys: Int, stride: Int, from start: Int, rows: Int, head: Int, size: Int, scale: Float,
    _ pool: MemoryPool
  ) {
    let block = 256
    let last = first + table.rows - 1
    let column = table.width == size ? 0 : head * size
    for begin in Swift.stride(from: 0, to: keys, by: block) {
      let count = min(block, keys - begin)
      let low = min(max(begin - start - rows + 1, first), last)
      let high = max(min(begin + count - 1 - start, last), low)
      let columns = high - low + 1
      pool.withScratch(count * columns) { products in
        guard let products = products.baseAddress else { return }
        table.withPointer { table in
          BLAS.gemm(
            m: count, n: columns, k: size, alpha: scale, vectors + begin * stride, lda: stride, .none,
            table + (low - first) * self.table.width + column, ldb: self.table.width, .transposed, products,
            ldc: columns)
        }
        for row in 0..<rows {
          let scores = scores + row * scoreStride
          for key in begin..<(begin + count) {
            let distance = min(max(key - start - row, low), high)
            scores[key] += products[(key - begin) * columns + distance - low]
          }
        }
      }
    }
  }
}

// MARK: - Settings and parameters

/// What DeBERTa's settings say of attention, under the names that `config.json` has for them.
struct DisentangledSettings: Sendable, Equatable {
  var distances: DisentangledDistances?
  /// Whether keys and queries of distances are made as those of frames are.
  var isShared = false
  /// Which of the two sums there are.
  var queriesMeet = false
  var keysMeet = false
  /// Whether the table of distances is normed.
  var isNormed = false
  var headSize: Int

  /// Each sum of scores has the same part in their variance.
  var scale: Float { 1 / (1 + (queriesMeet ? 1 : 0) + (keysMeet ? 1 : 0)).squareRoot() }

  init(_ reader: ConfigurationReader, headSize: Int, positions: Int, defaults: Defaults) throws {
    let large = 1...1_000_000
    func limit(_ key: String, _ fallback: Int) throws -> Int? {
      let value = try reader.integer(key, -1...large.upperBound, default: fallback)
      return value > 0 ? value : nil
    }
    self.headSize = try reader.integer("attention_head_size", 1...65_536, default: headSize)
    isShared = try reader.bool("share_att_key", default: defaults.isShared)
    let kinds = reader.values["pos_att_type"].flatMap { $0 == .null ? nil : $0 }
    let words =
      kinds?.string?.lowercased().split(separator: "|").map { $0.filter { $0 != " " } }
      ?? kinds?.list?.compactMap(\.string) ?? defaults.kinds
    guard words.allSatisfy({ ["c2p", "p2c"].contains($0) }) else {
      throw ModelError.configuration(
        path: reader.path, key: "pos_att_type", found: words.joined(separator: ", "), expected: "c2p, p2c")
    }
    (queriesMeet, keysMeet) = (words.contains("c2p"), words.contains("p2c"))
    isNormed = try reader.choice(
      "norm_rel_ebd", default: defaults.isShared ? "layer_norm" : "none", "none or layer_norm"
    ) { words in
      words.lowercased().split(separator: "|").contains { $0.filter { $0 != " " } == "layer_norm" }
    }
    guard try reader.bool("relative_attention", default: defaults.isShared) else { return }
    let buckets = try limit("position_buckets", defaults.buckets)
    let farthest = try limit("max_relative_positions", -1) ?? positions
    if let buckets, buckets < 4 || farthest - 1 <= buckets / 2 {
      throw ModelError.configuration(
        path: reader.path, key: "position_buckets", found: "\(buckets)",
        expected: "4 or more, and fewer than twice the farthest distance, \(farthest)")
    }
    distances = DisentangledDistances(buckets: buckets, farthest: farthest)
  }

  /// What a family has where its settings say nothing.
  struct Defaults {
    var isShared: Bool
    var kinds: [String]
    var buckets: Int
  }
}

extension ParameterReader {
  /// The table of distances of all blocks, `[2 · span × width]`; nil where there is none.
  mutating func distanceTable(
    _ name: String, _ settings: DisentangledSettings, width: Int, epsilon: Float, weight: Initialisation
  ) throws -> Tensor? {
    guard let distances = settings.distances else { return nil }
    let table = try tensor("\(name).rel_embeddings.weight", [2 * distances.span, width], weight)
    guard settings.isNormed else { return table }
    let norm = try layerNorm("\(name).LayerNorm", width, epsilon: epsilon)
    guard table.count > 0, norm.weight?.count == width, norm.bias?.count == width else { return table }
    return Tensor(shape: table.shape) { normed in
      guard let normed = normed.baseAddress else { return }
      table.withPointer { norm.apply($0, into: normed, rows: table.rows, width: width) }
    }
  }

  /// A block of DeBERTa's; `table` is that of the distances.
  mutating func disentangledBlock(
    _ name: String, _ settings: DisentangledSettings, width: Int, innerWidth: Int, heads: Int,
    activation: Activation, epsilon: Float, table: Tensor?, weight: Initialisation
  ) throws -> TransformerBlock {
    let attended = heads * settings.headSize
    func projection(_ part: String) throws -> Linear {
      try linear("\(name).attention.self.\(part)", width, attended, weight: weight)
    }
    let query = try projection("query_proj").scaled(by: settings.scale)
    let key = try projection("key_proj")
    var positions: DisentangledPositions?
    if let table, let distances = settings.distances {
      func vectors(_ shared: Linear, _ part: String) throws -> Tensor {
        let own = settings.isShared ? shared : try projection(part)
        return own.applied(to: table)
      }
      positions = DisentangledPositions(
        distances: distances, keys: settings.queriesMeet ? try vectors(key, "pos_key_proj") : nil,
        queries: settings.keysMeet
          ? try vectors(query.scaled(by: 1 / settings.scale), "pos_query_proj").scaled(by: settings.scale)
          : nil)
      if positions?.keys == nil, positions?.queries == nil { positions = nil }
    }
    return TransformerBlock(
      attention: SelfAttention(
        query: query, key: key, value: try projection("value_proj"),
        output: try linear("\(name).attention.output.dense", attended, width, weight: weight), heads: heads,
        disentangled: positions),
      attentionNorm: try layerNorm("\(name).attention.output.LayerNorm", width, epsilon: epsilon),
      feedForward: FeedForward(
        up: try linear("\(name).intermediate.dense", width, innerWidth, weight: weight),
        down: try linear("\(name).output.dense", innerWidth, width, weight: weight), activation: activation),
      outputNorm: try layerNorm("\(name).output.LayerNorm", width, epsilon: epsilon),
      normalisesFirst: false)
  }
}

extension Linear {
  /// What the layer makes of a table, once and for all; empty where something could not be read.
  fileprivate func applied(to table: Tensor) -> Tensor {
    guard table.count > 0, weight.count > 0, bias.count > 0 else { return Tensor(shape: [0]) }
    return Evaluation(threads: 1, pool: MemoryPool()).linear(table, self)
  }
}

extension Tensor {
  fileprivate func scaled(by factor: Float) -> Tensor {
    Tensor(values.map { $0 * factor }, shape: shape)
  }
}
