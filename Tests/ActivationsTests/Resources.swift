import Foundation

/// A file of this target's `Resources`.
func resource(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)").path
}
