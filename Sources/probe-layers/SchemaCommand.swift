import ArgumentParser
import Foundation
import Strata

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "The JSON Schema of what the commands write and print.",
    discussion: """
      Without a name it lists them. A schema that refers to another names its file: write both into one folder.

      EXAMPLES
        probe-layers schema
        probe-layers schema study
      """)

  @Argument(
    help: "study, similarity, comparison, attribution, …",
    completion: .custom { _, _, typed in names.filter { $0.hasPrefix(typed) } })
  var name: String?

  private static let ending = ".schema.json"

  private static var names: [String] {
    let files = BundledFiles.schemas.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) }
    return (files ?? []).filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
  }

  func run() throws {
    guard let folder = BundledFiles.schemas else {
      throw CommandFailure(status: .missingInput, message: "the schemas were not found beside the program")
    }
    let names = Self.names
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(folder)/\(name)\(Self.ending)", encoding: .utf8)
    }
    guard let name else {
      for name in names {
        let schema = try JSONSerialization.jsonObject(with: Data(text(name).utf8)) as? [String: Any]
        let padded = name.padding(toLength: 13, withPad: " ", startingAt: 0)
        try standardOutput(padded + (schema?["title"] as? String ?? ""))
      }
      return
    }
    guard names.contains(name) else {
      throw ValidationError("There is no schema \(name); there are \(names.joined(separator: ", ")).")
    }
    try standardOutput(try text(name).trimmingCharacters(in: .newlines))
  }
}
