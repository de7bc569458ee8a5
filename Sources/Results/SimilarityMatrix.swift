/// One similarity measure between every two layers, over the pooled spans of one level.
public struct SimilarityMatrix: Codable, Equatable, Sendable {
  /// The measure's name: "debiased_linear_cka", "linear_cka", "svcca".
  public var measure: String
  /// What a row of the compared matrices is: "phoneme spans".
  public var unit: String
  public var examples: Int
  public var rowLayers: [String]
  public var columnLayers: [String]
  /// `[rows × columns]`; nil where the measure refuses, with the reason in `notes`.
  public var values: [[Double?]]
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
