import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory that tensors take and give back, so that the next utterance's layers lie where the last one's did.
///
/// Fresh pages cost more than the elementwise work done on them (the system zeroes each on its first touch):
/// a forward pass takes all its tensors from its model's pool, `Tensor(shape:, from: pool)`, and each goes
/// back with its last copy. Any number of threads may share one.
///
/// What is kept for later never exceeds what was in use at once.
public final class MemoryPool: Sendable {
  private struct Block: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let bytes: Int
  }

  private struct State: ~Copyable {
    /// By size, smallest first.
    var free: [Block] = []
    var freeBytes = 0
    var usedBytes = 0
    var peakBytes = 0
  }

  private let state = Mutex(State())

  public init() {}

  deinit {
    state.withLock { state in
      for block in state.free { free(block.base) }
    }
  }

  /// The most bytes that were in use at one time.
  public var peakBytes: Int { state.withLock { $0.peakBytes } }

  /// Lends uninitialised memory for `count` values to `body`.
  package func withScratch<R>(
    _ count: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    let storage = TensorStorage(count: count, from: self)
    return try withExtendedLifetime(storage) {
      try body(UnsafeMutableBufferPointer(start: storage.base, count: count))
    }
  }

  /// Uninitialised memory of at least `bytes`, and how much it is; nil where the system has none left.
  func take(_ bytes: Int) -> (base: UnsafeMutableRawPointer, bytes: Int)? {
    // Sizes in steps of an eighth of their magnitude, so that utterances of nearly the same length share.
    let magnitude = Swift.max(12, Int.bitWidth - bytes.leadingZeroBitCount - 1)
    let step = 1 << (magnitude - 3)
    let size = (bytes + step - 1) / step * step
    let found = state.withLock { state -> Block? in
      state.usedBytes += size
      state.peakBytes = Swift.max(state.peakBytes, state.usedBytes)
      guard let index = state.free.firstIndex(where: { $0.bytes == size }) else { return nil }
      state.freeBytes -= size
      return state.free.remove(at: index)
    }
    if let found { return (found.base, found.bytes) }
    return aligned_alloc(64, size).map { ($0, size) }
  }

  func giveBack(_ base: UnsafeMutableRawPointer, bytes: Int) {
    let surplus = state.withLock { state -> [Block] in
      state.usedBytes -= bytes
      state.freeBytes += bytes
      let place = state.free.firstIndex { $0.bytes >= bytes } ?? state.free.endIndex
      state.free.insert(Block(base: base, bytes: bytes), at: place)
      var surplus: [Block] = []
      while state.freeBytes + state.usedBytes > state.peakBytes, let smallest = state.free.first {
        surplus.append(smallest)
        state.free.removeFirst()
        state.freeBytes -= smallest.bytes
      }
      return surplus
    }
    for block in surplus { free(block.base) }
  }
}
