import Tensors

extension QuantisedTensors {
  /// `X.weight` as float8 with a scale for the whole, for each row, or for each block: `X.weight_scale_inv` (transformers'
  /// fine-grained float8, which is multiplied by in spite of its name), `X.weight_scale` (FBGEMM, compressed-tensors) or
  /// `X.scale_weight`. Without any of them a float8 tensor is numbers, and nil is returned.
  func scaledFloat8(_ name: String, _ weight: TensorEntry) throws -> Weight? {
    guard let stem = stem(name, "weight"),
      let key = ["weight_scale_inv", "weight_scale", "scale_weight"].first(where: {
        tensors[stem + $0] != nil
      }),
      let scales = tensors[stem + key]
    else { return nil }
    guard !scales.type.isInteger, weight.shape.count == 2, let layout = try layout(scales, of: weight)
    else {
      throw malformed(
        name, "a float8 weight of shape \(weight.shape) with \(key) of shape \(scales.shape)",
        expected: "one scale, one for each row, or one for each block of weight_block_size")
    }
    let width = weight.shape[1]
    let entry = TensorEntry(
      derived: name, shape: weight.shape, path: path, origin: "dequantised from scaled float8"
    ) {
      let scale = try scales.floats().values
      var values = try weight.floats().values
      for index in values.indices {
        let (row, column) = (index / width, index % width)
        values[index] *= scale[row / layout.rows * layout.perRow + column / layout.columns]
      }
      return values
    }
    // How activations were scaled when the model ran in float8 is nothing of the weight.
    let parts = [key, "input_scale", "activation_scale", "scale_input"].map { stem + $0 }
    return Weight(entry: entry, parts: parts, scheme: "float8 with scales")
  }

  /// The extent of a block, and the number of blocks in a row.
  private func layout(
    _ scales: TensorEntry, of weight: TensorEntry
  ) throws -> (rows: Int, columns: Int, perRow: Int)? {
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    if scales.count == 1 { return (max(1, rows), max(1, columns), 1) }
    if scales.shape == [rows] || scales.shape == [rows, 1] { return (1, max(1, columns), 1) }
    let told = settings.tree?["weight_block_size"]?.list?.compactMap(\.integer)
    let block = told ?? [128, 128]
    guard block.count == 2, block.allSatisfy({ (1...65_536).contains($0) }) else { return nil }
    let blocks = [(rows + block[0] - 1) / block[0], (columns + block[1] - 1) / block[1]]
    return scales.shape == blocks ? (block[0], block[1], blocks[1]) : nil
  }
}
