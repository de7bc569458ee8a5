import OrderedCollections

extension Checkpoint {
  /// The same checkpoint with every quantised weight as the float32 tensor that its library computes from it, under
  /// the name of the weight; its scales and the like are no tensors of their own any more. Nothing is computed until
  /// a tensor is read.
  ///
  /// `settings` is the model's `config.json`, of which `quantization_config` (transformers) or `quantization` (MLX)
  /// is read. Read are bitsandbytes (int8, nf4, fp4), float8 with scales, GPTQ, AWQ and MLX's affine groups.
  ///
  /// Throws `CheckpointError.unsupported` for every other kind, with the command that converts it, and `.malformed`
  /// where the parts of a weight do not fit together.
  public func dequantised(by settings: MetadataValue?) throws -> Checkpoint {
    let quantised = QuantisedTensors(
      path: path, tensors: tensors, settings: QuantisationSettings(path: path, configuration: settings))
    if let kind = quantised.settings.unreadableKind { throw quantised.unreadable(kind, tensor: nil) }
    var plain: OrderedDictionary<String, TensorEntry> = [:]
    var parts = Set<String>()
    var schemes: OrderedDictionary<String, Int> = [:]
    for (name, entry) in tensors {
      guard let weight = try quantised.dequantised(name, entry) else {
        plain[name] = entry
        continue
      }
      plain[weight.entry.name] = weight.entry
      parts.formUnion(weight.parts)
      schemes[weight.scheme, default: 0] += 1
    }
    for part in parts { plain[part] = nil }
    if let name = plain.keys.first(where: QuantisedTensors.isPart) {
      throw quantised.unreadable(QuantisedTensors.kind(ofPart: name), tensor: name)
    }
    guard !schemes.isEmpty else { return self }
    var checkpoint = with(plain, "dequantised")
    checkpoint.remarks += schemes.map { "\($1) weights dequantised from \($0)" }
    return checkpoint
  }
}

/// A checkpoint's tensors, some of which are quantised weights and what belongs to them.
struct QuantisedTensors {
  /// A weight as numbers.
  struct Weight {
    let entry: TensorEntry
    /// The other tensors that it was made of.
    var parts: [String]
    /// In words: "bitsandbytes int8".
    let scheme: String
  }

  let path: String
  let tensors: OrderedDictionary<String, TensorEntry>
  let settings: QuantisationSettings

  /// The weight that `name` is the stored form of; nil where it is an ordinary tensor.
  func dequantised(_ name: String, _ entry: TensorEntry) throws -> Weight? {
    switch entry.type {
    case .int8: return try bitsAndBytesInt8(name, entry)
    case .uint8: return try bitsAndBytes4Bit(name, entry)
    case .int32: return try packedColumns(name, entry)
    case .uint32: return try affineGroups(name, entry)
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ: return try scaledFloat8(name, entry)
    default: return nil
    }
  }

  /// What stands before `ending` in a name; nil where the name ends otherwise.
  func stem(_ name: String, _ ending: String) -> String? {
    name == ending || name.hasSuffix("." + ending) ? String(name.dropLast(ending.count)) : nil
  }

  func malformed(_ name: String, _ found: String, expected: String) -> CheckpointError {
    .malformed(path: path, place: "tensor \(shown(name))", found: found, expected: expected)
  }

  func unsupported(_ name: String, _ found: String, _ advice: String) -> CheckpointError {
    .unsupported(path: path, place: "tensor \(shown(name))", found: found, advice: advice)
  }
}

// MARK: - What is not read

extension QuantisedTensors {
  /// Endings of names that only parts of quantised weights have, each with the library's name.
  private static let endings: OrderedDictionary<String, String> = [
    "SCB": "bitsandbytes", "weight_format": "bitsandbytes", "weight.absmax": "bitsandbytes",
    "weight.quant_map": "bitsandbytes", "weight.quant_state.bitsandbytes__nf4": "bitsandbytes",
    "weight.quant_state.bitsandbytes__fp4": "bitsandbytes", "qweight": "gptq", "qzeros": "gptq",
    "W_q": "hqq", "weight._data": "quanto", "weight._scale": "quanto",
    "weight_packed": "compressed-tensors",
    "weight_zero_point": "compressed-tensors", "weight_scale": "compressed-tensors",
    "weight_scale_inv": "fp8", "weight._weight_qdata": "torchao", "weight._weight_scale": "torchao",
    "_packed_params._packed_params": "torch.ao", "weight_blocks": "mxfp4", "weight_scales": "mxfp4",
    "weight_codes": "aqlm", "codebooks": "aqlm",
  ]

  private static func ending(of name: String) -> String? {
    endings.keys.first { name == $0 || name.hasSuffix("." + $0) }
  }

  static func isPart(_ name: String) -> Bool { ending(of: name) != nil }

  static func kind(ofPart name: String) -> String {
    ending(of: name).flatMap { endings[$0] } ?? "an unknown kind"
  }

  /// The refusal of a kind of quantisation, with what converts it.
  func unreadable(_ kind: String, tensor: String?) -> CheckpointError {
    .unsupported(
      path: path, place: tensor.map { "tensor \(shown($0))" } ?? "quantization_config",
      found: "a weight quantised by \(shown(kind)) in this layout", advice: Self.conversion(of: kind))
  }

  /// The command of a library that turns its quantised model into an ordinary one.
  static func conversion(of kind: String) -> String {
    let transformers =
      "import torch; from transformers import AutoModel; m = AutoModel.from_pretrained('MODEL', device_map='cpu'"
    switch kind {
    case "gptq", "awq", "gptqmodel":
      return """
        Convert it with GPTQModel: python -c "from gptqmodel.utils.model_dequant import dequantize_model; \
        dequantize_model('MODEL', 'float32-model', target_dtype='float32')"
        """
    case "compressed-tensors":
      return """
        Convert it: python -c "\(transformers), quantization_config=__import__('transformers')\
        .CompressedTensorsConfig(run_compressed=False)); m.float().save_pretrained('float32-model')"
        """
    case "mxfp4", "fp8":
      let name = kind == "fp8" ? "FineGrainedFP8Config" : "Mxfp4Config"
      return """
        Convert it: python -c "\(transformers), quantization_config=__import__('transformers')\
        .\(name)(dequantize=True)); m.float().save_pretrained('float32-model')"
        """
    case "torch.ao":
      return """
        Save the model's float weights before torch.ao.quantization.convert; quantised modules hold packed integers.
        """
    case "torchao":
      return """
        Convert it: python -c "\(transformers)); [setattr(l, 'weight', torch.nn.Parameter(l.weight.dequantize())) \
        for l in m.modules() if hasattr(getattr(l, 'weight', None), 'dequantize')]; \
        torch.save(m.float().state_dict(), 'float32.pt')"
        """
    case "hqq":
      return """
        Convert it: python -c "\(transformers)); torch.save({n + '.weight': l.dequantize() \
        for n, l in m.named_modules() if hasattr(l, 'dequantize')}, 'float32.pt')", or save the model before it is \
        quantised
        """
    case "quanto":
      return """
        Convert it: python -c "\(transformers)); from optimum.quanto import dequantize; dequantize(m); \
        m.float().save_pretrained('float32-model')"
        """
    default:
      return """
        Convert it: python -c "\(transformers)).dequantize(); m.float().save_pretrained('float32-model')", or take the \
        model as it was before quantisation
        """
    }
  }
}

// MARK: - Settings

/// What a configuration says of how weights were quantised.
struct QuantisationSettings {
  let path: String
  /// transformers' `quantization_config`, or MLX's `quantization`.
  let tree: MetadataValue?
  let method: String?

  init(path: String, configuration: MetadataValue?) {
    self.path = path
    let found = configuration?["quantization_config"] ?? configuration?["quantization"]
    tree = found == .null ? nil : found
    method = tree?["quant_method"]?.string?.lowercased()
  }

  private static let readable: Set = [
    "bitsandbytes", "bitsandbytes_8bit", "bitsandbytes_4bit", "fp8", "fbgemm_fp8", "gptq", "awq", "gguf",
  ]

  /// The method that no reader here is for, where the configuration names one.
  var unreadableKind: String? { method.flatMap { Self.readable.contains($0) ? nil : $0 } }

  /// An integer of the settings within bounds; nil where nothing is said.
  func integer(_ key: String, _ range: ClosedRange<Int>, in tree: MetadataValue? = nil) throws -> Int? {
    guard let value = (tree ?? self.tree)?[key], value != .null else { return nil }
    guard let number = value.integer, range.contains(number) else {
      throw CheckpointError.malformed(
        path: path, place: "quantisation: \(key)", found: "\(value)",
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
