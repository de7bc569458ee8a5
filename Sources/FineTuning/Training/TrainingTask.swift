import Corpora

/// What a model is trained to do.
public enum TrainingTask: String, Sendable, Codable, CaseIterable {
  /// Sequences of symbols, without knowing when (CTC).
  case ctc
  /// A class for each frame.
  case frames
  /// A class for each utterance.
  case utterance
}

/// What one utterance is to give.
public enum TrainingTarget: Sendable, Equatable {
  case symbols([Int])
  /// Of each frame; nil where there is no label.
  case frames([Int?])
  case utterance(Int)
}
