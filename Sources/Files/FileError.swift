/// What is wrong with a file, whatever it holds. Every case names it.
public enum FileError: Error, Equatable, Sendable, CustomStringConvertible {
  case missing(path: String, reason: String)
  /// It is not what it was when it was opened, or while it was read.
  case changed(path: String, reason: String)
  case writeFailed(path: String, reason: String)
  /// A file of a results folder that was not written with the others.
  case mixture(path: String, found: String, expected: String)
  /// Waiting for another run was given up.
  case interrupted

  public var description: String {
    switch self {
    case .missing(let path, let reason): "\(path) cannot be read: \(reason)"
    case .changed(let path, let reason):
      "\(path) was changed while it was in use: \(reason). What was made of it since is not kept; run the command "
        + "again, on a copy if the file is still being written"
    case .writeFailed(let path, let reason):
      "\(path) could not be written: \(reason). Nothing was left half-written; check the folder's permissions and free "
        + "space, or choose another with --output."
    case .mixture(let path, let found, let expected):
      "\(path) was not written together with the files beside it: its checksum is \(found), and "
        + "\(ResultFolder.manifestName) says \(expected). Write the folder again; or, where the file was changed on "
        + "purpose, remove \(ResultFolder.manifestName)"
    case .interrupted: "Stopped; nothing was written."
    }
  }
}
