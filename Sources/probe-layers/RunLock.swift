import Files
import Foundation

/// A command's hold on its output folder.
enum RunLock {
  /// Takes `folder`, and says whom it waits for where another run is writing it.
  static func take(_ folder: String, _ interruption: Interruption) throws -> FolderLock {
    let lock = try FolderLock.take(
      folder, command: WrittenBy.line(CommandLine.arguments), isCancelled: { interruption.isRequested },
      whenHeld: { owner in
        let who = owner.map(\.description) ?? "another run"
        standardError("\(folder) is being written by \(who); waiting for it to end. Ctrl-C stops waiting.")
      })
    interruption.beforeLeaving {
      PartFile.removeOwn(in: folder)
      lock.release()
    }
    return lock
  }
}
