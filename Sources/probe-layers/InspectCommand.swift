import ArgumentParser
import Strata

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "A model's layers, sizes, frame times and unused tensors.",
    discussion: """
      EXAMPLES
        probe-layers inspect model.ckpt
        probe-layers inspect lightning.ckpt --config config.json
        probe-layers inspect distilled.pt --prefix student
        probe-layers inspect own.pt --map names.yaml --model-type wav2vec2
      """)

  @Argument(help: "A checkpoint file or a Hugging Face folder.")
  var model: String

  @OptionGroup var loading: LoadingOptions

  func run() throws {
    standardOutput(ModelOverview(try loading.load(model)).description)
  }
}
