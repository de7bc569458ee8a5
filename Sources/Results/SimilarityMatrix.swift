/// One similarity measure between every two layers, over the pooled spans of one level.
public struct SimilarityMatrix: Codable, Equatable, Sendable {
  /// The measure's name: "debiased_linear_cka", "linear_cka", "svcca".
  public var measure: String
  /// What a row of the compared matrices is: "phoneme spans".
  public var unit: String
  /// Rows that the layers were compared over.
  public var examples: Int
  /// The layers of the rows, in the order of the data.
  public var rowLayers: [String]
  /// The layers of the columns, in the order of the data; those of the rows within one model.
  public var columnLayers: [String]
  /// `[rows × columns]`; nil where the measure refuses, with the reason in `notes`.
  public var values: [[Double?]]
  /// Why values are missing and what else must be known; whole sentences.
  public var notes: [String]

  public init(
    measure: String, unit: String, examples: Int, rowLayers: [String], columnLayers: [String],
    values: [[Double?]], notes: [String]
  ) {
    self.measure = measure
    self.unit = unit
    self.examples = examples
    self.rowLayers = rowLayers
    self.columnLayers = columnLayers
    self.values = values
    self.notes = notes
  }
}
