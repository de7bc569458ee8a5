/// Why a checkpoint could not be read or written. Every case names the file; `description` says what was found,
/// what was expected and what to do.
public enum CheckpointError: Error, Equatable, Sendable {
  /// Nothing is there, or it is not a file or folder that can be opened.
  case missing(path: String, reason: String)
  /// The bytes are something else than a checkpoint (empty, text, a Git LFS pointer, a web page …).
  case notACheckpoint(path: String, found: String, advice: String)
  /// The file ends before something that it says it holds.
  case truncated(path: String, place: String, needed: Int, available: Int)
  /// The file breaks its own format's rules.
  case malformed(path: String, place: String, found: String, expected: String)
  /// Well-formed, but of a kind that is not read here.
  case unsupported(path: String, place: String, found: String, advice: String)
  /// A pickle asks for a function to be called. Nothing was run.
  case refusedCall(path: String, name: String, place: String)
  /// A size beyond what a real checkpoint has; refused before any memory is taken.
  case limit(path: String, place: String, found: Int, limit: Int)
  /// The file was read whole, and there is no tensor in it.
  case noTensors(path: String, keys: [String])
  /// A tensor was asked for that the file does not have.
  case unknownTensor(path: String, name: String, nearest: [String])
  /// No tensor's name begins with what was asked for.
  case unknownPrefix(path: String, prefix: String, found: [String])
  /// Rules of a map of names that fit no tensor, each with the names nearest to it.
  case idleRules(path: String, rules: [String], nearest: [[String]])
  /// A tensor's values are of a type that cannot be given as asked.
  case unreadableType(path: String, name: String, type: ElementType, wanted: String)
  /// Writing failed; nothing was left behind under the final name.
  case writeFailed(path: String, reason: String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing(let path, let reason):
      "\(path): \(reason)"
    case .notACheckpoint(let path, let found, let advice):
      "\(path) is not a checkpoint: it is \(found). \(advice)"
    case .truncated(let path, let place, let needed, let available):
      """
      \(path) is cut short: \(place) needs \(needed) bytes, \(available) are there. \
      Copy or download the file again.
      """
    case .malformed(let path, let place, let found, let expected):
      "\(path): \(place): found \(found), expected \(expected)"
    case .unsupported(let path, let place, let found, let advice):
      "\(path): \(place): \(found) is not supported. \(advice)"
    case .refusedCall(let path, let name, let place):
      """
      \(path): \(place) asks for \(name) to be called, which loading weights does not need; it was not run. \
      If you trust the file, load it in Python and save its state dict alone, best as safetensors.
      """
    case .limit(let path, let place, let found, let limit):
      "\(path): \(place): \(found) is more than the \(limit) that can be right; nothing was read"
    case .noTensors(let path, let keys):
      keys.isEmpty
        ? "\(path) holds no tensors"
        : "\(path) holds no tensors that could be weights; its keys are \(keys.joined(separator: ", "))"
    case .unknownTensor(let path, let name, let nearest):
      nearest.isEmpty
        ? "\(path) has no tensor \(shown(name))"
        : "\(path) has no tensor \(shown(name)); the nearest are \(nearest.joined(separator: ", "))"
    case .unknownPrefix(let path, let prefix, let found):
      "\(path): no tensor's name begins with \(shown(prefix)); they begin with \(found.joined(separator: ", "))"
    case .idleRules(let path, let rules, let nearest):
      (["\(path): the map of names has rules that fit no tensor there; correct or remove them:"]
        + zip(rules, nearest).prefix(12).map { rule, nearest in
          "  \(shown(rule))" + (nearest.isEmpty ? "" : " (the nearest: \(nearest.joined(separator: ", ")))")
        } + (rules.count > 12 ? ["  and \(rules.count - 12) more"] : [])).joined(separator: "\n")
    case .unreadableType(let path, let name, let type, let wanted):
      """
      \(path): tensor \(shown(name)) is of type \(type.rawValue), which cannot be read as \(wanted). \
      Convert it to F32, F16 or BF16 first.
      """
    case .writeFailed(let path, let reason):
      "\(path) could not be written: \(reason)"
    }
  }
}
