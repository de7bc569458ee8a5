import Checkpoints

/// What a `.nemo` archive's `model_config.yaml` says of a Fast Conformer encoder, in the words of transformers'
/// `config.json`. Settings under which the encoder or its input would be computed otherwise than here are refused by
/// name, not passed over. Facts from the declarations of NeMo 2's `ConformerEncoder` and
/// `AudioToMelSpectrogramPreprocessor`.
enum NeMoConfiguration {
  static func tree(_ settings: MetadataValue, path: String) throws -> MetadataValue {
    guard let encoder = settings["encoder"], encoder.dictionary != nil else {
      throw ModelError.configuration(
        path: path, key: "encoder", found: "not in model_config.yaml", expected: "a ConformerEncoder")
    }
    func refuse(_ key: String, _ found: MetadataValue?, _ expected: String) -> ModelError {
      .configuration(
        path: path, key: key, found: found.map(ConfigurationReader.words) ?? "not said", expected: expected)
    }
    if let target = encoder["_target_"]?.string, !target.hasSuffix("ConformerEncoder") {
      throw refuse("encoder._target_", encoder["_target_"], "a ConformerEncoder")
    }
    try checkInput(settings["preprocessor"] ?? .null, refuse)
    try checkEncoder(encoder, refuse)
    func integer(_ key: String) throws -> MetadataValue {
      guard let value = encoder[key], value.integer != nil else {
        throw refuse("encoder.\(key)", encoder[key], "a whole number")
      }
      return value
    }
    let width = try integer("d_model").integer ?? 0
    let factor = encoder["ff_expansion_factor"]?.integer ?? 4
    let (inner, overflow) = width.multipliedReportingOverflow(by: factor)
    guard !overflow else {
      throw refuse("encoder.ff_expansion_factor", encoder["ff_expansion_factor"], "a small number")
    }
    let hasBias = MetadataValue.bool(encoder["use_bias"]?.bool ?? true)
    let channels = encoder["subsampling_conv_channels"]?.integer ?? -1
    return .dictionary([
      "model_type": .string("parakeet_encoder"), "num_mel_bins": try integer("feat_in"),
      "num_hidden_layers": try integer("n_layers"), "hidden_size": .integer(width),
      "num_attention_heads": try integer("n_heads"), "intermediate_size": .integer(inner),
      "conv_kernel_size": encoder["conv_kernel_size"] ?? .integer(31),
      "subsampling_factor": try integer("subsampling_factor"),
      "subsampling_conv_channels": .integer(channels > 0 ? channels : width),
      "scale_input": .bool(encoder["xscaling"]?.bool ?? true), "attention_bias": hasBias,
      "convolution_bias": hasBias,
    ])
  }

  private typealias Refusal = (String, MetadataValue?, String) -> ModelError

  /// Each setting with the value that the arithmetic here is for; one that is not said has NeMo's default.
  private static func check(
    _ tree: MetadataValue, _ group: String,
    _ expected: [(key: String, value: MetadataValue, fallback: MetadataValue)],
    _ refuse: Refusal
  ) throws {
    for (key, wanted, fallback) in expected {
      let told = tree[key].flatMap { $0 == .null ? nil : $0 } ?? fallback
      let isEqual =
        told == wanted || told.number.flatMap { value in wanted.number.map { $0 == value } } == true
      guard isEqual else {
        throw refuse(
          "\(group).\(key)", told, "\(ConfigurationReader.words(wanted)), for which its arithmetic is here")
      }
    }
  }

  private static func checkInput(_ tree: MetadataValue, _ refuse: Refusal) throws {
    try check(
      tree, "preprocessor",
      [
        ("normalize", .string("per_feature"), .string("per_feature")),
        ("sample_rate", .integer(16_000), .integer(16_000)), ("window", .string("hann"), .string("hann")),
        ("window_size", .number(0.025), .number(0.02)), ("window_stride", .number(0.01), .number(0.01)),
        ("n_fft", .integer(512), .integer(512)), ("preemph", .number(0.97), .number(0.97)),
        ("log", .bool(true), .bool(true)), ("frame_splicing", .integer(1), .integer(1)),
        ("mag_power", .number(2), .number(2)), ("log_zero_guard_type", .string("add"), .string("add")),
      ], refuse)
  }

  private static func checkEncoder(_ tree: MetadataValue, _ refuse: Refusal) throws {
    try check(
      tree, "encoder",
      [
        ("subsampling", .string("dw_striding"), .string("striding")),
        ("causal_downsampling", .bool(false), .bool(false)),
        ("self_attention_model", .string("rel_pos"), .string("rel_pos")),
        ("conv_norm_type", .string("batch_norm"), .string("batch_norm")),
        ("untie_biases", .bool(true), .bool(true)), ("reduction", .null, .null),
        ("feat_out", .integer(-1), .integer(-1)),
      ], refuse)
    // The whole sound, and a kernel that is centred.
    let context = tree["att_context_size"].flatMap { $0 == .null ? nil : $0 }
    let sizes = context?.list?.compactMap(\.integer) ?? []
    guard context == nil || sizes == [-1, -1] else {
      throw refuse("encoder.att_context_size", context, "[-1, -1], attention over the whole sound")
    }
    if let kernel = tree["conv_context_size"], kernel != .null {
      throw refuse("encoder.conv_context_size", kernel, "null, a centred kernel")
    }
  }
}
