import Reports
import Results

extension ModelComparison {
  /// The tables and what a reader must know, in plain text.
  public var summary: String { ModelComparisonWriter.text(of: self, .plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { ModelComparisonWriter.text(of: self, .standardOutput()) }

  /// Writes `report.html`, `summary.md`, `layers.csv`, `drift.csv`, `comparison.json` and `figures/`. `png` also makes a
  /// PNG of each figure, which needs `rsvg-convert`.
  /// `records` tell of the run that made it.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try ModelComparisonWriter.write(self, to: folder, pictures: pictures, records: records)
  }
}
