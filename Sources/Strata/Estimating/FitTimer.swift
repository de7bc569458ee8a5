import Foundation
import Probing
import Synchronization

/// Keeps no fit, and notes how long each took.
final class FitTimer: FitCache {
  private struct State {
    var started: [String: ContinuousClock.Instant] = [:]
    var seconds: [String: Double] = [:]
    var bytes = 0
  }

  private let state = Mutex(State())

  /// A fit is made on one thread, from here …
  func fit(for key: String) -> Data? {
    state.withLock { $0.started[key] = .now }
    return nil
  }

  /// … to here.
  func keep(_ fit: Data, for key: String) {
    state.withLock { state in
      guard let start = state.started[key] else { return }
      state.seconds[key, default: 0] += start.duration(to: .now).inSeconds
      state.bytes += key.utf8.count + fit.count
    }
  }

  /// Of all fits, what a log of them would take.
  var bytes: Int { state.withLock { $0.bytes } }

  /// Seconds of one thread for the fits on `layer` itself, its untrained models and without its outliers.
  func seconds(of layer: String) -> Double {
    let names: Set<String> = ["layer \(layer)", "twins \(layer)", "without outliers \(layer)"]
    return sum { names.contains($0) || ($0.hasPrefix("twin ") && $0.hasSuffix(" \(layer)")) }
  }

  var seconds: Double { sum { _ in true } }

  /// Of the fits whose name, without the fold, is asked for.
  private func sum(_ isAsked: (String) -> Bool) -> Double {
    state.withLock { state in
      state.seconds.reduce(0) { sum, fit in
        let name = fit.key.range(of: " fold ", options: .backwards).map { fit.key[..<$0.lowerBound] }
        return isAsked(String(name ?? fit.key[...])) ? sum + fit.value : sum
      }
    }
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
