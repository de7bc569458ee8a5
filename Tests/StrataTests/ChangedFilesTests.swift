import Files
import Foundation
import StrataTestSupport
import Testing

@testable import Strata

@Suite("Files that are changed while work reads them") struct ChangedFilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("work whose files are others when it ends is refused, by the file that changed")
  func changedMeanwhile()
    throws
  {
    let (one, two) = (
      try folder.write(Data("1".utf8), to: "one"), try folder.write(Data("2".utf8), to: "two")
    )
    let prints = FileFingerprints()
    let none = folder.path + "/none"
    #expect(try prints.requiringUnchanged([two, one, none]) { 7 } == 7)
    // A look at it, the same bytes again under the name: nothing was changed.
    _ = try prints.requiringUnchanged([one]) {
      try FileManager.default.removeItem(atPath: one)
      try folder.write(Data("1".utf8), to: "one")
    }
    for (path, change) in [
      (two, { try folder.write(Data("3".utf8), to: "two") }),
      (
        one,
        {
          try FileManager.default.removeItem(atPath: one)
          return one
        }
      ),
      (none, { try folder.write(Data(), to: "none") }),
    ] as [(String, () throws -> String)] {
      let error = #expect(throws: FileError.self) {
        try prints.requiringUnchanged([one, two, none]) { _ = try change() }
      }
      #expect(error?.description.hasPrefix("\(path) was changed while it was in use") == true)
    }
  }
}
