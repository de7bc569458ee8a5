import ArgumentParser
import Files
import Foundation
import Strata

struct FinetuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Adapt a model to a task, and see which levels its layers gained or lost.",
    discussion: """
      Trains a model of the wav2vec 2.0 family (wav2vec2, HuBERT, WavLM, data2vec-audio, UniSpeech) on a labelled corpus:
      sequences of labels by CTC, a class for each frame, or one for each utterance; of Whisper's encoder and AST one for
      each utterance alone. The corpus is divided so that no speaker and no sentence is in two parts, where it allows it:
      one is learned from, one says when to stop, one is tested, before and after. Writes a Hugging Face folder (model/),
      finetune.json, results.json in the layout of evaluation harnesses, a log (training.jsonl) and the learning curves
      (learning/report.html). An interrupted training goes on where it was.

      With --watch the model is also studied before, on the way and after: compare/report.html shows what each layer
      encodes at each of these moments.

      EXAMPLES
        probe-layers finetune hubert-base/ --corpus my-corpus --level phoneme
        probe-layers finetune model.ckpt --corpus my-corpus --lora 8 --steps 400 --watch phoneme,word
        probe-layers finetune wavlm-base/ --corpus my-corpus --task frames --freeze conv,projection,hidden.0-6
        probe-layers finetune hubert-base/ --corpus my-corpus --task utterance --level speaker --freeze all
        probe-layers finetune model.ckpt --corpus my-corpus --level character --folds all
      """)

  @Argument(help: "A checkpoint or a Hugging Face folder.")
  var model: String

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: ArgumentHelp(
      "ctc: sequences, without knowing when; frames: a class for each frame; utterance: one for each recording.",
      valueName: "ctc|frames|utterance"))
  var task = TrainingTask.ctc

  @Option(
    help: "The labels: a level (phoneme, syllable, word, …), character for words in letters, or speaker.")
  var level = "phoneme"

  @Option(
    help: ArgumentHelp(
      "keep the model's own head (CTC), or put a new one on; auto keeps one that has all labels.",
      valueName: "auto|keep|new"))
  var head = FineTuningRun.HeadChoice.auto

  @Option(
    help: ArgumentHelp(
      """
      Parts that stay as they are, separated by commas: conv, projection, hidden.0 (positions), hidden.1 (the first \
      block) …, hidden.0-3, final_norm; all trains the head alone, none everything. Default: conv.
      """, valueName: "parts"))
  var freeze: String?

  @Option(
    help: ArgumentHelp(
      "Train changes of this rank in the place of weights (LoRA), and the head.", valueName: "rank"))
  var lora: Int?

  @Option(help: "What LoRA's changes are multiplied by, over the rank. Default: twice the rank.")
  var loraAlpha: Double?

  @Option(help: "The layers that LoRA changes, by the last part of their names.")
  var loraTargets = "q_proj,v_proj"

  @Option(
    help: ArgumentHelp(
      """
      Train narrow networks beside the model's layers, and the head: bottleneck (one behind each sublayer, Houlsby 2019) \
      or soft-moa (a soft mixture beside each, Cappellazzo 2024). Strata reads the model that is written, transformers does \
      not.
      """, valueName: "bottleneck|soft-moa"))
  var adapters: SideAdapter.Kind?

  @Option(help: "The width between the two layers of such a network.")
  var adapterWidth = 16

  @Option(help: "Networks of a soft mixture.")
  var adapterNetworks = 7

  @Option(help: "Slots of each of them.")
  var adapterSlots = 1

  @Option(help: "Updates of the parameters.")
  var steps = 500

  @Option(help: "Recordings of a batch.")
  var batch = 8

  @Option(help: "Batches whose gradients are averaged for one update.")
  var accumulation = 1

  @Option(help: "The highest learning rate.")
  var rate = 1e-4

  @Option(help: "The head's own highest learning rate. Default: --rate.")
  var headRate: Double?

  @Option(help: "Updates until the rate is at its highest. Default: a tenth of all.")
  var warmUp: Int?

  @Option(help: "What each layer's rate is of that of the layer above.")
  var layerDecay = 1.0

  @Option(help: "The share by which weights shrink, times the rate.")
  var weightDecay = 0.01

  @Option(help: "The largest norm of all gradients together; 0 for no limit.")
  var clip = 1.0

  @Option(help: "The share of each label that goes to all classes (frames, utterance).")
  var smoothing = 0.0

  @Flag(
    help: "Let rare classes count more, in inverse proportion to how often they are (frames, utterance).")
  var balance = false

  @OptionGroup(title: "Changes at random in training") var augmenting: AugmentationOptions

  @Option(
    help: ArgumentHelp(
      """
      Test and write the mean of the parameters in the place of the best ones: ema:0.999 (exponential moving average) or \
      checkpoints (all looks at the development part of the second half).
      """, valueName: "ema:decay|checkpoints"))
  var average: String?

  @Option(help: "Updates between two looks at the development part.")
  var evaluateEvery = 50

  @Option(help: "Looks without a new best after which training ends. Default: none.")
  var patience: Int?

  @Option(
    help: ArgumentHelp(
      "Divisions of the corpus that are gone through, a model each.", valueName: "number|all"))
  var folds = "1"

  @Option(help: "Leave out recordings of more seconds.")
  var longest: Double?

  @Option(
    help: ArgumentHelp(
      "Levels that the layers are studied for before, on the way and after, separated by commas.",
      valueName: "levels"))
  var watch: String?

  @Option(
    help: ArgumentHelp(
      """
      The recordings that are studied then. Default: those of --corpus, from most of which the model learns, so that gains \
      may be of these recordings alone.
      """, valueName: "folder"), completion: .directory)
  var watchCorpus: String?

  @Option(help: "How many moments on the way are studied, evenly spread.")
  var watchPoints = 2

  @Option(help: "Also write the learning curves for TensorBoard.", completion: .directory)
  var tensorboard: String?

  @Option(name: [.short, .long], help: "Where the results go.", completion: .directory)
  var output = "strata-finetune"

  @Option(help: "The seed of every random choice: the same seed gives the same bytes.")
  var seed: UInt64 = 0

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard TrainingData.Labels(level) != nil else {
      throw ValidationError(
        "--level takes speaker or one of \(Level.allCases.map(\.rawValue).joined(separator: ", ")), not “\(level)”."
      )
    }
    guard folds == "all" || Int(folds).map({ $0 >= 1 }) == true else {
      throw ValidationError("--folds takes a number from 1 on, or all.")
    }
    if lora != nil || adapters != nil, freeze != nil {
      throw ValidationError(
        "--lora and --adapters train no weights of the model itself: --freeze says nothing beside them.")
    }
    if lora != nil, adapters != nil { throw ValidationError("--lora and --adapters exclude each other.") }
    if lora == nil, loraAlpha != nil { throw ValidationError("--lora-alpha belongs to --lora.") }
    _ = try weightAverage
    if let watch { _ = try listed("watch", watch) }
    if watchCorpus != nil, watch == nil {
      throw ValidationError("--watch-corpus belongs to --watch, which says what levels to study.")
    }
    guard (0...20).contains(watchPoints) else {
      throw ValidationError("--watch-points takes a number from 0 to 20.")
    }
    if watch != nil, folds != "1" { throw ValidationError("--watch follows one training: --folds 1.") }
  }

  func run() async throws {
    try await CommandFrame.around(running) { frame in
      let corpus = try corpora.load(frame.note)
      let watched = try watchCorpus.map { try Corpus.load($0) }
      var training = try training(on: corpus, frame)
      let claim = ResultClaim(self, of: [training.model.fingerprint, corpus.fingerprint])
      try await frame.holding(output) {
        try claim.require(output, force: replacing.force)
        let writtenBy = try WrittenBy(
          claim: claim, seed: seed,
          inputs: ResultInputs(
            models: [.init(training.model.name, training.model.fingerprint)],
            corpus: .init(corpus.name, corpus.fingerprint))
        ).record()
        // Of a run that is stopped while its layers are studied, the training is not made again.
        (training.records, training.keepsWork) = ([writtenBy], true)
        let result = try await training.finished(in: output)
        frame.progress.finish()
        try result.writePage(in: output, records: [writtenBy])
        if let tensorboard { try result.writeTensorBoard(ofRun: output, to: tensorboard) }
        try running.showing.show(result, result.terminalSummary)
        guard let watch else { return FineTuningRun.removeWork(of: output) }
        let work = UsedWork()
        var comparison = try await comparison(
          levels: watch, training.snapshots, last: result.folds.first?.steps ?? steps, watched ?? corpus,
          work, frame)
        if watched == nil {
          comparison.warnings.insert(
            "the model learned from \(result.folds.first?.train ?? 0) of these \(corpus.utterances.count) recordings: what "
              + "its layers gain here may be of these recordings alone; --watch-corpus studies others",
            at: 0)
        }
        try comparison.write(to: "\(output)/compare", records: [writtenBy])
        StudyFolder.remove(work, of: output)
        FineTuningRun.removeWork(of: output)
        if !running.showing.quiet, !running.showing.json {
          try standardOutput(comparison.terminalSummary)
          try standardOutput("Report: \(output)/compare/report.html")
        }
      }
    }
  }
}

extension SideAdapter.Kind: ExpressibleByArgument {}
extension TrainingTask: ExpressibleByArgument {}
extension FineTuningRun.HeadChoice: ExpressibleByArgument {}
