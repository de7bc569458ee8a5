import ArgumentParser
import Files
import Foundation
import Strata

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "A model's layers, sizes, frame times, cost and unused tensors.",
    discussion: """
      Shows every place whose values can be had, with its width and times; the parameters as a tree; what a minute
      of audio takes, which is measured by running one; and what of the checkpoint was not needed. The same as
      JSON, or as a drawing of the network (svg; dot for Graphviz).

      EXAMPLES
        probe-layers inspect model.ckpt
        probe-layers inspect whisper-tiny/ --format svg --output whisper.svg
        probe-layers inspect all-MiniLM-L6-v2/ --json --no-cost
        probe-layers inspect lightning.ckpt --config config.json
        probe-layers inspect distilled.pt --prefix student
        probe-layers inspect own.pt --map names.yaml --model-type wav2vec2
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, dot, svg }

  @Argument(
    help: "A checkpoint file or a Hugging Face folder, of a speech or a text model.", completion: .file())
  var model: String

  @Option(help: "text, json, dot or svg.")
  var format = Format.text

  @Option(name: [.short, .long], help: "A file to write instead of standard output.", completion: .file())
  var output: String?

  @Flag(
    inversion: .prefixedNo, help: "Run the model over a minute of noise to measure its time and memory.")
  var cost = true

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var showing: ShowingOptions

  func run() throws {
    let overview = try overview()
    let text =
      switch showing.json ? .json : format {
      case .text: overview.description
      case .json: try overview.json()
      case .dot: overview.dot
      case .svg: overview.drawing.adaptiveSVG()
      }
    guard let output else { return try standardOutput(text) }
    try WholeFile.write(Data((text + "\n").utf8), to: output)
    if !showing.quiet { try standardOutput("Wrote \(output)") }
  }

  private func overview() throws -> ModelOverview {
    let progress = showing.progress
    showing.note("reading \(model)")
    defer { progress.finish() }
    func measuring() {
      progress.update(stage: "Measuring", done: 0, total: 1, detail: "a pass over a minute of audio")
    }
    do {
      let speech = try loading.load(model)
      if cost { measuring() }
      return ModelOverview(speech, cost: cost ? try ModelCost.measured(speech) : nil)
    } catch ModelError.unknownArchitecture(let path, let found, let known) {
      guard let text = try loading.loadText(model) else {
        throw ModelError.unknownArchitecture(path: path, found: found, known: known)
      }
      return ModelOverview(text, cost: cost ? try ModelCost.measured(text) : nil)
    }
  }
}
