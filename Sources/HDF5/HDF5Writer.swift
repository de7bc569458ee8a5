import CHDF5
import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes an HDF5 file array by array; the file appears under its name only when it is complete.
///
/// ```swift
/// try HDF5Writer.write(to: "activations.h5", attributes: ["model": "hubert"]) { file in
///   try file.write(states, named: "utterance/hidden.3")
/// }
/// ```
/// The same calls give the same bytes. Slashes in a name make groups.
public final class HDF5Writer: Sendable {
  private let path: String
  private let file: HDF5Handle

  private init(path: String, file: HDF5Handle) {
    self.path = path
    self.file = file
  }

  /// How values are stored.
  public enum Storage: Sendable { case float32, float16 }

  /// Runs `body` to write the file; where it throws, nothing is left behind and an older file stays.
  ///
  /// `attributes` become texts of the file itself.
  public static func write(
    to path: String, attributes: [String: String] = [:], _ body: (HDF5Writer) throws -> Void
  ) throws {
    let temporary = PartFile.name(for: path)
    do {
      try fill(temporary, path, attributes, body)
      guard rename(temporary, path) == 0 else {
        throw HDF5Error.writeFailed(path: path, name: "the file", reason: String(cString: strerror(errno)))
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func fill(
    _ temporary: String, _ path: String, _ attributes: [String: String], _ body: (HDF5Writer) throws -> Void
  ) throws {
    let (made, reason) = HDF5Library.use {
      (HDF5Handle(strata_h5_create(temporary), close: H5Fclose), HDF5Library.reason)
    }
    guard let made else { throw HDF5Error.writeFailed(path: path, name: "the file", reason: reason) }
    let writer = HDF5Writer(path: path, file: made)
    for (name, text) in attributes.sorted(by: { $0.key < $1.key }) {
      try writer.check("attribute \(name)") { HDF5Attribute.write(text, named: name, to: made.id) }
    }
    try body(writer)
    // What closing would otherwise write unseen; and closing may write too.
    try writer.check("the file") { H5Fflush(made.id, H5F_SCOPE_LOCAL) >= 0 }
    try writer.check("the file") { made.closed() }
  }

  /// Adds an array of at least one axis.
  ///
  /// Throws `HDF5Error.writeFailed`, also for a name that is taken.
  public func write(_ tensor: Tensor, named name: String, as storage: Storage = .float32) throws(HDF5Error)
  {
    try check(name) {
      let type = storage == .float16 ? strata_h5_stored_half() : H5Tcopy(strata_h5_stored_float())
      let written: Bool? = withHDF5(type, H5Tclose) { type in
        let extents = tensor.shape.map { hsize_t($0) }
        return withHDF5(H5Screate_simple(Int32(extents.count), extents, nil), H5Sclose) { space in
          withHDF5(strata_h5_dataset(file.id, name, type, space), H5Dclose) { dataset in
            tensor.withUnsafeBuffer { values in
              values.isEmpty
                || H5Dwrite(
                  dataset, strata_h5_float(), hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT),
                  values.baseAddress) >= 0
            }
          }
        }
      }
      return written ?? false
    }
  }

  private func check(_ name: String, _ body: () -> Bool) throws(HDF5Error) {
    let reason: String? = HDF5Library.use { body() ? nil : HDF5Library.reason }
    if let reason { throw .writeFailed(path: path, name: name, reason: reason) }
  }
}
