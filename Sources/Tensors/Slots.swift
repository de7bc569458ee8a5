import Synchronization

/// An atomic index dispenser.
final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  /// The value before the increment.
  func increment() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// `count` places, each written by one worker, read when all have ended.
package final class Slots<T: Sendable>: Sendable {
  private let values: Mutex<[T?]>

  package init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  package subscript(index: Int) -> T? {
    get { values.withLock { $0[index] } }
    set { values.withLock { $0[index] = newValue } }
  }

  /// Every value; a place that was never written is a fault of the caller.
  package func all() -> [T] {
    values.withLock { slots in
      slots.map { slot in
        guard let slot else { preconditionFailure("a parallel result was never written") }
        return slot
      }
    }
  }
}
