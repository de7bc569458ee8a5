import Foundation
import Synchronization

/// The finished work that studies have kept and used, so that their own is removed once they are written, and no other
/// study's: it is many times the size of the results.
public final class UsedWork: Sendable {
  /// Files and folders, each with the work folder that it lies in.
  private let places = Mutex<[String: String]>([:])

  public init() {}

  func add(_ paths: [String], in folder: String) {
    places.withLock { places in for path in paths { places[path] = folder } }
  }

  /// Removes it, and the work folders where nothing else lies in them.
  public func remove() {
    let places = places.withLock { places in
      defer { places = [:] }
      return places
    }
    // What cannot be removed does no harm: it is recognised or redone by the next run.
    for path in places.keys { try? FileManager.default.removeItem(atPath: path) }
    for folder in Set(places.values) { rmdir(folder) }
  }
}
