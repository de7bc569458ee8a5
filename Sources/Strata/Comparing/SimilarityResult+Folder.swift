import Reports
import Results

extension SimilarityResult {
  /// The matrices and what a reader must know, in plain text.
  public var summary: String { SimilarityWriter.text(of: self, .plain) }

  /// The same for standard output: in colour and as wide as the terminal where there is one.
  public var terminalSummary: String { SimilarityWriter.text(of: self, .standardOutput()) }

  /// Writes `report.html`, `summary.md`, `similarity.csv`, `similarity.json` and a heat map a measure; `spectra.csv` and
  /// `labels.csv` where they were asked for. `pictures` are also made of each figure, which needs `rsvg-convert`.
  /// `records` tell of the run that made it.
  public func write(to folder: String, pictures: [PictureFormat] = [], records: [StudyWriter.Record] = [])
    throws
  {
    try SimilarityWriter.write(self, to: folder, pictures: pictures, records: records)
  }
}
