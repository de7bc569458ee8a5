/// Which channel of recordings with several is heard: `channel:` of a `corpus.yaml`.
enum ChannelChoice: Equatable {
  /// The mean of all of them.
  case mix
  /// One, counted from 0: `left`, `right`, or a number from 1.
  case one(Int)
  /// A speaker's own.
  case ofSpeaker([String: Int])

  /// `left`, `right`, `A`, `B`, or a number from 1, counted from 0; nil for anything else.
  static func number(_ word: String) -> Int? {
    switch word.lowercased() {
    case "left", "a": 0
    case "right", "b": 1
    default: Int(word).flatMap { (1...64).contains($0) ? $0 - 1 : nil }
    }
  }

  /// What an utterance hears, counted from 0; nil for the mean of all. `own` is what its label file says.
  func channel(of speaker: String, own: Int?) -> Int? {
    switch self {
    case .mix: nil
    case .one(let number): number
    case .ofSpeaker(let numbers): numbers[speaker] ?? own
    }
  }
}
