import Results

/// `layers.csv`: every number of the study, one a row.
///
/// | column | holds |
/// |---|---|
/// | `model` | the model's name |
/// | `layer` | a tap point; `majority`, `shuffled`, `mel`, `duration`, `length`, `bag-of-phones`, `joint`; `hidden.3@untrained`, that layer of the untrained model; `joint+hidden.3`, the joint baseline beside that layer; or `hidden.3@without-outliers` |
/// | `level`, `probe` | what was read, and the probe's name |
/// | `metric` | `accuracy`, …, `bits`, `r2`, `r_value` (shares are 0…1); or `gain_over_mel`, `gain_over_untrained`, `gain_over_joint` in the level's metric; `gain_over_joint_bits`; or `selectivity` in accuracy |
/// | `value`, `ci_low`, `ci_high` | the estimate and its 95 % interval; empty where there is no number |
/// | `n` | held-out spans that were predicted |
/// | `classes` | how many labels there are to choose from |
/// | `of_spans`, `of_classes` | how many spans and labels the sample has; empty where that is not known |
///
/// A layer without a number for a level has one row, with an empty value.
public enum LayersCSV {
  /// The names of the columns, in their order.
  public static let columns = [
    "model", "layer", "level", "probe", "metric", "value", "ci_low", "ci_high", "n", "classes",
    "of_spans", "of_classes",
  ]

  /// The whole file, with a line of column names.
  public static func text(of study: StudyResult) -> String {
    CSV.text(columns: columns, rows: study.levels.flatMap { rows(of: $0, model: study.model.name) })
  }

  private static func rows(of level: LevelResult, model: String) -> [[String]] {
    func row(_ layer: String, _ metric: String, _ estimate: Estimate?) -> [String] {
      let numbers = [estimate?.value, estimate?.low, estimate?.high].map(NumberText.data)
      let counts = [estimate == nil ? 0 : level.tested, level.classes.count].map { String($0) }
      let all = [level.scope?.ofSpans, level.scope?.ofClasses].map { $0.map { String($0) } ?? "" }
      return [model, layer, level.level.rawValue, level.probe, metric] + numbers + counts + all
    }
    func rows(_ layer: String, _ table: MetricTable?) -> [[String]] {
      guard let table else { return [] }
      return table.metrics.map { row(layer, $0.rawValue, table[$0]) }
    }
    let nulls =
      rows("majority", level.tested > 0 ? level.majority : nil) + rows("shuffled", level.shuffled)
      + rows(level.baseline, level.mel) + (level.plain ?? []).flatMap { rows($0.name, $0.metrics) }
      + rows("joint", level.joint?.baseline)
      + (level.joint.map { joint in
        rows("joint+\(joint.layer.name)", joint.withLayer)
          + [row("joint+\(joint.layer.name)", "gain_over_joint", joint.gain)]
          + (joint.gainInBits.map { [row("joint+\(joint.layer.name)", "gain_over_joint_bits", $0)] } ?? [])
      } ?? [])
    return nulls
      + level.layers.flatMap { result -> [[String]] in
        let name = result.layer.name
        guard let metrics = result.metrics else { return [row(name, level.metric.rawValue, nil)] }
        let differences: [(String, Estimate?)] = [
          ("gain_over_\(level.baseline.replacing("-", with: "_"))", result.gainOverMel),
          ("gain_over_untrained", result.gainOverTwin),
          ("selectivity", result.selectivity),
        ]
        return rows(name, metrics)
          + differences.compactMap { metric, estimate in estimate.map { row(name, metric, $0) } }
          + rows("\(name)@untrained", result.twin)
          + rows("\(name)@without-outliers", result.outliers?.metricsWithout)
      }
  }
}

/// `similarity.csv`: every cell of every similarity matrix, one a row. `unit` says what a row of the
/// compared matrices was, so that matrices over several levels can stand in one file.
public enum SimilarityCSV {
  /// The names of the columns, in their order.
  public static let columns = ["measure", "row_layer", "column_layer", "value", "n", "unit"]

  /// The whole file, with a line of column names.
  public static func text(of study: StudyResult) -> String { text(of: study.similarity) }

  static func text(of matrices: [SimilarityMatrix]) -> String {
    let rows = matrices.flatMap { matrix in
      zip(matrix.rowLayers, matrix.values).flatMap { row, values in
        zip(matrix.columnLayers, values).map { column, value in
          [matrix.measure, row, column, NumberText.data(value), String(matrix.examples), matrix.unit]
        }
      }
    }
    return CSV.text(columns: columns, rows: rows)
  }
}
