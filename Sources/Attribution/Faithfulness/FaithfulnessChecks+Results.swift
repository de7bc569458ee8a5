import Results

extension FaithfulnessChecks {
  /// As reports have it.
  public var summary: AttributionResult.Trust {
    AttributionResult.Trust(
      method: method,
      hiding: hiding.map {
        .init(
          shares: $0.shares, deletion: $0.deletion, insertion: $0.insertion,
          randomDeletion: $0.randomDeletion, randomInsertion: $0.randomInsertion)
      }, gain: hiding?.gain, randomGain: hiding?.randomGain,
      randomisation: cascade.map {
        .init(
          name: $0.trainedUpTo.map { "trained up to \($0)" } ?? "all random", correlation: $0.correlation)
      },
      noise: noise.map { .init(name: "\(Int($0.decibels)) dB", correlation: $0.correlation) },
      agreement: agreement.map { .init(name: $0.method, correlation: $0.correlation) }, doubts: doubts)
  }
}
