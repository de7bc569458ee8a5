/// Why an HDF5 file could not be read or written. Every case names the file; `description` says what was found and
/// what to do.
public enum HDF5Error: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be opened as HDF5: not there, cut short, or something else.
  case cannotOpen(path: String, reason: String)
  /// There is no dataset of this name.
  case unknownDataset(path: String, name: String, available: [String])
  /// A dataset or attribute that breaks the format or could not be read.
  case unreadable(path: String, name: String, reason: String)
  /// Well-formed, but of a kind that is not read here.
  case unsupported(path: String, name: String, found: String, expected: String)
  /// A size beyond what can be right; refused before any memory is taken.
  case limit(path: String, name: String, found: String, limit: String)
  /// Writing failed; nothing was left behind under the final name.
  case writeFailed(path: String, name: String, reason: String)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "\(path) cannot be read as HDF5: \(reason). Copy the file again, or write it anew."
    case .unknownDataset(let path, let name, let available):
      "\(path) has no dataset \(name); it has \(available.joined(separator: ", "))"
    case .unreadable(let path, let name, let reason):
      "\(path): \(name) cannot be read: \(reason)"
    case .unsupported(let path, let name, let found, let expected):
      "\(path): \(name) is \(found); expected \(expected)"
    case .limit(let path, let name, let found, let limit):
      "\(path): \(name) claims \(found), more than the \(limit) that can be right; nothing was read"
    case .writeFailed(let path, let name, let reason):
      "\(path): \(name) could not be written: \(reason)"
    }
  }
}
