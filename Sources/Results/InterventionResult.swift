/// What a model uses of what its layers hold: what `intervene` writes to `intervene.json`.
public struct InterventionResult: Codable, Equatable, Sendable {
  /// The version of this structure.
  public static let schemaVersion = 1

  /// A level that was erased.
  public struct Erased: Codable, Equatable, Sendable {
    /// The level's name, such as `phoneme`.
    public var name: String
    /// Classes that were erased.
    public var classes: Int
    /// Spans that were tested.
    public var spans: Int
    /// The share of the commonest class among them, 0 to 1.
    public var majority: Double
    /// Utterances that these are from.
    public var utterances: Int
    /// Whether a control task of the same classes was erased too.
    public var hasControl: Bool
    /// What a layer must add to, to be beyond the baseline; empty where that was not read.
    public var simpler: [String]

    public init(
      name: String, classes: Int, spans: Int, majority: Double, utterances: Int, hasControl: Bool,
      simpler: [String] = []
    ) {
      (self.name, self.classes, self.spans) = (name, classes, spans)
      (self.majority, self.utterances, self.hasControl) = (majority, utterances, hasControl)
      self.simpler = simpler
    }
  }

  /// What an effect is measured in.
  public enum Quantity: String, Codable, Sendable, CaseIterable {
    /// −log P(symbol | a symbol) by the head where the intact one emits it, nats a symbol.
    case symbol
    /// −log P(transcript) by the head, nats a symbol; of a head without a blank −log P of frames' labels, nats a frame.
    case loss
    /// KL(intact ‖ changed) of the head's output, nats a frame.
    case divergence
    /// Errors of greedy decoding, a share of the symbols; of a head without a blank, of the labelled frames.
    case errors
    /// Errors of words of a head that spells them in letters, a share of the words.
    case wordErrors
    /// Accuracy that a linear reader of a later layer loses.
    case accuracy
  }

  /// How much worse something is for a change, beside its controls.
  public struct Effect: Codable, Equatable, Sendable {
    /// What is measured, and in which unit.
    public var quantity: Quantity
    /// Without any change.
    public var intact: Double
    /// How much the change costs, in the unit of `quantity`; above zero it is worse.
    public var cost: Estimate
    /// What losing as much variance in random subspaces of the same rank costs; nil without that control.
    public var atRandom: Estimate?
    /// The cost less that of the random subspaces, on the same resamples.
    public var beyondRandom: Estimate?
    /// Beyond what erasing a control task costs.
    public var beyondControl: Estimate?
    /// Beyond what the erasure costs an untrained model.
    public var beyondUntrained: Estimate?
    /// Whether the cost beyond random subspaces is more than chance, all layers together.
    public var isBeyondRandom: Bool
    /// Whether the cost beyond the control task's is more than chance, all layers together; nil without that control.
    public var isBeyondControl: Bool?
    /// Whether the cost beyond the untrained model's is more than chance, all layers together; nil without that
    /// control.
    public var isBeyondUntrained: Bool?

    public init(quantity: Quantity, intact: Double, cost: Estimate) {
      (self.quantity, self.intact, self.cost) = (quantity, intact, cost)
      isBeyondRandom = false
    }
  }

  /// What a linear reader of the intact model loses at a layer from the changed one on.
  public struct Reader: Codable, Equatable, Sendable {
    /// The layer that is read.
    public var layer: String
    /// The level that is read there.
    public var level: String
    /// What it loses in accuracy.
    public var effect: Effect

    public init(layer: String, level: String, effect: Effect) {
      (self.layer, self.level, self.effect) = (layer, level, effect)
    }
  }

  /// What a linear reader finds of the erased level that was fitted after the erasure.
  public struct Return: Codable, Equatable, Sendable {
    /// The later layer that is read.
    public var layer: String
    /// The accuracy there in the intact model.
    public var intact: Double
    /// The accuracy of a reader that is fitted and tested after the erasure.
    public var accuracy: Estimate
    /// Beyond what is left at the changed layer itself.
    public var gain: Estimate
    /// The gain is more than chance, all later layers together, and half of what was lost or more.
    public var isBack: Bool

    public init(layer: String, intact: Double, accuracy: Estimate, gain: Estimate, isBack: Bool) {
      (self.layer, self.intact, self.accuracy, self.gain, self.isBack) = (
        layer, intact, accuracy, gain, isBack
      )
    }
  }

  /// Whether the model uses what a layer encodes of a level.
  public struct Verdict: Codable, Equatable, Sendable {
    /// The four answers.
    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// Erasing it costs more than erasing as much at random, and than erasing a control task.
      case used
      /// Not shown to be used, and a later layer reads it again.
      case redundant
      case notShown = "not shown"
      case undecided
    }

    /// Why an answer is not `used`.
    public enum Reason: String, Codable, Sendable, CaseIterable {
      /// `obstacle` says why.
      case cannotBeErased = "cannot be erased"
      /// No output and no reader comes after the layer.
      case nothingAfter = "nothing after it"
      case tooFew = "too few recordings"
      /// The level goes with all directions of the layer: no random subspace of that rank is another one.
      case wholeLayer = "whole layer"
      case costsNothing = "costs nothing"
      /// Losing as much at random is not shown to cost less.
      case atRandom = "as much at random"
      /// Erasing a control task is not shown to cost less.
      case controlTask = "control task"
      /// Erasing the level is not shown to cost an untrained model less.
      case untrainedModel = "untrained model"
    }

    /// The answer.
    public var kind: Kind
    /// Nil of what is used.
    public var reason: Reason?
    /// Why the level cannot be erased there; nil where it can.
    public var obstacle: String?
    /// The first later layer that reads the level again; nil where none does.
    public var returnsAt: String?
    /// Whether the level is readable, and the answer with its evidence; reports put it into words.
    public var sentence = ""

    public init(kind: Kind, reason: Reason? = nil, obstacle: String? = nil, returnsAt: String? = nil) {
      (self.kind, self.reason, self.obstacle, self.returnsAt) = (kind, reason, obstacle, returnsAt)
    }
  }

  /// What readers of so many directions of a level get.
  public struct RankPoint: Codable, Equatable, Sendable {
    /// How many directions the reader gets.
    public var rank: Int
    /// The held-out accuracy of the reader.
    public var accuracy: Estimate
    /// The interval of what the best ones get beyond it lies above zero.
    public var isLess: Bool

    public init(rank: Int, accuracy: Estimate, isLess: Bool) {
      (self.rank, self.accuracy, self.isLess) = (rank, accuracy, isLess)
    }
  }

  /// Whether a level can be read off an intact layer.
  public struct Encoded: Codable, Equatable, Sendable {
    /// Of a probe on the layer, 0 to 1.
    public var accuracy: Estimate
    /// Beyond always answering the commonest class; whether that is more than chance, all layers together.
    public var overMajority: Estimate
    /// Whether `overMajority` is more than chance.
    public var isReadable: Bool
    /// The accuracy of everything simpler, 0 to 1; nil where there is nothing simpler.
    public var baseline: Double?
    /// What the layer adds to it.
    public var beyondBaseline: Estimate?
    /// Whether that is more than chance.
    public var isBeyondBaseline: Bool?

    public init(accuracy: Estimate, overMajority: Estimate, isReadable: Bool) {
      (self.accuracy, self.overMajority, self.isReadable) = (accuracy, overMajority, isReadable)
    }
  }

  /// One level erased at one layer.
  public struct Row: Codable, Equatable, Sendable {
    /// The level that was erased.
    public var level: String
    /// The layer where it was erased.
    public var layer: String
    /// Directions that were erased.
    public var rank = 0
    /// The layer's width: all the directions that there are.
    public var width = 0
    /// The share of the layer's variance that was erased, 0 to 1.
    public var share = 0.0
    /// The share that the random subspaces hold, the mean over draws; nil without them.
    public var randomShare: Double?
    /// The share that the control task's erasure takes; nil without one.
    public var controlShare: Double?
    /// On the model's own head; empty without one.
    public var head: [Effect] = []
    /// What readers of later layers lose, of every level.
    public var readers: [Reader] = []
    /// What is found of the erased level again, layer by layer from the changed one on.
    public var returned: [Return] = []
    /// What is read by so many of the erased directions, the most strongly tied to the level first; empty where nothing
    /// was erased.
    public var ranks: [RankPoint] = []
    /// The fewest directions whose readers are not shown to get less than the best ones, by cross-validation; nil where
    /// nothing was erased.
    public var neededRank: Int?
    /// Whether the level can be read off the intact layer; nil where the layer has no vectors of it.
    public var encoded: Encoded?
    /// What follows of the level at this layer.
    public var verdict: Verdict

    public init(level: String, layer: String, verdict: Verdict) {
      (self.level, self.layer, self.verdict) = (level, layer, verdict)
    }
  }

  /// What an effect on the model's own output is counted by.
  public enum HeadUnit: String, Codable, Sendable, CaseIterable {
    case phone, letter, frame, token, retrieval
  }

  /// The version of the JSON structure that the value was made with or read from.
  public var schema = Self.schemaVersion
  /// The version of Strata that made it.
  public var version = ""
  /// The seed of every random choice; the same seed gives the same result.
  public var seed: UInt64
  /// The model's name.
  public var model: String
  /// The fingerprint of the model's weights.
  public var fingerprint: String
  /// The name of the corpus.
  public var corpus: String
  /// The fingerprint of the corpus: its utterances, their lengths and labels.
  public var corpusFingerprint = ""
  /// What verdicts are about.
  public var quantity: Quantity
  /// The same in words; reports make them.
  public var effect = ""
  /// What effects on the head are counted by; nil without a head.
  public var headUnit: HeadUnit?
  /// The level whose labels a head without a blank is asked for, frame by frame; nil of another.
  public var frameLevel: String?
  /// Why the head's loss could not be had; nil where it could, or is not asked for.
  public var headObstacle: String?
  /// What intervals resample: `speakers` or `utterances`.
  public var intervalUnit: String
  /// How many random subspaces each erasure is compared with.
  public var controls: Int
  /// The levels that were erased.
  public var erased: [Erased]
  /// The layers that were changed.
  public var layers: [String]
  /// The layers that were read.
  public var readLayers: [String]
  /// One row for each level and changed layer.
  public var rows: [Row]
  /// Blocks that were left out; empty where that was not asked for.
  public var lesions: [Lesion] = []
  /// Of each layer and pair of levels.
  public var overlaps: [Overlap] = []
  /// Spans that were moved from one class towards another.
  public var steerings: [Steering] = []
  /// What is lost when weights are pruned or rounded; nil where that was not asked for.
  public var simplification: Simplification?
  /// What labelled spans are made of, layer by layer; empty where that was not asked for.
  public var mixing: [Mixing] = []
  /// Finding a recording's text and a text's recording, of a model with two towers; empty of others.
  public var retrievals: [Retrieval] = []
  /// How alike the layers of a model's two towers are, a table a measure; empty where that was not asked for.
  public var towers: [LayerComparison] = []
  /// Passes over the whole corpus from the input on.
  public var wholePasses: Int
  /// Passes that went on from a changed layer.
  public var partialPasses: Int
  /// Recordings that were not changed, since the model does not take them at once.
  public var leftOut = 0
  /// What a reader must know, in whole sentences; reports make them.
  public var warnings: [String] = []

  public init(
    seed: UInt64, model: String, fingerprint: String, corpus: String, quantity: Quantity,
    intervalUnit: String, controls: Int, erased: [Erased], layers: [String], readLayers: [String],
    rows: [Row], wholePasses: Int, partialPasses: Int
  ) {
    (self.seed, self.model, self.fingerprint, self.corpus) = (seed, model, fingerprint, corpus)
    (self.quantity, self.intervalUnit, self.controls) = (quantity, intervalUnit, controls)
    (self.erased, self.layers, self.readLayers, self.rows) = (erased, layers, readLayers, rows)
    (self.wholePasses, self.partialPasses) = (wholePasses, partialPasses)
  }

  /// What was found of a level at a layer; nil where it was not changed.
  public func row(_ level: String, at layer: String) -> Row? {
    rows.first { $0.level == level && $0.layer == layer }
  }
}
