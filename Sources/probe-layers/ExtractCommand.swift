import ArgumentParser
import Files
import Foundation
import Strata

extension ActivationFormat: ExpressibleByArgument {}

struct ExtractCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract", abstract: "Write every layer's activations for recordings.",
    discussion: """
      One array [frames × dim] per layer under its tap point's name, logits where the checkpoint has a head, and
      with --attention also attention.k [heads × frames × frames]; as safetensors, npz or HDF5, by the output's
      ending. For several recordings the names carry the file's stem, for a folder the path in it: stem/hidden.3.
      Sampling rate, frame times and the model's fingerprint are in the metadata. The file can be studied like the
      model: probe-layers F.h5 --corpus FOLDER.

      EXAMPLES
        probe-layers extract model.ckpt speech.wav -o speech.safetensors
        probe-layers extract model.ckpt a.flac b.flac --layers 0,6,-1 -o both.npz
        probe-layers extract model.ckpt my-corpus -o my-corpus.h5
      """)

  @Argument(help: "A checkpoint file or a Hugging Face folder.", completion: .file())
  var model: String

  @Argument(
    help: "Recordings (wav, flac, ogg, mp3, …) of any sampling rate, or folders of them.",
    completion: .file())
  var audio: [String]

  @Option(name: [.short, .long], help: "The file to write.", completion: .file())
  var output: String

  @Option(help: "safetensors, npz or hdf5, whatever the output's ending.")
  var format: ActivationFormat?

  @Option(
    parsing: .unconditional,
    help: "Layers by name or by number among the hidden states, and ranges (0,3-6,-1). Default: all.")
  var layers: String?

  @Flag(help: "Also write attention weights.")
  var attention = false

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard !audio.isEmpty else { throw ValidationError("Give at least one recording.") }
  }

  func run() async throws {
    try await CommandFrame.around(running, keepsWork: false) { frame in
      let place = URL(filePath: output)
      frame.interruption.beforeLeaving {
        PartFile.removeOwn(in: place.deletingLastPathComponent().path, of: place.lastPathComponent)
      }
      frame.note("reading \(model)")
      let model = try loading.load(model)
      model.tensorReport.notes.forEach(frame.note)
      var export = ActivationExport(model: model)
      if let layers { export.taps = try model.resolve(layers: layers).map(\.name) }
      export.includesAttention = attention
      (export.format, export.threads) = (format, running.threads)
      (export.onProgress, export.isCancelled) = (frame.onStep(), frame.isCancelled)
      let plan = try export.plan(audio, to: output)
      frame.say(plan.summary(layers: export.layerCount))
      try await export.write(plan)
      frame.progress.finish()
      try running.showing.show(
        WrittenFiles(output: output, items: plan.recordings.count), "Wrote \(output)")
    }
  }
}
