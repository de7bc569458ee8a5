import Tensors

/// What changes of one layer did, utterance by utterance: what is kept of a layer that is finished.
public struct LayerOutcome: Sendable, Codable, Equatable {
  public let layer: String
  /// In the order of the levels that are erased.
  var levels: [LevelOutcome]
  /// With the layer's block left out; empty where that was not asked for, or there is no block.
  var skipped: [LevelOutcome.Tested] = []
  /// How far what is erased of two levels is the same.
  var overlaps: [Overlap] = []

  struct Overlap: Sendable, Codable, Equatable {
    let first, second: Int
    let angles: SubspaceAngles
  }
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

  struct Tested: Sendable, Codable, Equatable {
    var utterance: Int
    var intact: HeadTally?
    var erased: Reading
    var control: Reading?
    var random: [RandomReading]
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
}
