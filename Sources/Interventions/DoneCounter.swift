import Synchronization

/// Counts what is done, for progress.
final class DoneCounter: Sendable {
  private let count = Atomic<Int>(0)
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
