/// How a model is trained.
public struct TrainingSettings: Sendable, Equatable, Codable {
  /// What is trained: CTC, a class for each frame, or one for each utterance.
  public var task = TrainingTask.ctc
  /// Updates of the parameters.
  public var steps = 1000
  /// Utterances of a batch.
  public var batch = 8
  /// Batches whose gradients are averaged for one update.
  public var accumulation = 1
  /// How large steps are.
  public var rate = LearningRate()
  /// The optimiser's constants.
  public var optimiser = AdamW.Settings()
  /// The largest norm of all gradients together; nil for no limit.
  public var clip: Double? = 1
  /// The share of a label that goes to all classes.
  public var smoothing = 0.0
  /// Whether rare classes count more, each in inverse proportion to how often it is.
  public var balancesClasses = false
  /// Whether each class of utterances is learned from as often as any other.
  public var balancesSampling = false
  /// What is changed at random.
  public var augmentation = Augmentation()
  /// Parts that stay as they are, such as `conv,projection,hidden.0-3`; `all` trains the head alone.
  public var frozen = "conv"
  /// Trained in the place of the model's weights, where there is one.
  public var adapter: LowRankAdapter?
  /// The same of networks beside the model's layers.
  public var side: SideAdapter?
  /// What parameters are averaged over; nil for the best or last ones.
  public var average: WeightAverage?
  /// Updates between two looks at the development part.
  public var evaluation = 100
  /// Looks without a new best after which training ends; nil to go on to the last step.
  public var patience: Int?
  /// Of the order of utterances and of what is drawn.
  public var seed: UInt64 = 0

  public init() {}

  /// Throws `FineTuningError.setting`.
  func check() throws {
    func require(_ name: String, _ found: some Any, _ isGood: Bool, _ expected: String) throws {
      guard isGood else { throw FineTuningError.setting(name: name, found: "\(found)", expected: expected) }
    }
    try require("the number of steps", steps, (1...10_000_000).contains(steps), "1 or more")
    try require("the batch", batch, (1...100_000).contains(batch), "1 or more")
    try require("accumulation", accumulation, (1...10_000).contains(accumulation), "1 or more")
    try require(
      "the learning rate", rate.peak, rate.peak > 0 && rate.peak < 10, "a number between 0 and 10")
    try require(
      "the head's rate", rate.head ?? 1, rate.head.map { $0 > 0 && $0 < 10 } ?? true, "between 0 and 10")
    try require("warm-up", rate.warmUp, (0...steps).contains(rate.warmUp), "0 to \(steps) steps")
    try require(
      "the layers' decay", rate.layerDecay, rate.layerDecay > 0 && rate.layerDecay <= 1,
      "more than 0, at most 1")
    try require("clipping", clip ?? 1, clip.map { $0 > 0 } ?? true, "more than 0")
    try require("label smoothing", smoothing, (0..<1).contains(smoothing), "at least 0, less than 1")
    try require(
      "label smoothing", smoothing, smoothing == 0 || task != .ctc,
      "0 for CTC, which has no labels of frames")
    try require(
      "balanced classes", balancesClasses, !balancesClasses || task != .ctc,
      "none for CTC, whose classes are sequences")
    try require(
      "balanced sampling", balancesSampling, !balancesSampling || task == .utterance,
      "for a class of each utterance only: frames and sequences hold many")
    try augmentation.check()
    try require("weight decay", optimiser.decay, (0...1).contains(optimiser.decay), "0 to 1")
    if case .exponential(let decay) = average {
      try require("the average's decay", decay, decay > 0 && decay < 1, "more than 0, less than 1")
    }
    try require("evaluation", evaluation, evaluation >= 1, "1 step or more")
    try require("patience", patience ?? 1, (patience ?? 1) >= 1, "1 or more")
  }
}
