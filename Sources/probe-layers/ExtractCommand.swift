import ArgumentParser
import Strata

struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract", abstract: "Write every layer's activations for a recording.",
    discussion: """
      One tensor [frames × dim] per layer under its tap point's name, as safetensors; with --attention also
      attention.k [heads × frames × frames]. For several recordings the names carry the file's stem:
      stem/hidden.3. Sampling rate, frame step and the model's fingerprint are in the metadata.

      EXAMPLES
        probe-layers extract model.ckpt speech.wav -o speech.safetensors
        probe-layers extract model.ckpt a.flac b.flac --layers 0,6,-1 -o both.safetensors
      """)

  @Argument(help: "A checkpoint file or a Hugging Face folder.")
  var model: String

  @Argument(help: "Recordings (wav, flac, ogg, mp3, …) of any sampling rate.")
  var audio: [String]

  @Option(name: [.short, .long], help: "The file to write.")
  var output: String

  @Option(help: "Layers by name or by number among the hidden states (0,6,-1). Default: all.")
  var layers: String?

  @Flag(help: "Also write attention weights.")
  var attention = false

  @OptionGroup var loading: LoadingOptions

  func validate() throws {
    guard !audio.isEmpty else { throw ValidationError("Give at least one recording.") }
  }

  func run() throws {
    let model = try loading.load(model)
    var export = ActivationExport(model: model)
    if let layers { export.taps = try model.resolve(layers: layers).map(\.name) }
    export.includesAttention = attention
    try export.write(audio, to: output)
    standardOutput("Wrote \(output)")
  }
}
