import CKernels
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
/// A range of addresses is reserved, which costs nothing; pages become memory when they are first written, and stay.
/// The lowest place that fits is given out and neighbours that are free are joined, so that what stays is what
/// was in use at once, whatever the sizes were.
public final class MemoryPool: Sendable {
  private struct State: ~Copyable {
    var base: UInt = 0
    /// Free ranges by address, no two of them touching.
    var free: [Range<UInt>] = []
    var usedBytes = 0
    var peakBytes = 0
  }

  private let state = Mutex(State())
  private let capacity: Int

  /// What a pool leaves of an address space that is limited (`ulimit -v`): libraries take theirs from the same.
  static func size(leaving left: Int?) -> Int {
    guard let left else { return 1 << 37 }
    return min(1 << 37, left / 4 & ~((1 << 21) - 1))
  }

  /// Bytes of address space that the process may still take; nil without a limit.
  static var addressSpaceLeft: Int? {
    let left = strata_address_space_left()
    return left < 0 ? nil : Int(left)
  }

  /// Throws where a limit on the address space leaves too little for the work of `threads`: BLAS waits for memory without
  /// end, and says nothing.
  package static func requireAddressSpace(threads: Int = 2) throws(AddressSpaceError) {
    guard let left = addressSpaceLeft, left < AddressSpaceError.needed(threads: threads) else { return }
    throw AddressSpaceError(left: left, threads: threads)
  }

  public init() {
    // Where the system promises no more memory than it has, a smaller range may still be had.
    var size = MemoryPool.size(leaving: MemoryPool.addressSpaceLeft)
    var memory = size > 0 ? MemoryPool.reserve(size) : nil
    while memory == nil, size > 1 << 28 {
      size /= 2
      memory = MemoryPool.reserve(size)
    }
    guard let memory else {
      capacity = 0
      return
    }
    capacity = size
    let base = UInt(bitPattern: memory)
    state.withLock { state in
      state.base = base
      state.free = [base..<(base + UInt(size))]
    }
  }

  deinit {
    let base = state.withLock { $0.base }
    if capacity > 0 { munmap(UnsafeMutableRawPointer(bitPattern: base), capacity) }
  }

  private static func reserve(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var flags = MAP_PRIVATE
    #if os(Linux)
      flags |= MAP_ANONYMOUS | MAP_NORESERVE
    #else
      flags |= MAP_ANON | MAP_NORESERVE
    #endif
    guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED
    else { return nil }
    #if os(Linux)
      // Large pages: fewer first touches, fewer address lookups. A wish; failure costs only time.
      madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    return memory
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

  /// Uninitialised memory of `bytes`, a multiple of 64; nil where none is left.
  func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let address = state.withLock { state -> UInt? in
      guard let index = state.free.firstIndex(where: { $0.count >= bytes }) else { return nil }
      let found = state.free[index]
      if found.count == bytes {
        state.free.remove(at: index)
      } else {
        state.free[index] = (found.lowerBound + UInt(bytes))..<found.upperBound
      }
      state.usedBytes += bytes
      state.peakBytes = Swift.max(state.peakBytes, state.usedBytes)
      return found.lowerBound
    }
    return address.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
  }

  func giveBack(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    let start = UInt(bitPattern: memory)
    var range = start..<(start + UInt(bytes))
    state.withLock { state in
      state.usedBytes -= bytes
      var index = state.free.firstIndex { $0.lowerBound > start } ?? state.free.endIndex
      if index < state.free.endIndex, state.free[index].lowerBound == range.upperBound {
        range = start..<state.free.remove(at: index).upperBound
      }
      if index > 0, state.free[index - 1].upperBound == start {
        index -= 1
        range = state.free.remove(at: index).lowerBound..<range.upperBound
      }
      state.free.insert(range, at: index)
    }
  }
}
