import Foundations

/// What keeps shards from being made or added up.
public enum ShardError: StrataError, Equatable, CustomStringConvertible, Sendable {
  case tooMany(shards: Int, utterances: Int)
  /// No shard lies there.
  case notFound(path: String)
  /// The description of a shard, or a file of it, is not what was written.
  case damaged(path: String, reason: String)
  case otherVersion(path: String, found: Int, expected: Int)
  /// Two shards are not of one study.
  case differ(what: String, first: String, second: String, found: String, expected: String)
  case repeated(Int, of: Int, first: String, second: String)
  case missing([Int], of: Int)
  /// The corpus is not the one that the shards were made of.
  case otherCorpus(path: String, found: String, expected: String)
  /// Nor are the recordings.
  case otherSound(path: String, found: String, expected: String)
  /// Nor is the model.
  case otherModel(name: String, found: String, expected: String)

  public var description: String {
    switch self {
    case .tooMany(let shards, let utterances):
      "\(shards) shards are too many for \(utterances) utterances; ask for at most that many"
    case .notFound(let path):
      "\(path): no shard is there; a shard's folder holds a shard.json, written by probe-layers MODEL --shard i/n"
    case .damaged(let path, let reason):
      "\(path): \(reason); make this shard again"
    case .otherVersion(let path, let found, let expected):
      "\(path): has version \(found) of the format of shards, this program reads \(expected); make the shards and "
        + "merge them with one version"
    case .differ(let what, let first, let second, let found, let expected):
      "\(second) is of another \(what) than \(first): \(found), not \(expected); merge shards of one study"
    case .repeated(let index, let count, let first, let second):
      "shard \(index)/\(count) is there twice: \(first) and \(second); give each shard once"
    case .missing(let indices, let count):
      "of \(count) shards, \(indices.map { "\($0)/\(count)" }.joined(separator: ", ")) "
        + "\(indices.count == 1 ? "is" : "are") missing; make what is missing, or give its folder too"
    case .otherCorpus(let path, let found, let expected):
      "\(path): its labels are not those that the shards were made of (\(found), not \(expected)); give the same "
        + "corpus with --corpus"
    case .otherSound(let path, let found, let expected):
      "\(path): its recordings are not those that the shards were made of (\(found), not \(expected)); give the same "
        + "corpus with --corpus, or make the shards again"
    case .otherModel(let name, let found, let expected):
      "\(name) is not the model that the shards were made by (\(found), not \(expected)); give the same with --model"
    }
  }

  public var kind: FailureKind {
    switch self {
    case .tooMany, .repeated, .missing: .badRequest
    case .notFound: .missingInput
    case .damaged, .otherVersion, .differ, .otherCorpus, .otherSound, .otherModel: .badInput
    }
  }
}
