import Foundation

/// Whether people are looking.
enum Terminal {
  static var isError: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
}
