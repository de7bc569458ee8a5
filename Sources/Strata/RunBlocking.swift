import Foundation
import Synchronization

/// Runs `body` on a thread of its own. What it is given tells whether it should stop: because the task was cancelled,
/// or because `asking` says so.
func runBlocking<T: Sendable>(
  asking isCancelled: @escaping @Sendable () -> Bool,
  _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> T
) async throws -> T {
  let cancelled = Flag()
  return try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .userInitiated).async {
        continuation.resume(with: Result { try body { cancelled.isSet || isCancelled() } })
      }
    }
  } onCancel: {
    cancelled.set()
  }
}

/// Set once, seen by all threads.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
