import Reports
import Results

extension ReplicatesResult {
  /// The tables and what a reader must know, in plain text.
  public var summary: String { ReplicatesWriter.text(of: self, .plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { ReplicatesWriter.text(of: self, .standardOutput()) }

  /// Writes `report.html`, `summary.md`, `replicates.json`, `replicates.csv` and `figures/`; all or none. `pictures` are
  /// also made of each figure, which needs `rsvg-convert`. `records` tell of the run that made it.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try ReplicatesWriter.write(self, to: folder, pictures: pictures, records: records)
  }
}
