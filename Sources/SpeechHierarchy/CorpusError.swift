/// What keeps a corpus, a label file or a split from being made at all.
public enum CorpusError: Error, Equatable, CustomStringConvertible, Sendable {
  /// There is no such file or folder.
  case missing(path: String)
  /// One utterance cannot be divided into training and test.
  case tooFewUtterances(count: Int)

  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file or folder; check the path"
    case .tooFewUtterances(let count):
      "\(count) utterance\(count == 1 ? "" : "s") cannot be divided into training and test; two are the least"
    }
  }
}
