import Foundation
import Results

/// Writes a study for TensorBoard: `tensorboard --logdir DIR` then shows
///
/// - under *Scalars* every metric over the layers' places in the order of the data (the step), one run each for
///   the trained model, the untrained model, and the lines that a layer has to beat;
/// - under *Images* the figures, where `rsvg-convert` can make PNGs of them;
/// - under *Text* each level's verdict;
/// - under *Projector* the vectors that are given with the study.
///
/// The same study gives the same bytes.
public enum TensorBoardWriter {
  /// Vectors to look at, one a span.
  public struct Embedding: Sendable {
    /// Such as `phoneme hidden.6`.
    public var name: String
    /// `[spans × width]`, row after row.
    public var values: [Float]
    /// Values of a span.
    public var width: Int
    /// What is known of each span, by the columns' names.
    public var columns: [String]
    /// One list a span, in the order of `columns`.
    public var rows: [[String]]

    public init(name: String, values: [Float], width: Int, columns: [String], rows: [[String]]) {
      precondition(
        values.count == rows.count * width, "\(values.count) values for \(rows.count) rows of \(width)")
      self.name = name
      self.values = values
      self.width = width
      self.columns = columns
      self.rows = rows
    }
  }

  /// Writes `study` into `folder` with `images`, its figures as PNG by name (see `pictures`), and `embeddings`.
  /// - Throws: `ReportError.writeFailed`; all is written or nothing.
  public static func write(
    _ study: StudyResult, images: [(name: String, png: Data)] = [], embeddings: [Embedding] = [],
    to folder: String
  ) throws {
    var files = runs(of: study, images: images).map { run, file in
      (name: "\(run)/events.out.tfevents.0000000000.strata", data: file.data)
    }
    files += projector(embeddings)
    _ = try StudyWriter.write(files, to: folder)
  }

  /// Every figure of the study as PNG, at 150 dots an inch.
  ///
  /// - Throws: `ReportError.noConverter`, `.conversionFailed`.
  public static func pictures(of study: StudyResult) throws -> [(name: String, png: Data)] {
    let converter = try PictureConverter.find()
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let figures = try study.figures
    let files = figures.map { (name: "\($0.name).svg", data: Data($0.svg().utf8)) }
    let paths = try StudyWriter.write(files, to: folder)
    return try zip(figures, paths).map { figure, path in
      try converter.convert(svg: path, to: path + ".png", dotsPerInch: 150)
      guard let png = FileManager.default.contents(atPath: path + ".png") else {
        throw ReportError.conversionFailed(path: path + ".png", reason: "it cannot be read back")
      }
      return (figure.name, png)
    }
  }

  // MARK: Scalars, images, text

  private static func runs(
    of study: StudyResult, images: [(name: String, png: Data)]
  ) -> [(String, EventFile)] {
    var trained = EventFile()
    var twin = EventFile()
    let baseline = study.levels.first?.baseline ?? "mel"
    var lines: [(String, EventFile)] = ["majority", "shuffled", baseline].map { ($0, EventFile()) }
    for level in study.levels {
      let title = study.title(of: level)
      trained.text(title, words(of: level))
      for result in level.layers {
        let step = result.layer.depth
        write(result.metrics, title, step, into: &trained)
        write(result.twin, title, step, into: &twin)
        for (name, table) in zip(lines.indices, [level.majority, level.shuffled, level.mel]) {
          write(result.metrics == nil ? nil : table, title, step, into: &lines[name].1)
        }
        for (name, estimate) in [
          ("gain over \(baseline)", result.gainOverMel), ("gain over untrained model", result.gainOverTwin),
          ("selectivity", result.selectivity),
        ] {
          write(estimate, "\(title)/\(name)", step, into: &trained)
        }
      }
    }
    for image in images { trained.image(image.name, png: image.png) }
    return [("trained", trained), ("untrained model", twin)] + lines
  }

  private static func write(_ table: MetricTable?, _ title: String, _ step: Int, into file: inout EventFile)
  {
    guard let table else { return }
    for metric in table.metrics { write(table[metric], "\(title)/\(metric.rawValue)", step, into: &file) }
  }

  private static func write(_ estimate: Estimate?, _ tag: String, _ step: Int, into file: inout EventFile) {
    guard let estimate, estimate.isFinite else { return }
    file.scalar(tag, estimate.value, step: step)
    file.scalar("\(tag) (95 % low)", estimate.low, step: step)
    file.scalar("\(tag) (95 % high)", estimate.high, step: step)
  }

  private static func words(of level: LevelResult) -> String {
    let layers = level.layers.map { "| \($0.layer.depth) | \($0.layer.name) |" }.joined(separator: "\n")
    return (level.verdict?.sentence ?? "No layer has a number.")
      + "\n\n| step | layer |\n|---|---|\n\(layers)\n"
  }

  // MARK: Projector

  private static func projector(_ embeddings: [Embedding]) -> [(name: String, data: Data)] {
    guard !embeddings.isEmpty else { return [] }
    var configuration = ""
    var files: [(name: String, data: Data)] = []
    for embedding in embeddings {
      let name = slug(embedding.name)
      configuration += """
        embeddings {
          tensor_name: "\(name)"
          tensor_path: "projector/\(name).tsv"
          metadata_path: "projector/\(name)-labels.tsv"
        }

        """
      let vectors = embedding.rows.indices.map { row in
        embedding.values[(row * embedding.width)..<((row + 1) * embedding.width)]
          .map { "\($0)" }.joined(separator: "\t")
      }
      files.append(("projector/\(name).tsv", lines(vectors)))
      let labels = ([embedding.columns] + embedding.rows).map { cells in
        cells.map { $0.map { $0 == "\t" || $0.isNewline ? " " : String($0) }.joined() }
          .joined(separator: "\t")
      }
      files.append(("projector/\(name)-labels.tsv", lines(labels)))
    }
    return files + [("projector_config.pbtxt", Data(configuration.utf8))]
  }

  private static func lines(_ lines: [String]) -> Data {
    Data((lines.joined(separator: "\n") + "\n").utf8)
  }
}
