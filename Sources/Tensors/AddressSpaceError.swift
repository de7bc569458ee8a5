/// A limit on the process's address space that leaves too little to compute with a model.
public struct AddressSpaceError: Error, Equatable, CustomStringConvertible {
  /// Bytes that may still be taken.
  public let left: Int
  /// How many threads were to work at once.
  public let threads: Int

  /// Bytes that `threads` need: BLAS reserves 128 MiB for each thread that is in it, a pool a quarter of what is left, and a
  /// checkpoint is mapped.
  public static func needed(threads: Int) -> Int { 768 << 20 + max(1, threads) * 128 << 20 }

  public var description: String {
    "a limit on memory (ulimit -v) leaves \(left >> 20) MiB of addresses, and \(Self.needed(threads: threads) >> 20) MiB are "
      + "needed where \(threads == 1 ? "one thread works" : "\(threads) threads work"): raise the limit "
      + "(`ulimit -v unlimited`), or limit what is resident by other means (cgroups, Slurm's --mem)"
  }
}
