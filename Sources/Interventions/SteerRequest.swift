import Probing

/// Spans of one class that are moved towards another.
public struct SteerRequest: Sendable, Hashable, Codable {
  /// The class of the spans, and the one that they are moved towards.
  public var from, to: String

  /// Nil of what is not `A:B`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts.contains(""), parts[0] != parts[1] else { return nil }
    (from, to) = (parts[0], parts[1])
  }
}

/// A request among the levels that are erased.
struct Steer: Sendable {
  let request: SteerRequest
  /// The level and its classes.
  let level: Int
  let from, to: Int
  /// The classes of a head that are called the same; nil where there are none.
  let head: (from: Int, to: Int)?

  /// How far spans are moved, in lengths of the difference of the two classes' means.
  static let doses = [0.5, 1, 2, 4]
  /// Draws of other directions that each is compared with.
  static let draws = 4

  init(_ request: SteerRequest, _ plans: [ConceptPlan], symbols: [String]) throws {
    func place(_ name: String, _ names: [String]) -> Int? {
      names.firstIndex(of: name) ?? names.firstIndex { $0.lowercased() == name.lowercased() }
    }
    let found = plans.indices.lazy.compactMap { level -> (Int, Int, Int)? in
      guard let from = place(request.from, plans[level].classes),
        let to = place(request.to, plans[level].classes)
      else { return nil }
      return (level, from, to)
    }.first
    guard let (level, from, to) = found else {
      let strangers = [request.from, request.to].filter { name in
        !plans.contains { place(name, $0.classes) != nil }
      }
      throw InterventionError.noClass(
        name: strangers.first ?? "\(request.from) and \(request.to) of one level",
        known: plans.map { "\($0.name): \($0.classes.sorted().joined(separator: " "))" })
    }
    (self.request, self.level, self.from, self.to) = (request, level, from, to)
    if let from = place(request.from, symbols), let to = place(request.to, symbols) {
      head = (from, to)
    } else {
      head = nil
    }
  }
}

/// What moving one utterance's spans by one dose did.
struct SteeredUtterance: Sendable, Codable, Equatable {
  var steer: Int
  var utterance: Int
  /// Among `Steer.doses`; −1 for none.
  var dose: Int
  /// The draw of another direction; −1 for the classes' own.
  var draw: Int
  /// Spans that were moved.
  var spans: Int
  /// Spans that are then read as the class they are moved to, and still as the one they have: by readers of each layer
  /// that is read, then by the head.
  var target, source: [Double]
}
