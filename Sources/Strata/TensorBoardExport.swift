import Activations
import Corpora
import Foundation
import Reports
import Results

/// A study for TensorBoard: scalars over layers, the figures, the verdicts and, under *Projector*, spans of each
/// level as its peak layer has them.
public struct TensorBoardExport: Sendable {
  /// The study whose numbers are written.
  public var study: StudyResult
  /// The trained model's pooled spans; without them there is nothing under *Projector*.
  public var extraction: Extraction?
  /// At most this many spans of a level, spread evenly over the sample.
  public var spans = 2000
  /// Makes PNGs of the figures, which needs `rsvg-convert`.
  public var includesFigures = true

  /// An export of `study`; give it the study's extraction to have spans under *Projector*.
  public init(_ study: StudyResult, extraction: Extraction? = nil) {
    self.study = study
    self.extraction = extraction
  }

  /// - Returns: What was left out and why, nil where nothing was.
  /// - Throws: `ReportError.writeFailed`, and what reading the spans throws.
  @discardableResult
  public func write(to folder: String) throws -> String? {
    var images: [(name: String, png: Data)] = []
    var remark: String?
    if includesFigures {
      do { images = try TensorBoardWriter.pictures(of: study) } catch let error as ReportError {
        remark = error.description
      }
    }
    try TensorBoardWriter.write(study, images: images, embeddings: embeddings(), to: folder)
    return remark
  }

  /// One for each level that has a peak.
  private func embeddings() throws -> [TensorBoardWriter.Embedding] {
    try study.levels.compactMap { level in
      guard let layer = level.peak?.layer.name, let examples = extraction?.levels[level.level]?.examples,
        examples.layers.contains(layer)
      else { return nil }
      let step = max(1, (examples.items.count + spans - 1) / max(1, spans))
      let chosen = Array(stride(from: 0, to: examples.items.count, by: step))
      let states = try examples.states(of: layer)
      return TensorBoardWriter.Embedding(
        name: "\(level.level.rawValue) \(layer)", values: chosen.flatMap { states[row: $0] },
        width: states.width, columns: ["label", "speaker", "utterance", "start", "end"],
        rows: chosen.map { index in
          let item = examples.items[index]
          return [
            examples.classes[item.label], examples.speakers[item.speaker],
            examples.utterances[item.utterance], "\(item.start)", "\(item.end)",
          ]
        })
    }
  }
}
