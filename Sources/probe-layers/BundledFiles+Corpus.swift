import Strata

extension BundledFiles {
  /// The corpus that was given, else the bundled one.
  static func corpus(or given: String?) throws -> String {
    if let given { return given }
    guard let corpus else {
      throw CommandFailure(
        status: .missingInput,
        message: "the bundled corpus was not found beside the program; give one with --corpus FOLDER")
    }
    return corpus
  }
}
