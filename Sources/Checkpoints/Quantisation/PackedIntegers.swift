import Tensors

// Weights as whole numbers of a few bits, packed into 32-bit words, with a scale and a zero for each group of inputs:
// GPTQ (as AutoGPTQ and GPTQModel write it), AWQ (AutoAWQ's GEMM version) and MLX's affine groups.

extension QuantisedTensors {
  /// `X.qweight` of GPTQ or AWQ, which have the same parts and differ in what a word packs; `X.weight` is made of it.
  func packedColumns(_ name: String, _ packed: TensorEntry) throws -> Weight? {
    guard let stem = stem(name, "qweight") else { return nil }
    guard let zeros = tensors[stem + "qzeros"], let scales = tensors[stem + "scales"] else { return nil }
    guard let bits = try settings.integer("bits", 2...8) ?? settings.integer("w_bit", 2...8) else {
      throw unsupported(
        name, "a packed weight without a configuration that says its bits",
        "Give the config.json that came with it (--config), whose quantization_config has bits.")
    }
    guard [2, 4, 8].contains(bits), packed.shape.count == 2, scales.shape.count == 2, zeros.type == .int32
    else {
      throw unreadable(settings.method ?? "gptq", tensor: name)
    }
    let perWord = 32 / bits
    let isAWQ = settings.method == "awq"
    let (inputs, outputs) =
      isAWQ
      ? (packed.shape[0], packed.shape[1] * perWord) : (packed.shape[0] * perWord, packed.shape[1])
    let groups = scales.shape[0]
    guard groups > 0, scales.shape[1] == outputs, zeros.shape == [groups, outputs / perWord],
      outputs % perWord == 0, inputs % groups == 0
    else {
      throw malformed(
        name, "shape \(packed.shape) with scales \(scales.shape) and zeros \(zeros.shape)",
        expected: "those of \(bits)-bit weights")
    }
    if isAWQ, let version = settings.tree?["version"]?.string, version.lowercased() != "gemm" {
      throw unreadable("awq", tensor: name)
    }
    let columns = PackedColumns(
      bits: bits, inputs: inputs, outputs: outputs, packed: packed, zeros: zeros, scales: scales,
      groupOf: isAWQ ? nil : tensors[stem + "g_idx"], isAWQ: isAWQ,
      addsOne: !isAWQ && settings.tree?["checkpoint_format"]?.string != "gptq_v2")
    let entry = TensorEntry(
      derived: stem + "weight", shape: [outputs, inputs], path: path,
      origin: "dequantised from \(isAWQ ? "AWQ" : "GPTQ")"
    ) { try columns.values() }
    return Weight(
      entry: entry, parts: ["qzeros", "scales", "g_idx"].map { stem + $0 },
      scheme: "\(isAWQ ? "AWQ" : "GPTQ") of \(bits) bits")
  }

  /// MLX's `X.weight` as words of `[out × in]`, a continuous row of bits from the lowest on, with `X.scales` and
  /// `X.biases`: w = q · scale + bias.
  func affineGroups(_ name: String, _ packed: TensorEntry) throws -> Weight? {
    guard let stem = stem(name, "weight"), let scales = tensors[stem + "scales"],
      let biases = tensors[stem + "biases"]
    else { return nil }
    // A layer may have settings of its own.
    let own = settings.tree?[String(stem.dropLast())]
    let tree = own?.dictionary == nil ? settings.tree : own
    if let mode = (tree?["mode"] ?? settings.tree?["mode"])?.string, mode != "affine" {
      throw unsupported(
        name, "MLX's mode \(shown(mode))",
        "Convert it with mlx-lm: mlx_lm.convert --hf-path MODEL --mlx-path float-model --dequantize.")
    }
    guard let bits = try settings.integer("bits", 2...8, in: tree),
      let group = try settings.integer("group_size", 8...4096, in: tree)
    else {
      throw unsupported(
        name, "a packed weight without a configuration that says its bits and group size",
        "Give the config.json that came with it (--config), whose quantization has bits and group_size.")
    }
    guard packed.shape.count == 2, scales.shape.count == 2, scales.shape == biases.shape,
      scales.shape[0] == packed.shape[0], packed.shape[1] * 32 == scales.shape[1] * group * bits
    else {
      throw malformed(
        name, "shape \(packed.shape) with scales \(scales.shape)",
        expected: "those of \(bits)-bit weights in groups of \(group)")
    }
    let (rows, width) = (packed.shape[0], scales.shape[1] * group)
    let type = scales.type
    let entry = TensorEntry(
      derived: name, shape: [rows, width], path: path, origin: "dequantised from MLX's affine groups"
    ) {
      let words = try packed.words()
      let (scale, bias) = try (scales.floats().values, biases.floats().values)
      let (perRow, mask) = (packed.shape[1], UInt64(1) << UInt64(bits) - 1)
      return (0..<(rows * width)).map { index in
        let (row, column) = (index / width, index % width)
        let bit = column * bits
        let word = row * perRow + bit / 32
        // A value may reach into the next word of its row.
        let next = (bit / 32 + 1) < perRow ? UInt64(words[word + 1]) << 32 : 0
        let code = (UInt64(words[word]) | next) >> UInt64(bit % 32) & mask
        return rounded(Float(code) * scale[index / group] + bias[index / group], to: type)
      }
    }
    return Weight(
      entry: entry, parts: ["scales", "biases"].map { stem + $0 },
      scheme: "MLX's affine groups of \(bits) bits")
  }
}

/// GPTQ's and AWQ's arithmetic: w[out, in] = scale[group, out] · (q[in, out] − zero[group, out]).
private struct PackedColumns: Sendable {
  let bits: Int
  let inputs: Int
  let outputs: Int
  /// GPTQ packs neighbouring inputs into a word, AWQ neighbouring outputs.
  let packed: TensorEntry
  let zeros: TensorEntry
  let scales: TensorEntry
  /// Which group each input is of; groups of equal size where it is missing.
  let groupOf: TensorEntry?
  let isAWQ: Bool
  /// The first version of GPTQ's format stores zeros less one.
  let addsOne: Bool

  /// The places of the outputs of a word, in AWQ's order.
  private static let order = [0, 4, 1, 5, 2, 6, 3, 7]

  func values() throws -> [Float] {
    let (words, zeroWords, scale) = try (packed.words(), zeros.words(), scales.floats().values)
    let groups = scales.shape[0]
    let group = try groupOf?.integers() ?? (0..<inputs).map { $0 / (inputs / groups) }
    guard group.count == inputs, group.allSatisfy({ (0..<groups).contains($0) }) else {
      throw CheckpointError.malformed(
        path: packed.path, place: "tensor \(shown(packed.name))",
        found: "g_idx outside its \(groups) groups",
        expected: "a group for each input")
    }
    let perWord = 32 / bits
    let mask = UInt32(1) << UInt32(bits) - 1
    func code(_ words: [UInt32], _ word: Int, _ place: Int) -> UInt32 {
      words[word] >> UInt32(place * bits) & mask
    }
    func place(_ output: Int) -> Int {
      isAWQ && bits == 4 ? Self.order[output % perWord] : output % perWord
    }
    var values = [Float](repeating: 0, count: inputs * outputs)
    for output in 0..<outputs {
      let zero = (0..<groups).map { group in
        (code(zeroWords, group * (outputs / perWord) + output / perWord, place(output)) + (addsOne ? 1 : 0))
          & mask
      }
      for input in 0..<inputs {
        let stored =
          isAWQ
          ? code(words, input * (outputs / perWord) + output / perWord, place(output))
          : code(words, input / perWord * outputs + output, input % perWord)
        let difference = Int(stored) - Int(zero[group[input]])
        values[output * inputs + input] = rounded(
          Float(difference) * scale[group[input] * outputs + output], to: scales.type)
      }
    }
    return values
  }
}

extension TensorEntry {
  /// 32-bit integers as their bits, in row-major order.
  fileprivate func words() throws -> [UInt32] { try integers().map { UInt32(truncatingIfNeeded: $0) } }
}
