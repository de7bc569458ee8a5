import Reports
import Results

extension CurvesResult {
  /// The table and what a reader must know, in plain text.
  public var summary: String { CurvesWriter.text(of: self, .plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { CurvesWriter.text(of: self, .standardOutput()) }

  /// Writes `report.html`, `summary.md`, `curves.json`, `curves.csv` and `figures/`; all or none. `pictures` are also
  /// made of the figure, which needs `rsvg-convert`. `records` tell of the run that made it.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try CurvesWriter.write(self, to: folder, pictures: pictures, records: records)
  }
}
