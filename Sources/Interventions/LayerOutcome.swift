import Tensors

/// What changes of one layer did, utterance by utterance: what is kept of a layer that is finished.
struct LayerOutcome: Sendable, Codable, Equatable {
  let layer: String
  /// In the order of the levels that are erased.
  var levels: [LevelOutcome]
  /// With the layer's block, or a part of it, out of work; empty where that was not asked for, or there is no block.
  var lesions: [Lesion] = []
  /// Spans that were moved from one class towards another.
  var steered: [SteeredUtterance] = []
  /// How far what is erased of two levels is the same.
  var overlaps: [Overlap] = []

  /// What it is kept as.
  static func name(_ layer: String, ofUntrained isUntrained: Bool = false) -> String {
    "changed \(layer)" + (isUntrained ? " of the untrained model" : "")
  }

  /// Takes over what erasing did to the untrained model.
  mutating func compare(with untrained: LayerOutcome) {
    for (level, own) in untrained.levels.enumerated() where own.reason == nil {
      var readings: [Int: LevelOutcome.UntrainedReading] = [:]
      for tested in own.tested {
        readings[tested.utterance] = LevelOutcome.UntrainedReading(
          intact: tested.intact, erased: tested.erased)
      }
      for index in levels[level].tested.indices {
        levels[level].tested[index].untrained = readings[levels[level].tested[index].utterance]
      }
    }
  }

  /// One way of putting a block out of work, and what that did.
  struct Lesion: Sendable, Codable, Equatable {
    var change: LesionChange
    var tested: [LevelOutcome.Tested]
  }

  struct Overlap: Sendable, Codable, Equatable {
    let first, second: Int
    let angles: SubspaceAngles
  }
}

/// How a block is put out of work.
enum LesionChange: Sendable, Codable, Equatable {
  /// Its input takes the place of its output.
  case leftOut
  /// The mean of what it adds to its input takes the place of that, of a layer of another shape than its input the mean of
  /// what it gives.
  case mean
  /// The mean of what one of its heads gives takes the place of that; heads count from 1.
  case head(Int)
}

/// What erasing one level at one layer did, with its controls.
struct LevelOutcome: Sendable, Codable, Equatable {
  /// What the head and the readers of later layers say of one utterance.
  struct Reading: Sendable, Codable, Equatable {
    var head: HeadTally?
    /// Spans that are read right, `[layers that are read][levels that are read]`; layers before the changed one have
    /// none.
    var right: [[Double]]
  }

  struct RandomReading: Sendable, Codable, Equatable {
    var draw: Int
    var reading: Reading
  }

  struct UntrainedReading: Sendable, Codable, Equatable {
    var intact: HeadTally?
    var erased: Reading
  }

  struct Tested: Sendable, Codable, Equatable {
    var utterance: Int
    var intact: HeadTally?
    var erased: Reading
    var control: Reading?
    var random: [RandomReading]
    /// The level erased at the same layer of the untrained model.
    var untrained: UntrainedReading?
    /// Spans of the level itself that readers fitted to changed layers read right, by layers that are read.
    var returned: [Double]
  }

  /// Why there is nothing; nil where there is.
  var reason: String?
  var rank = 0
  var width = 0
  /// Of the layer's variance, means over folds: what the erasure takes away, and a random subspace.
  var share = 0.0
  var randomShare: Double?
  var controlShare: Double?
  var tested: [Tested] = []
  /// Spans that readers of the intact layer and of everything simpler together get right, by utterance of the corpus.
  var besideBaseline: [Double]?
  /// What so many of the erased directions are read by; empty of an untrained model.
  var ranks: [SubspaceRank] = []
}
