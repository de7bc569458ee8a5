#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The memory behind tensors: either owned (64-byte aligned, freed with the last tensor) or borrowed from
/// something that stays alive as long, such as a mapped checkpoint.
final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  /// Keeps borrowed memory alive; nil where the memory is ours. Borrowed memory is never written.
  let owner: AnyObject?

  /// Uninitialised memory for `count` values.
  init(count: Int) {
    self.count = count
    let bytes = Swift.max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
    guard let memory = aligned_alloc(64, bytes) else {
      preconditionFailure("out of memory: a tensor of \(count) values needs \(bytes) bytes")
    }
    base = memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    owner = nil
  }

  init(borrowing pointer: UnsafePointer<Float>, count: Int, owner: AnyObject) {
    base = UnsafeMutablePointer(mutating: pointer)
    self.count = count
    self.owner = owner
  }

  deinit {
    if owner == nil { free(base) }
  }
}
