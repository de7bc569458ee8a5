import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, a time limit's SIGTERM or a closed terminal's SIGHUP, once: the running work stops at the next safe place and
/// keeps what is finished. Where that takes longer than `grace`, the process ends all the same: whatever is kept is whole at
/// every moment. Twice: at once.
final class Interruption: Sendable {
  /// Seconds that the work has for coming to its end.
  private static let grace = 1.5

  private let flag = Atomic<Bool>(false)
  /// Of its own, so that busy threads do not keep it waiting.
  private let queue: DispatchQueue
  /// Dispatch's objects may be used from any thread; their protocol does not say so.
  nonisolated(unsafe) private let sources: [any DispatchSourceSignal]
  private let cleanUps = Mutex<[@Sendable () -> Void]>([])

  var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// `advice` is what is said on the first signal, `farewell` where the work did not end by itself.
  init(
    advice: String = "Stopping; finished work is kept.",
    farewell: String = "Stopped. Finished work is kept; run the same command again to go on."
  ) {
    // What is ignored, as SIGHUP under nohup, stays so.
    let numbers = [SIGINT, SIGTERM, SIGHUP].filter { number in
      let wasIgnored = unsafeBitCast(signal(number, SIG_DFL), to: Int.self) == 1
      guard wasIgnored, number != SIGINT else { return true }
      signal(number, SIG_IGN)
      return false
    }
    let queue = DispatchQueue(label: "strata.interruption")
    self.queue = queue
    let sources = numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
    self.sources = sources
    // What comes before somebody listens ends the process, as by default: to ignore it until then would lose it.
    for source in sources {
      source.setEventHandler { [self] in
        if flag.exchange(true, ordering: .relaxed) { leave() }
        standardError("\n\(advice) Press Ctrl-C again to stop at once.")
        queue.asyncAfter(deadline: .now() + Self.grace) { [self] in
          standardError(farewell)
          leave()
        }
      }
      source.resume()
    }
  }

  /// `body` is run where the process ends without coming back: it removes what must not be left behind.
  func beforeLeaving(_ body: @escaping @Sendable () -> Void) { cleanUps.withLock { $0.append(body) } }

  private func leave() -> Never {
    for body in cleanUps.withLock({ $0 }) { body() }
    _exit(ExitStatus.interrupted.rawValue)
  }
}
