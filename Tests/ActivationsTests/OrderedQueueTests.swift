import Foundation
import Synchronization
import Tensors
import Testing

@testable import Activations

@Suite("The ordered queue") struct OrderedQueueTests {
  struct Fault: Error {}

  /// Runs `count` indices on `threads` workers that take unequal times.
  func run(
    count: Int, threads: Int, window: Int, failAt: Int? = nil
  ) -> (order: [Int], ahead: Int, failure: (any Error)?) {
    let order = Mutex<[Int]>([])
    let ahead = Mutex(0)
    let queue = OrderedQueue<Int>(count: count, window: window) { index, value in
      if index == failAt { throw Fault() }
      order.withLock { $0.append(value) }
    }
    parallelFor(threads, threads: threads) { _ in
      while let index = queue.next() {
        let distance = index - order.withLock { $0.count }
        ahead.withLock { $0 = max($0, distance) }
        if index % 7 == 0 { usleep(2000) }
        queue.finish(index, index)
      }
    }
    return (order.withLock { $0 }, ahead.withLock { $0 }, queue.failure)
  }

  @Test("folds in order, whatever finishes first", arguments: [1, 2, 4]) func order(threads: Int) {
    let result = run(count: 100, threads: threads, window: 16)
    #expect(result.order == Array(0..<100) && result.failure == nil)
  }

  @Test("never runs further ahead than its window") func window() {
    let result = run(count: 60, threads: 4, window: 3)
    #expect(result.order == Array(0..<60))
    #expect(result.ahead <= 3)
  }

  @Test("a fault ends it, with everything before folded") func fault() {
    let result = run(count: 100, threads: 3, window: 8, failAt: 40)
    #expect(result.order == Array(0..<40) && result.failure is Fault)
  }

  @Test("nothing to do ends at once") func empty() {
    #expect(run(count: 0, threads: 2, window: 4).order.isEmpty)
  }
}
