import Foundation
import Synchronization

/// Progress on standard error: one line that redraws itself on a terminal, a plain line every ten per cent
/// elsewhere, nothing for work that ends within two seconds.
final class ProgressLine: Sendable {
  private struct State {
    var stage = ""
    var started = Date.distantPast
    var drawn = Date.distantPast
    var tenths = Tenths()
    var isOnScreen = false
  }

  /// Where no line can be redrawn, which of them are worth printing: one every ten per cent, and one where it turns out
  /// that there is more to do.
  struct Tenths {
    private var printed = 0
    private var total = 0

    mutating func isDue(done: Int, of total: Int) -> Bool {
      let tenth = done * 10 / total
      let hasGrown = self.total > 0 && total > self.total
      self.total = total
      guard tenth > printed || hasGrown else { return false }
      printed = tenth
      return true
    }
  }

  private let state = Mutex(State())
  private let isTerminal: Bool
  private let isQuiet: Bool

  init(isTerminal: Bool, isQuiet: Bool) {
    self.isTerminal = isTerminal
    self.isQuiet = isQuiet
  }

  /// Shows that `done` of `total` units of `stage` are finished; `rate` may add the stage's own measure,
  /// such as seconds of audio a second.
  func update(stage: String, done: Int, total: Int, detail: String? = nil) {
    guard !isQuiet, total > 0 else { return }
    let now = Date()
    state.withLock { state in
      if state.stage != stage {
        clear(&state)
        state = State(stage: stage, started: now)
      }
      let elapsed = now.timeIntervalSince(state.started)
      guard elapsed > 2, done > 0 else { return }
      let text = Self.text(stage: stage, done: done, total: total, elapsed: elapsed, detail: detail)
      if isTerminal {
        guard now.timeIntervalSince(state.drawn) > 0.1 || done == total else { return }
        state.drawn = now
        state.isOnScreen = true
        write("\r\u{1b}[2K" + text)
      } else if state.tenths.isDue(done: done, of: total) {
        write(text + "\n")
      }
    }
  }

  /// Removes the line from the terminal, so that what comes next starts clean.
  func finish() {
    state.withLock { clear(&$0) }
  }

  private func clear(_ state: inout State) {
    if state.isOnScreen { write("\r\u{1b}[2K") }
    state.isOnScreen = false
  }

  private func write(_ text: String) {
    _ = Terminal.write(text, to: STDERR_FILENO)
  }

  /// `Extracting  [########............] 40 %  50/125  12 × real time  0:14 left`
  static func text(
    stage: String, done: Int, total: Int, elapsed: TimeInterval, detail: String?
  ) -> String {
    let share = Double(done) / Double(total)
    let filled = Int(share * 20)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
    let left = Int((elapsed / share - elapsed).rounded())
    let clock =
      left >= 3600
      ? String(format: "%d:%02d:%02d", left / 3600, left / 60 % 60, left % 60)
      : String(format: "%d:%02d", left / 60, left % 60)
    let parts = [
      stage, "[\(bar)]", "\(Int(share * 100)) %", "\(done)/\(total)", detail, "\(clock) left",
    ]
    return parts.compactMap { $0 }.joined(separator: "  ")
  }
}
