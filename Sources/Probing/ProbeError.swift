/// What keeps a probe from being fitted or a study from being made.
public enum ProbeError: Error, Equatable, CustomStringConvertible, Sendable {
  /// States and labels of different counts.
  case rowMismatch(states: Int, labels: Int)
  /// A label outside the classes.
  case noSuchClass(label: Int, classes: Int, row: Int)
  /// No training row at all.
  case noRows
  /// Every training row has the same class: there is nothing to tell apart.
  case oneClass(label: Int)
  /// A NaN or an infinity among the states.
  case notFinite(row: Int, feature: Int)
  /// A penalty, or a list of them, that no fit can use.
  case badPenalty(String)
  /// States of another width than the probe was fitted on.
  case widthMismatch(found: Int, expected: Int)
  /// Spans that should be the same in two models are not.
  case examplesDiffer(what: String, first: String, second: String)
  /// A study was told to stop.
  case interrupted

  public var description: String {
    switch self {
    case .rowMismatch(let states, let labels):
      "there are \(states) rows of states and \(labels) labels; each row needs one label"
    case .noSuchClass(let label, let classes, let row):
      "row \(row) has the label \(label), and the classes are 0 to \(classes - 1)"
    case .noRows: "a probe cannot be fitted to no examples"
    case .oneClass(let label):
      "every training example has the same class (\(label)); a probe needs two at least"
    case .notFinite(let row, let feature):
      "the state of example \(row) is not finite at feature \(feature); a model with such values cannot be probed"
    case .badPenalty(let text): text
    case .widthMismatch(let found, let expected):
      "the probe was fitted on \(expected) features and is given \(found)"
    case .examplesDiffer(let what, let first, let second):
      "\(what) of the models that are compared differ: \(first) and \(second); extract them from the same corpus "
        + "with the same settings"
    case .interrupted: "the study was interrupted"
    }
  }
}

/// What is wrong with a probe's definition.
public enum ProbeSpecError: Error, Equatable, CustomStringConvertible, Sendable {
  /// A file that cannot be understood: the file and the line, and what is wrong there.
  case badDefinition(place: String, problem: String)
  /// A folder that is not there.
  case noSuchFolder(String)
  /// No probe of that name.
  case noSuchProbe(String, available: [String], nearest: String?)

  public var description: String {
    switch self {
    case .badDefinition(let place, let problem): "\(place): \(problem)"
    case .noSuchFolder(let path):
      "\(path): there is no such folder of probe definitions; check the path"
    case .noSuchProbe(let name, let available, let nearest):
      "there is no probe “\(name)”" + (nearest.map { "; did you mean “\($0)”?" } ?? ";")
        + " The probes are \(available.joined(separator: ", "))"
    }
  }
}
