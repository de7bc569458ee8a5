import Foundation

/// The path of a file under `Resources`.
func resource(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/\(name)").path
}
