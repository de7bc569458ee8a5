import Foundation
import Mustache
import Results

/// `report.html`: one file that opens offline, asks for nothing from outside and runs no script.
///
/// Every name and sentence of the study passes through the templates' escaping; the only text that does not
/// is drawings, which escape their own.
public enum ReportPage {
  /// - Throws: `ReportError.brokenTemplate`, which no study can cause; `ReportError.conversionFailed` where a map's
  ///   picture cannot be made.
  public static func html(of study: StudyResult) throws -> String {
    let library = try library()
    guard let page = library.render(try PageContent(study), withTemplate: "page") else {
      throw ReportError.brokenTemplate(name: "page", reason: "it is not registered")
    }
    return page
  }

  static func library() throws -> MustacheLibrary {
    MustacheContentTypes.register(EveryScalar(), named: EveryScalar.name)
    var library = MustacheLibrary()
    for (name, text) in PageTemplates.all {
      do {
        try library.register("{{% CONTENT_TYPE:\(EveryScalar.name)}}" + text, named: name)
      } catch {
        throw ReportError.brokenTemplate(name: name, reason: "\(error)")
      }
    }
    return library
  }

  /// The library's own escaping looks at characters, so a quotation mark with a combining accent would pass.
  private struct EveryScalar: MustacheContentType {
    static let name = "STRATA"
    func escapeText(_ text: String) -> String { Markup.escape(text) }
  }
}
