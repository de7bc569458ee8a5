/// Keeps what is finished of a study of interventions, so that an interrupted one goes on and parts of one may be done apart.
public protocol InterventionStore: Sendable {
  /// What is kept under a name; nil where nothing is.
  /// - Throws: What reading or decoding throws.
  func kept<Part: Decodable>(_ name: String, as type: Part.Type) throws -> Part?
  /// Keeps a finished part under a name, in place of what was there.
  /// - Throws: What encoding or writing throws.
  func keep<Part: Encodable>(_ part: Part, as name: String) throws
}

/// One of as many shares of a study's work, counted from 1: every `count`-th piece of it.
public struct WorkShare: Sendable, Equatable {
  /// The number of this share, from 1 to `count`.
  public let index: Int
  /// How many shares there are.
  public let count: Int

  /// Nil unless `1 ≤ index ≤ count`.
  public init?(_ index: Int, of count: Int) {
    guard count > 0, (1...count).contains(index) else { return nil }
    (self.index, self.count) = (index, count)
  }

  func part<Piece>(of work: [Piece]) -> [Piece] {
    work.indices.filter { $0 % count == index - 1 }.map { work[$0] }
  }
}
