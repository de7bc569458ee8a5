import ArgumentParser
import Foundation

/// The names in an option's list, `a, b`; throws where there are none.
func listed(_ option: String, _ text: String) throws -> [String] {
  let names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    .filter { !$0.isEmpty }
  guard !names.isEmpty else {
    throw ValidationError(
      "--\(option) names nothing: “\(text)”. Give names with commas between, or leave it out.")
  }
  return names
}
