import Checkpoints

/// The settings of a wav2vec 2.0 with conformer blocks: those of the family, and what its blocks have of their own.
struct Wav2Vec2ConformerConfiguration: Sendable, Equatable {
  var base: Wav2Vec2Configuration
  /// Frames that the convolution of a block spans.
  var kernel = 31
  var positions = ConformerPositions.relative

  /// Reads a `config.json`'s tree; what it leaves out has the value that transformers gives it.
  init(_ reader: ConfigurationReader) throws {
    base = try Wav2Vec2Configuration(reader, family: .wav2vec2)
    kernel = try reader.integer("conv_depthwise_kernel_size", 1...1023, default: kernel)
    guard kernel % 2 == 1 else {
      throw ModelError.configuration(
        path: reader.path, key: "conv_depthwise_kernel_size", found: "\(kernel)", expected: "an odd number")
    }
    positions = try reader.conformerPositions(
      width: base.width, heads: base.heads, withKeys: false, default: "relative")
  }
}
