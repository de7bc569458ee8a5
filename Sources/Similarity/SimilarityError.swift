/// Why two sets of states have no similarity; each is also the reason in a layer matrix's notes.
public enum SimilarityError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The first value that is NaN or infinite.
  case notFinite(row: Int, column: Int)
  /// The rows of two compared layers are not the same examples.
  case rowsDiffer(x: Int, y: Int)
  /// Fewer rows than the estimator is defined for.
  case tooFewRows(rows: Int, needed: Int, measure: String)
  /// Canonical correlations of so few rows are mostly noise.
  case tooFewRowsForCCA(rows: Int, dimensions: Int, needed: Int)
  /// A measure over all pairs of rows, asked for more than its memory allows.
  case tooManyRows(rows: Int, limit: Int, measure: String)
  /// Every row is the same vector.
  case noVariance
  /// A row without variance has no correlation with another.
  case constantRow(Int)
  /// Two layers were prepared in different spaces or with different row batches.
  case preparedApart
  /// A value that the measure cannot have: rounding has eaten what there was.
  case outOfRange(value: Double, measure: String)

  public var description: String {
    switch self {
    case .notFinite(let row, let column):
      "row \(row), column \(column) is NaN or infinite; a layer with such values is not compared"
    case .rowsDiffer(let x, let y):
      "\(x) rows cannot be compared with \(y): row i of both must be the same span"
    case .tooFewRows(let rows, let needed, let measure):
      "\(measure) needs at least \(needed) rows, there are \(rows)"
    case .tooFewRowsForCCA(let rows, let dimensions, let needed):
      "\(rows) rows are too few for canonical correlations of \(dimensions) dimensions, which would be mostly "
        + "noise: \(needed) are needed; use debiased CKA, or more spans"
    case .tooManyRows(let rows, let limit, let measure):
      "\(measure) compares all pairs of rows and takes at most \(limit) of them, there are \(rows); sample "
        + "them first"
    case .noVariance: "every row is the same vector"
    case .constantRow(let row):
      "all values of row \(row) are equal, so that it has no correlation distance to another"
    case .preparedApart: "the two layers were not prepared for the same comparison"
    case .outOfRange(let value, let measure):
      "\(measure) came out as \(value), which it cannot be: a few rows are so much larger than the rest that rounding "
        + "leaves nothing of it; look for outlier rows and compare without them"
    }
  }
}
