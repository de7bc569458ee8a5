#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Something that lends mapped memory and can do without its pages for a while.
package protocol PageLender: AnyObject {
  /// Lets the system take back the whole pages of so many bytes; the next look reads them from the file.
  func releasePages(at address: UnsafeRawPointer, bytes: Int)
}

/// The memory behind tensors: owned (64-byte aligned, freed or given back to its pool with the last tensor) or
/// borrowed from something that stays alive as long, such as a mapped checkpoint.
final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  /// Keeps borrowed memory alive; nil where the memory is ours. Borrowed memory is never written.
  let owner: AnyObject?
  /// Where owned memory came from and goes back to; nil where that is the system.
  let pool: MemoryPool?
  private let bytes: Int

  /// Uninitialised memory for `count` values.
  init(count: Int, from pool: MemoryPool? = nil) {
    self.count = count
    bytes = Swift.max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
    let pooled = pool?.take(bytes)
    guard let memory = pooled ?? aligned_alloc(64, bytes) else {
      preconditionFailure("out of memory: a tensor of \(count) values needs \(bytes) bytes")
    }
    base = memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    owner = nil
    self.pool = pooled == nil ? nil : pool
  }

  init(borrowing pointer: UnsafePointer<Float>, count: Int, owner: AnyObject) {
    base = UnsafeMutablePointer(mutating: pointer)
    self.count = count
    self.owner = owner
    pool = nil
    bytes = 0
  }

  deinit {
    guard owner == nil else { return }
    if let pool { pool.giveBack(base, bytes: bytes) } else { free(base) }
  }
}
