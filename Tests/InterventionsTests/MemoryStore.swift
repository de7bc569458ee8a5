import Foundation
import Synchronization

@testable import Interventions

/// Keeps parts as files would have them, in memory, and refuses to keep more than so many.
final class MemoryStore: InterventionStore {
  private let parts = Mutex<[String: Data]>([:])
  private let makings = Mutex(0)
  private let limit: Int

  init(limit: Int = .max) { self.limit = limit }

  var count: Int { parts.withLock(\.count) }
  /// How often a part was kept.
  var made: Int { makings.withLock { $0 } }

  /// The same parts, without a limit.
  var unlimited: MemoryStore {
    let other = MemoryStore()
    let own = parts.withLock { $0 }
    other.parts.withLock { $0 = own }
    return other
  }

  func kept<Part: Decodable>(_ name: String, as type: Part.Type) throws -> Part? {
    try parts.withLock { $0[name] }.map { try JSONDecoder().decode(Part.self, from: $0) }
  }

  func keep<Part: Encodable>(_ part: Part, as name: String) throws {
    let data = try JSONEncoder().encode(part)
    let isFull = parts.withLock { parts in
      guard parts.count < limit else { return true }
      parts[name] = data
      return false
    }
    if isFull { throw InterventionError.interrupted }
    makings.withLock { $0 += 1 }
  }
}
