import ArgumentParser
import Foundation
import Strata

struct AttributeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attribute",
    abstract: "Draw which moments, frequencies and layers a model's output depends on.",
    discussion: """
      The target is a class of the model's own head, a class of a linear probe at any layer (--probe), or one unit of a
      layer (--unit), read over a span or the whole recording. Labels that lie beside the recording are drawn beneath.
      Given a corpus's folder in the place of a recording, it says of each layer and level how much of a probe's evidence
      lies inside the labelled span, how far around it the rest does, and what each attention head follows; with --unit, where
      that unit is most active, to be listened to.
      DIR gets report.html (with the recording to listen to), figures/*.svg, maps.npz, masks.csv (what the model leans on,
      as stretches of time and frequency, for augmentation), attribution.json and the probe.

      EXAMPLES
        probe-layers attribute model.ckpt a.flac --class AE --at AE
        probe-layers attribute model.ckpt a.flac --probe phoneme --layer hidden.3 --class AE --at AE:2 --corpus my-corpus
        probe-layers attribute model.ckpt a.flac --probe out/probe.safetensors --span 0.31-0.42
        probe-layers attribute model.ckpt a.flac --unit 17 --layer conv.4 --methods occlusion,gradient-input
        probe-layers attribute model.ckpt my-corpus --levels phoneme,word --spans 40
        probe-layers attribute model.ckpt my-corpus --unit 17 --layer conv.4
        probe-layers attribute model.ckpt a.flac --class AE --at AE --checkpoints step1.ckpt step2.ckpt
        probe-layers attribute model.ckpt a.flac --methods lrp --rule gamma -o explained --png

      METHODS
        \(AttributionMethod.allCases.map { "\($0.rawValue.padding(toLength: 24, withPad: " ", startingAt: 0)) \($0.title)" }.joined(separator: "\n  "))
      Parts of layer-wise relevance propagation are patented. It is free for research; a company asks first.
      """)

  @Argument(help: "A checkpoint file or a Hugging Face folder.", completion: .file())
  var model: String

  @Argument(
    help: "A recording (wav, flac, ogg, mp3, …) of any sampling rate, or a corpus's folder.",
    completion: .file())
  var audio: String

  @Option(name: [.short, .long], help: "The folder to write.", completion: .directory)
  var output = "strata-attribution"

  @Option(
    name: .customLong("class"), help: "The class to explain, by name or number. Default: the likeliest.")
  var className: String?

  @Option(
    help:
      "Explain a linear probe: a level to fit it for (phoneme, syllable, word), or a probe.safetensors.",
    completion: .file()
  )
  var probe: String?

  @Option(help: "Explain one unit of --layer, by its number.")
  var unit: Int?

  @Option(help: "The layer of a probe or unit. Default: the last hidden layer.")
  var layer: String?

  @Option(help: "Explain the target between these seconds only: START-END.")
  var span: String?

  @Option(help: "Explain the first span with this label; LABEL:N for the N-th.")
  var at: String?

  @Option(
    help:
      "Start the recording at this second. A recording longer than the model's window (Whisper: 30 s) is cut around the target automatically."
  )
  var from: Double?

  @Option(help: "End the recording at this second.")
  var to: Double?

  @Option(help: "Explain a token of a model with a decoder, which is given this text.")
  var text: String?

  @Option(help: "The decoder's token ids (3,5,8), for a model without a tokenizer.")
  var tokens: String?

  @Option(help: "Which token of --text, from 1, or of --tokens, from 2.")
  var token = 1

  @Option(
    help: "Methods, separated by commas.",
    completion: .names(AttributionMethod.allCases.map(\.rawValue)))
  var methods = "grad-cam,integrated-gradients"

  @Option(
    help:
      "Where Grad-CAM is taken. Default: before the last layer that mixes frames on the way to the target.")
  var mapLayer: String?

  @Option(help: "Also map the N highest-weighted Grad-CAM channels separately.")
  var channels = 0

  @Option(
    parsing: .upToNextOption,
    help: "Other checkpoints of the same run; their maps are drawn below the model's, in this order.",
    completion: .file())
  var checkpoints: [String] = []

  @OptionGroup var corpora: CorpusOptions

  @Option(
    help: "Over a corpus: the levels, separated by commas.",
    completion: .names(Level.allCases.map(\.rawValue)))
  var levels = "phoneme,syllable,word"

  @Option(
    parsing: .unconditional,
    help: "Over a corpus: the layers. Default: the projection and the hidden layers.")
  var layers: String?

  @Option(help: "Over a corpus: how many held-out spans of each level are explained.")
  var spans = 20

  @Option(help: "Steps of integrated gradients.")
  var steps = 32

  @Option(
    help:
      "The baseline of integrated gradients: \(AttributionSettings.Baseline.allCases.map(\.rawValue).joined(separator: ", ")).",
    completion: .list(AttributionSettings.Baseline.allCases.map(\.rawValue)))
  var baseline = "noise"

  @Option(
    help: "The rule of lrp for linear layers and convolutions: epsilon, gamma or z+.",
    completion: .list(["epsilon", "gamma", "z+"]))
  var rule = "epsilon"

  @Option(help: "The seed of every random choice.")
  var seed: UInt64 = 0

  @Flag(
    help:
      "Test whether each map is faithful to the model: deletion and insertion curves, weight randomisation, noise, agreement. Takes longer."
  )
  var checks = false

  @OptionGroup var results: ResultOptions

  @OptionGroup var replacing: ForceOption

  @OptionGroup var running: RunningOptions

  @OptionGroup var loading: LoadingOptions

  func validate() throws {
    guard probe == nil || unit == nil else { throw ValidationError("Give --probe or --unit, not both.") }
    guard span == nil || at == nil else { throw ValidationError("Give --span or --at, not both.") }
    guard (from ?? 0) >= 0, (from ?? 0) < (to ?? .infinity) else {
      throw ValidationError("--from takes a second from 0, --to a later one.")
    }
    guard text == nil || tokens == nil else { throw ValidationError("Give --text or --tokens, not both.") }
    guard className == nil || unit == nil else { throw ValidationError("A unit has no --class.") }
    guard (0...1000).contains(channels) else {
      throw ValidationError("--channels takes a number up to 1000.")
    }
    guard checkpoints.isEmpty || !checks else {
      throw ValidationError("--checks is of one model; leave out --checkpoints.")
    }
    guard (1...1_000_000).contains(spans) else { throw ValidationError("--spans takes a number from 1.") }
    guard (1...100_000).contains(steps) else { throw ValidationError("--steps takes a number from 1.") }
    _ = try (chosenMethods(), chosenLevels(), chosenSettings(), chosenSpan())
  }

  func run() async throws {
    try await CommandFrame.around(running, keepsWork: false) { frame in
      frame.note("reading \(model)")
      let model = try loading.load(model)
      model.tensorReport.notes.forEach(frame.note)
      // Whether or not the target is of it: a misspelt name is told.
      if let layer { _ = try TargetRequest.layer(named: layer, of: model) }
      frame.note("reading \(audio)")
      let corpus =
        try isFolder(audio) ? Corpus.load(audio) : corpora.isGiven ? corpora.load(frame.note) : nil
      let claim = try claim(model)
      try await frame.holding(output) {
        try claim.require(output, force: replacing.force)
        if let corpus, isFolder(audio) {
          try await explainCorpus(corpus, model, claim, frame)
        } else {
          try await explainRecording(model, corpus, claim, frame)
        }
      }
    }
  }

  private func explainRecording(
    _ model: SpeechModel, _ corpus: Corpus?, _ claim: ResultClaim, _ frame: CommandFrame
  ) async throws {
    var explanation = try AttributionRun(model, audio: audio, corpus: corpus)
    explanation.settings = try chosenSettings()
    explanation.threads = running.threads
    explanation.layer = try mapLayer.flatMap { try model.resolve(layers: $0).first?.name }
    explanation.isCancelled = frame.isCancelled
    explanation.onProgress = { [progress = frame.progress] in
      progress.update(stage: "Explaining", done: $1, total: $2, detail: $0)
    }

    var request = TargetRequest()
    (request.className, request.unit, request.layer) = (className, unit, layer)
    request.span = try chosenSpan()
    if let at { request.span = try labelled(at, in: explanation) }
    let stretch =
      from == nil && to == nil
      ? explanation.window(around: request.span)
      : (from ?? 0)..<max((from ?? 0).nextUp, min(to ?? .infinity, explanation.sound.seconds))
    if let stretch {
      explanation = try explanation.part(stretch)
      request.span = try request.span.map { try within(explanation.stretch ?? stretch, $0) }
    }
    request.headClasses = try HeadClasses.names(of: self.model)
    try read(into: &explanation, &request)
    explanation.probe = try linearProbe(of: model, corpus, frame)
    let target = try request.target(of: explanation, probe: explanation.probe)

    explanation.channels = channels
    var result = try await explanation.run(target, methods: chosenMethods(), checks: checks)
    var others: [AttributionResult] = []
    var inputs = ResultInputs(
      models: [.init(model.name, model.fingerprint)],
      corpus: corpus.map { .init($0.name, $0.fingerprint) },
      recording: .init(
        URL(filePath: audio).lastPathComponent, try AttributionRun.fingerprint(ofRecording: audio)))
    for path in checkpoints {
      let other = try loading.load(path)
      inputs.models.append(.init(other.name, other.fingerprint))
      var later = try AttributionRun(other, audio: audio, corpus: corpus)
      if let stretch { later = try later.part(stretch) }
      (later.settings, later.threads, later.layer) = (
        explanation.settings, running.threads, explanation.layer
      )
      (later.isCancelled, later.tokens) = (explanation.isCancelled, explanation.tokens)
      // A class that is the likeliest of one need not be that of the next: the target is the first one's.
      later.probe = try linearProbe(of: other, corpus, frame)
      var again = request
      again.className = target.label
      let own = try later.probe.map { try again.target(of: later, probe: $0) } ?? target
      others.append(try await later.run(own, methods: chosenMethods()))
    }
    result.append(others)
    frame.progress.finish()
    let record = try WrittenBy(claim: claim, seed: seed, inputs: inputs).record()
    try explanation.write(result, to: output, pictures: results.pictures, records: [record])
    try running.showing.show("attribution.json", in: output, AttributionSummary.text(of: result))
  }

  /// What the result hangs on.
  private func claim(_ model: SpeechModel) throws -> ResultClaim {
    let places = try [audio, corpora.isGiven ? corpora.folder : ""] + checkpoints
    return ResultClaim(
      self, of: [model.fingerprint] + places.map { URL(filePath: $0).resolvingSymlinksInPath().path })
  }
}
