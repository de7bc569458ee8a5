import Foundation

/// Files that come with Strata: probe definitions, a labelled corpus and the schemas of results.
///
/// They are looked for beside the running program and in each folder above it: `share/strata/NAME` as
/// installed, `NAME` in a checkout.
public enum BundledFiles {
  /// The folder of probe definitions (`probes/*.yaml`).
  public static var probes: String? { folder("probes") }

  /// The corpus that is studied when none is given.
  public static var corpus: String? { folder("fixtures/unseen") }

  /// The JSON Schemas of results (`schemas/*.schema.json`).
  public static var schemas: String? { folder("schemas") }

  private static func folder(_ name: String) -> String? {
    guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
    var place = program.deletingLastPathComponent()
    while true {
      for candidate in [place.appending(path: "share/strata/\(name)"), place.appending(path: name)] {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
          isFolder.boolValue
        {
          return candidate.path
        }
      }
      guard place.path != "/" else { return nil }
      place.deleteLastPathComponent()
    }
  }
}
