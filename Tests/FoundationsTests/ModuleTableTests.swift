import Foundation
import StrataTestSupport
import Testing

/// The modules that CONTRIBUTING shows are those of the package, with the same arrows.
@Suite("The table of modules") struct ModuleTableTests {
  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: Repository.path(name), encoding: .utf8)
  }

  /// Module → the modules that it declares, from `module("Name", […], …)` in the manifest.
  private func declared() throws -> [String: Set<String>] {
    let manifest = try text("Package.swift")
    var needs: [String: Set<String>] = [:]
    for match in manifest.matches(of: /module\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/) {
      let own = (match.2 ?? "").matches(of: /"(\w+)"/).map { String($0.1) }
      needs[String(match.1)] = Set(own)
    }
    return needs.mapValues { $0.intersection(needs.keys) }
  }

  @Test("is that of the manifest")
  func table() throws {
    let declared = try declared()
    #expect(declared.count > 10)
    var shown: [String: Set<String>] = [:]
    for line in try text("CONTRIBUTING.md").split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.matches(of: /`(\w+)`/).map { String($0.1) } }
      guard cells.count == 3, let name = cells[0].first else { continue }
      shown[name] = Set(cells[2])
    }
    #expect(shown == declared)
  }

  @Test("runs one way: a module imports only modules above it")
  func order() throws {
    let manifest = try text("Package.swift")
    let names = manifest.matches(of: /module\(\s*"(\w+)"/).map { String($0.1) }
    for (name, needs) in try declared() {
      let place = try #require(names.firstIndex(of: name))
      #expect(needs.isSubset(of: names[..<place]), "\(name)")
    }
  }
}
