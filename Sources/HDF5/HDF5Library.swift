import CHDF5
import Foundation
import Synchronization

/// The one way to libhdf5. Not every build of it may be used from several threads at once, so calls wait for each
/// other; and each thread is made quiet before it asks for anything.
enum HDF5Library {
  private static let lock = Mutex(())

  static func use<R>(_ body: () throws -> R) rethrows -> R {
    try lock.withLock { _ in
      strata_h5_quiet()
      return try body()
    }
  }

  /// What the library says of its last failure; to be asked inside `use`.
  static var reason: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard let base = text.baseAddress else { return "" }
      strata_h5_reason(base, text.count)
      var words = String(cString: base)
      // Of a failed call of the system, its words alone: the library adds time, addresses and sizes.
      let mark = "error message = '"
      if let start = words.range(of: mark) {
        words = String(words[start.upperBound...].prefix { $0 != "'" })
      }
      return words.isEmpty ? "the library does not say why" : words
    }
  }
}

/// An object that the library holds for us, closed with the last reference. All use is inside `HDF5Library.use`,
/// the last reference's end outside of it.
final class HDF5Handle: Sendable {
  let id: hid_t
  private let close: @Sendable (hid_t) -> herr_t
  private let isOpen = Atomic<Bool>(true)

  /// Nil where the library gave none.
  init?(_ id: hid_t, close: @escaping @Sendable (hid_t) -> herr_t) {
    guard id >= 0 else { return nil }
    self.id = id
    self.close = close
  }

  /// Closes it before its time, and says whether that went well; inside `HDF5Library.use`.
  func closed() -> Bool {
    guard isOpen.exchange(false, ordering: .relaxed) else { return true }
    return close(id) >= 0
  }

  deinit { HDF5Library.use { _ = closed() } }
}

/// Runs `body` with an object and closes it after; nil where there is none. For use inside `HDF5Library.use`.
func withHDF5<R>(
  _ id: hid_t, _ close: @escaping @convention(c) (hid_t) -> herr_t, _ body: (hid_t) throws -> R?
) rethrows -> R? {
  guard id >= 0 else { return nil }
  defer { strata_h5_close(id, close) }
  return try body(id)
}
