/// A limit on the process's address space that leaves too little to run a model.
public struct AddressSpaceError: Error, Equatable, CustomStringConvertible {
  /// Bytes that may still be taken.
  public let left: Int

  /// BLAS reserves 128 MiB for each thread that is in it, a pool a quarter of what is left, and a checkpoint is mapped.
  public static let needed = 1 << 30

  public var description: String {
    "a limit on memory (ulimit -v) leaves \(left >> 20) MiB of addresses, and a model needs \(Self.needed >> 20) MiB to "
      + "be run: raise the limit (`ulimit -v unlimited`), or limit what is resident by other means (cgroups, Slurm's "
      + "--mem)"
  }
}
