/// What a model uses of what its layers hold: what `intervene` writes to `intervene.json`.
public struct InterventionResult: Codable, Equatable, Sendable {
  /// The version of this structure.
  public static let schemaVersion = 1

  /// A level that was erased.
  public struct Erased: Codable, Equatable, Sendable {
    public var name: String
    public var classes: Int
    /// Spans that were tested, and the share of their commonest class.
    public var spans: Int
    public var majority: Double
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
    public var quantity: Quantity
    /// Without any change.
    public var intact: Double
    /// How much the erasure costs, how much losing as much at random does, and the difference.
    public var cost: Estimate
    public var atRandom: Estimate?
    public var beyondRandom: Estimate?
    /// Beyond what erasing a control task costs.
    public var beyondControl: Estimate?
    /// Beyond what the erasure costs an untrained model.
    public var beyondUntrained: Estimate?
    /// Whether the differences are more than chance, all layers together.
    public var isBeyondRandom: Bool
    public var isBeyondControl: Bool?
    public var isBeyondUntrained: Bool?

    public init(quantity: Quantity, intact: Double, cost: Estimate) {
      (self.quantity, self.intact, self.cost) = (quantity, intact, cost)
      isBeyondRandom = false
    }
  }

  /// What a linear reader of the intact model loses at a layer from the changed one on.
  public struct Reader: Codable, Equatable, Sendable {
    public var layer: String
    public var level: String
    public var effect: Effect

    public init(layer: String, level: String, effect: Effect) {
      (self.layer, self.level, self.effect) = (layer, level, effect)
    }
  }

  /// What a linear reader finds of the erased level that was fitted after the erasure.
  public struct Return: Codable, Equatable, Sendable {
    public var layer: String
    public var intact: Double
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

  public struct Verdict: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// Erasing it costs more than erasing as much at random, and than erasing a control task.
      case used
      /// Not shown to be used, and a later layer reads it again.
      case redundant
      case notShown = "not shown"
      case undecided
    }

    public var kind: Kind
    /// The first later layer that reads the level again; nil where none does.
    public var returnsAt: String?
    public var sentence: String

    public init(kind: Kind, returnsAt: String? = nil, sentence: String) {
      (self.kind, self.returnsAt, self.sentence) = (kind, returnsAt, sentence)
    }
  }

  /// What readers of so many directions of a level get.
  public struct RankPoint: Codable, Equatable, Sendable {
    public var rank: Int
    public var accuracy: Estimate
    /// The interval of what the best ones get beyond it lies above zero.
    public var isLess: Bool

    public init(rank: Int, accuracy: Estimate, isLess: Bool) {
      (self.rank, self.accuracy, self.isLess) = (rank, accuracy, isLess)
    }
  }

  /// Whether a level can be read off an intact layer.
  public struct Encoded: Codable, Equatable, Sendable {
    public var accuracy: Estimate
    /// Beyond always answering the commonest class; whether that is more than chance, all layers together.
    public var overMajority: Estimate
    public var isReadable: Bool
    /// The accuracy of everything simpler, what the layer adds to it, and whether that is more than chance.
    public var baseline: Double?
    public var beyondBaseline: Estimate?
    public var isBeyondBaseline: Bool?

    public init(accuracy: Estimate, overMajority: Estimate, isReadable: Bool) {
      (self.accuracy, self.overMajority, self.isReadable) = (accuracy, overMajority, isReadable)
    }
  }

  /// One level erased at one layer.
  public struct Row: Codable, Equatable, Sendable {
    public var level: String
    public var layer: String
    /// Directions that were erased, of so many, and their share of the variance; that of the random subspaces and of the
    /// control task.
    public var rank = 0
    public var width = 0
    public var share = 0.0
    public var randomShare: Double?
    public var controlShare: Double?
    /// On the model's own head; empty without one.
    public var head: [Effect] = []
    public var readers: [Reader] = []
    public var returned: [Return] = []
    /// What is read by so many of the erased directions, the most strongly tied to the level first; and the fewest whose
    /// readers are not shown to get less than the best ones, by cross-validation. Nil where nothing was erased.
    public var ranks: [RankPoint] = []
    public var neededRank: Int?
    /// Nil where the layer has no vectors of the level.
    public var encoded: Encoded?
    public var verdict: Verdict

    public init(level: String, layer: String, verdict: Verdict) {
      (self.level, self.layer, self.verdict) = (level, layer, verdict)
    }
  }

  /// A block, or a part of it, that was put out of work.
  public struct Lesion: Codable, Equatable, Sendable {
    public enum Change: String, Codable, Sendable, CaseIterable {
      /// Its input takes the place of its output.
      case leftOut = "left out"
      /// The mean over the corpus of what it adds takes the place of that.
      case mean
      /// The same of what one of its attention heads gives.
      case head
    }

    public var layer: String
    public var change: Change
    /// The head, counted from 1; nil of a whole block.
    public var number: Int?
    /// On the model's own head; empty without one. There is no random control.
    public var head: [Effect]
    /// What readers of the last layer lose of each level.
    public var readers: [Reader]

    public init(layer: String, change: Change, number: Int?, head: [Effect], readers: [Reader]) {
      (self.layer, self.change, self.number, self.head, self.readers) = (
        layer, change, number, head, readers
      )
    }

    /// `hidden.3`, or `hidden.3 head 2`.
    public var name: String { number.map { "\(layer) head \($0)" } ?? layer }

  }

  /// How far what is erased of two levels is the same directions.
  public struct Overlap: Codable, Equatable, Sendable {
    public var layer: String
    public var first, second: String
    /// Of the principal angles, descending.
    public var cosines: [Double]
    /// The mean of their squares, and what it is of random subspaces of these ranks.
    public var overlap: Double
    public var chance: Double

    public init(
      layer: String, first: String, second: String, cosines: [Double], overlap: Double, chance: Double
    ) {
      (self.layer, self.first, self.second) = (layer, first, second)
      (self.cosines, self.overlap, self.chance) = (cosines, overlap, chance)
    }
  }

  public var schema = Self.schemaVersion
  public var version = ""
  public var seed: UInt64
  public var model: String
  public var fingerprint: String
  public var corpus: String
  public var corpusFingerprint = ""
  /// What verdicts are about, and in words.
  public var quantity: Quantity
  public var effect: String
  /// What intervals resample, and random subspaces of each erasure.
  public var intervalUnit: String
  public var controls: Int
  public var erased: [Erased]
  /// The layers that were changed, and those that were read.
  public var layers: [String]
  public var readLayers: [String]
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
  /// Whole passes over the corpus, and those that went on from a changed layer.
  public var wholePasses: Int
  public var partialPasses: Int
  /// What a reader must know; whole sentences.
  public var warnings: [String]

  public init(
    seed: UInt64, model: String, fingerprint: String, corpus: String, quantity: Quantity, effect: String,
    intervalUnit: String, controls: Int, erased: [Erased], layers: [String], readLayers: [String],
    rows: [Row],
    wholePasses: Int, partialPasses: Int, warnings: [String]
  ) {
    (self.seed, self.model, self.fingerprint, self.corpus) = (seed, model, fingerprint, corpus)
    (self.quantity, self.effect, self.intervalUnit, self.controls) = (
      quantity, effect, intervalUnit, controls
    )
    (self.erased, self.layers, self.readLayers, self.rows) = (erased, layers, readLayers, rows)
    (self.wholePasses, self.partialPasses, self.warnings) = (wholePasses, partialPasses, warnings)
  }

  /// What was found of a level at a layer; nil where it was not changed.
  public func row(_ level: String, at layer: String) -> Row? {
    rows.first { $0.level == level && $0.layer == layer }
  }
}
