import ArgumentParser
import Strata

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "A model's layers, sizes, frame times and unused tensors.",
    discussion: """
      EXAMPLE
        probe-layers inspect model.ckpt
      """)

  @Argument(help: "A checkpoint file or a Hugging Face folder.")
  var model: String

  @OptionGroup var loading: LoadingOptions

  func run() throws {
    standardOutput(ModelOverview(try loading.load(model)).description)
  }
}
