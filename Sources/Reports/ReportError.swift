/// What can go wrong when a study is written, drawn or read back.
public enum ReportError: Error, Equatable, CustomStringConvertible {
  case writeFailed(path: String, reason: String)
  case readFailed(path: String, reason: String)
  /// The file is JSON of something else, or damaged; `place` is the key path that failed.
  case notAStudy(path: String, place: String, reason: String)
  case otherSchema(path: String, found: Int, supported: Int)
  /// A number that JSON cannot hold, where a study must have one.
  case notFinite(place: String)
  case noConverter
  case conversionFailed(path: String, reason: String)
  /// A page template of ours that does not parse.
  case brokenTemplate(name: String, reason: String)

  public var description: String {
    switch self {
    case .writeFailed(let path, let reason):
      "\(path) could not be written: \(reason). Nothing was left half-written; check the folder's "
        + "permissions and free space, or choose another with --output."
    case .readFailed(let path, let reason):
      "\(path) could not be read: \(reason)."
    case .notAStudy(let path, let place, let reason):
      "\(path) is not a study written by Strata: at \(place), \(reason). Expected the study.json of a "
        + "finished study, or the comparison.json of a comparison."
    case .otherSchema(let path, let found, let supported):
      "\(path) has schema version \(found), this version of Strata reads \(supported). "
        + (found > supported ? "Use a newer Strata to draw it." : "Run the study again.")
    case .notFinite(let place):
      "The study's number at \(place) is not finite, so study.json cannot hold it. This is a fault of "
        + "Strata's: please report it."
    case .noConverter:
      "rsvg-convert was not found, so no PNG and no PDF was made; the SVG files are complete. Install librsvg2-bin "
        + "(Debian, Ubuntu) or librsvg (conda-forge, Homebrew; needs no root); then probe-layers report FOLDER --pdf, "
        + "here or where the folder is copied to, makes them."
    case .conversionFailed(let path, let reason):
      "\(path) could not be made with rsvg-convert: \(reason)."
    case .brokenTemplate(let name, let reason):
      "The page template \(name) does not parse: \(reason). This is a fault of Strata's: please report it."
    }
  }
}
