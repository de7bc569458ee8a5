import Tensors

extension RegularFile {
  /// A file of audio. Throws `AudioError.missing`, `.brokenLink`, `.notAFile` and `.unreadable`.
  static func audio(_ path: String) throws(AudioError) -> RegularFile {
    do throws(Obstacle) {
      return try RegularFile(path)
    } catch {
      switch error {
      case .missing: throw .missing(path: path)
      case .brokenLink(let target): throw .brokenLink(path: path, target: target)
      case .other(let kind): throw .notAFile(path: path, kind: kind)
      case .unreadable(let reason): throw .unreadable(path: path, reason: reason)
      }
    }
  }
}
