import Results

/// The numbers of a figure: downloaded as CSV, shown as a table.
public struct DataTable: Equatable, Sendable {
  enum Cell: Equatable, Sendable {
    case text(String)
    /// A number in its natural unit, with how people are shown it.
    case number(Double?, MeasureFormat)
    case plain(Double?, digits: Int)

    var data: String {
      switch self {
      case .text(let text): text
      case .number(let value, _), .plain(let value, _): NumberText.data(value)
      }
    }

    var shown: String {
      switch self {
      case .text(let text): text
      case .number(let value, let format): value.map { $0.isFinite ? format.value($0) : "—" } ?? "—"
      case .plain(let value, let digits):
        value.map { $0.isFinite ? NumberText.fixed($0, digits) : "—" } ?? "—"
      }
    }
  }

  /// The columns' names in CSV, and as a person reads them.
  var columns: [String]
  var headings: [String]
  /// The first cell of a row names it.
  var rows: [[Cell]]

  /// The table as comma-separated values, with a line of column names.
  public var csv: String { CSV.text(columns: columns, rows: rows.map { $0.map(\.data) }) }
}
