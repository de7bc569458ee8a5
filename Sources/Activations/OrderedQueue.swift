import Dispatch
import Synchronization

/// Hands out the indices 0 ..< count to any number of workers and takes their results in the order of the
/// indices, so that what is summed does not depend on how many work.
///
/// At most `window` indices are out or waiting for an earlier one at a time: memory stays bounded when one
/// utterance takes much longer than those after it.
package final class OrderedQueue<Value: Sendable>: Sendable {
  private struct State {
    var taken = 0
    var folded = 0
    var waiting: [Int: Value] = [:]
    var isFolding = false
    var isClosed = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())
  private let permits = DispatchSemaphore(value: 0)
  private let count: Int
  private let fold: @Sendable (Int, Value) throws -> Void

  /// `fold` is called once an index, in order, by one worker at a time.
  package init(count: Int, window: Int, fold: @escaping @Sendable (Int, Value) throws -> Void) {
    self.count = count
    self.fold = fold
    for _ in 0..<max(1, window) { permits.signal() }
  }

  /// The next index to work on, as soon as there is room; nil when there are no more, after `close` or after
  /// a failure.
  package func next() -> Int? {
    permits.wait()
    let index: Int? = state.withLock { state in
      guard state.taken < count, !state.isClosed, state.failure == nil else { return nil }
      state.taken += 1
      return state.taken - 1
    }
    if index == nil { permits.signal() }  // for whoever else waits to be told the same
    return index
  }

  /// The result of an index; folds it, and what waited for it, unless another worker is at that already.
  package func finish(_ index: Int, _ value: Value) {
    let isFirst = state.withLock { state in
      state.waiting[index] = value
      defer { state.isFolding = true }
      return !state.isFolding
    }
    guard isFirst else { return }
    while true {
      let ready: (index: Int, value: Value)? = state.withLock { state in
        guard state.failure == nil, let value = state.waiting.removeValue(forKey: state.folded) else {
          state.isFolding = false
          return nil
        }
        return (state.folded, value)
      }
      guard let ready else { return }
      do {
        try fold(ready.index, ready.value)
        state.withLock { $0.folded += 1 }
      } catch {
        state.withLock { $0.failure = error }
      }
      permits.signal()
    }
  }

  /// Hands out no more; what is out already is still folded, so nothing that was begun is lost.
  package func close() {
    state.withLock { $0.isClosed = true }
    permits.signal()
  }

  /// What `fold` threw, if anything; nothing was folded after it.
  package var failure: (any Error)? { state.withLock { $0.failure } }
}
