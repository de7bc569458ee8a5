import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, once: the running work stops at the next safe place and keeps what is finished. Twice: at once.
final class Interruption: Sendable {
  private let flag = Atomic<Bool>(false)
  /// Dispatch's objects may be used from any thread; their protocol does not say so.
  nonisolated(unsafe) private let source: any DispatchSourceSignal

  var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// `advice` is what is said on the first Ctrl-C.
  init(advice: String = "Stopping; finished work is kept.") {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    self.source = source
    source.setEventHandler { [self] in
      if flag.exchange(true, ordering: .relaxed) { _exit(ExitStatus.interrupted.rawValue) }
      standardError("\n\(advice) Press Ctrl-C again to stop at once.")
    }
    source.resume()
  }
}
