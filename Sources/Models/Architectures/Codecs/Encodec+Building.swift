import Checkpoints
import Tensors

/// The settings of an EnCodec, under the names that its `config.json` has for them.
struct EncodecConfiguration: Sendable, Equatable {
  var encoder = SeanetConfiguration()
  /// Whether the sound is brought to a root mean square of 1.
  var scalesInput = false
  /// Samples that are encoded at a time; nil for all.
  var chunk: Int?
  var codes = 1024
  var quantisers = 32
  /// Whether it is a WavTokenizer, which has one quantiser under a name of its own.
  var isWavTokenizer = false

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(path: String, values: MetadataValue, isWavTokenizer: Bool) throws {
    let reader = ConfigurationReader(path: path, values: values)
    self.isWavTokenizer = isWavTokenizer
    var defaults = SeanetConfiguration()
    if isWavTokenizer { (defaults.ratios, defaults.isCausal, defaults.width) = ([6, 5, 5, 4], false, 512) }
    encoder = try SeanetConfiguration(reader, defaults: defaults)
    codes = try reader.integer("codebook_size", 1...1_048_576, default: isWavTokenizer ? 4096 : 1024)
    let width = try reader.integer("codebook_dim", 1...65_536, default: encoder.width)
    guard width == encoder.width else {
      throw ModelError.configuration(
        path: path, key: "codebook_dim", found: "\(width)", expected: "hidden_size, \(encoder.width)")
    }
    quantisers = 1
    if isWavTokenizer { return }
    scalesInput = try reader.bool("normalize", default: false)
    if let seconds = values["chunk_length_s"], seconds != .null {
      chunk = Int(
        try reader.number("chunk_length_s", 0.001...3600, default: 1) * Double(encoder.samplingRate))
      guard let chunk, chunk >= encoder.hop else {
        throw ModelError.configuration(
          path: path, key: "chunk_length_s", found: ConfigurationReader.words(seconds),
          expected: "at least a frame of \(encoder.hop) samples")
      }
    }
    quantisers = try Self.quantisers(
      reader, samplingRate: encoder.samplingRate, hop: encoder.hop, codes: codes, largest: 24)
  }

  /// As many as the last of the bit rates has room for; `largest` is that rate where none are told.
  static func quantisers(
    _ reader: ConfigurationReader, samplingRate: Int, hop: Int, codes: Int, largest fallback: Double
  ) throws -> Int {
    let rates = reader.values["target_bandwidths"] ?? .null
    let largest = rates == .null ? fallback : rates.list?.last?.number
    guard let largest, (0...1_000_000).contains(largest) else {
      throw ModelError.configuration(
        path: reader.path, key: "target_bandwidths", found: ConfigurationReader.words(rates),
        expected: "a list of kilobits a second")
    }
    let frameRate = (samplingRate + hop - 1) / hop
    let bits = max(1, Int.bitWidth - (codes - 1).leadingZeroBitCount)
    let count = Int(1000 * largest) / (frameRate * bits)
    guard (1...1024).contains(count) else {
      throw ModelError.configuration(
        path: reader.path, key: "target_bandwidths", found: ConfigurationReader.words(rates),
        expected: "room for 1 to 1024 quantisers of \(frameRate * bits) bits a second (here \(count))")
    }
    return count
  }
}

extension Encodec {
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    let path = description.path
    let checkpoint = description.checkpoint
    // One quantiser, or the first of several.
    let found =
      try TensorNames(checkpoint, anchor: "quantizer.codebook.embed", path: path)
      ?? TensorNames(checkpoint, anchor: "quantizer.layers.0.codebook.embed", path: path)
    guard found != nil || description.modelType.map(modelTypes.contains) == true else { return nil }
    guard let tree = description.configuration else {
      throw ModelError.unstated(
        path: path, what: "its strides, and whether it is causal",
        option: "a config.json with --config")
    }
    let names = found ?? TensorNames(checkpoint)
    var reader = ParameterReader(path: path, source: .checkpoint(checkpoint, names: names.stored))
    let configuration = try EncodecConfiguration(
      path: description.configurationPath, values: tree,
      isWavTokenizer: tree["model_type"]?.string?.hasPrefix("wavtokenizer")
        ?? reader.has("quantizer.codebook.embed"))
    let rate = configuration.encoder.samplingRate
    try description.expectSamplingRate(rate)
    let model = try Encodec(configuration, from: &reader)
    var notes: [String] = []
    if configuration.encoder.audioChannels == 2 {
      notes.append("it reads two channels: a sound of one stands in both")
    }
    if let chunk = configuration.chunk {
      notes.append("sounds longer than \(Double(chunk) / Double(rate)) s are read in consecutive windows")
    }
    let report = try description.report(
      of: reader, names, leavingOut: leftovers(configuration), notes: notes)
    return BuiltModel(
      architecture: configuration.chunk.map { ChunkedEncodec(codec: model, chunk: $0) } ?? model,
      family: configuration.isWavTokenizer ? "wavtokenizer" : "encodec", parameters: model.parameters,
      report: report,
      input: .features(
        configuration.scalesInput ? "a root mean square of 1" : "as recorded", samplingRate: rate))
  }

  /// The half that makes sound again, and what only the training of codebooks needs.
  private static func leftovers(_ c: EncodecConfiguration) -> [String] {
    let codebooks =
      c.isWavTokenizer
      ? ["quantizer.codebook"] : (0..<c.quantisers).map { "quantizer.layers.\($0).codebook" }
    return ["decoder", "backbone", "head"]
      + codebooks.flatMap { codebook in
        ["inited", "cluster_size", "embed_avg"].map { "\(codebook).\($0)" }
      }
  }

  func untrained(seed: UInt64) throws -> Encodec {
    var reader = ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    return try Encodec(configuration, from: &reader)
  }

  /// Codebooks are drawn as EnCodec's authors draw those that are not made from data (He 2015, uniform).
  init(_ c: EncodecConfiguration, from reader: inout ParameterReader) throws {
    configuration = c
    encoder = try Seanet(c.encoder, "encoder.layers", from: &reader)
    let width = c.encoder.width
    let drawn = Initialisation.uniform(bound: (6 / Double(width)).squareRoot())
    quantiser = ResidualQuantiser(
      steps: try (0..<c.quantisers).map { step in
        let name = c.isWavTokenizer ? "quantizer.codebook" : "quantizer.layers.\(step).codebook"
        return .init(
          codebook: Codebook(vectors: try reader.tensor("\(name).embed", [c.codes, width], drawn)))
      })
    parameters = reader.count
  }
}

extension ModelDescription {
  /// The settings under the first of `keys` that has some, or the whole.
  func configuration(under keys: [String]) -> MetadataValue? {
    configuration.map { tree in
      keys.lazy.compactMap { tree[$0] }.first { $0.dictionary != nil } ?? tree
    }
  }

  /// Throws where the files beside a model, or the caller, say another rate than its own settings.
  func expectSamplingRate(_ rate: Int) throws {
    if let stated = samplingRate, stated != rate {
      throw ModelError.configuration(
        path: path, key: "sampling_rate", found: "\(stated)",
        expected: "\(rate) Hz, as its config.json says")
    }
  }
}
