import Dispatch

/// Runs `body(0) … body(count − 1)`, at most `threads` at a time, each index exactly once.
///
/// Results must be written to places of their own per index, so that the outcome never depends on the
/// number of threads.
public func parallelFor(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  guard threads > 1, count > 1 else {
    for index in 0..<count { body(index) }
    return
  }
  let workers = min(threads, count)
  let next = Counter()
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let index = next.increment()
      guard index < count else { return }
      body(index)
    }
  }
}

/// `parallelFor` whose bodies return values, in index order; the error of the lowest index that failed is
/// thrown after all have ended.
public func parallelMap<T: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> T
) throws -> [T] {
  let results = Slots<Result<T, any Error>>(count: count)
  parallelFor(count, threads: threads) { index in results[index] = Result { try body(index) } }
  return try results.all().map { try $0.get() }
}
