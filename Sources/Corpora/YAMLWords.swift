import Yams

extension Node {
  /// What stands there, in words for an error, short.
  package var inWords: String {
    switch self {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "“\(scalar.string.prefix(60))”"
    case .sequence: "a list"
    case .mapping: "keys with values"
    case .alias: "an alias"
    }
  }
}
