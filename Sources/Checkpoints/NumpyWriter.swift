import CZip
import Tensors

/// Writes NumPy's `.npy` arrays and `.npz` archives, always as little-endian float32 in row-major order.
public enum NumpyWriter {
  /// Writes one array. The values begin at a multiple of 64, so that readers can map them.
  /// - Throws: `CheckpointError.writeFailed`.
  public static func writeArray(_ tensor: Tensor, to path: String) throws {
    try FileWriter.write(to: path) { file in
      try file.write(header(of: tensor.shape))
      try tensor.withUnsafeBuffer { try file.write(UnsafeRawBufferPointer($0)) }
    }
  }

  /// Writes an archive of arrays, as `numpy.savez` does, or `numpy.savez_compressed` where `compressed`.
  ///
  /// The same arguments give the same bytes. Nothing is copied on the way.
  ///
  /// Throws `CheckpointError.writeFailed`, also where two arrays have the same name.
  public static func writeArchive(
    _ tensors: [(name: String, tensor: Tensor)], compressed: Bool = false, to path: String
  ) throws {
    try writeArchive(
      tensors.map { name, tensor in Entry(name: name, shape: tensor.shape) { tensor } },
      compressed: compressed, to: path)
  }

  /// An array that is read when its turn comes.
  public struct Entry {
    let name: String
    let shape: [Int]
    let load: () throws -> Tensor

    /// `load` must give a tensor of that shape; it may be called more than once.
    public init(name: String, shape: [Int], load: @escaping () throws -> Tensor) {
      self.name = name
      self.shape = shape
      self.load = load
    }
  }

  /// The same of arrays of which one at a time is in memory.
  /// - Throws: `CheckpointError.writeFailed` where the file cannot be written, and what an entry's `load` throws.
  public static func writeArchive(_ entries: [Entry], compressed: Bool = false, to path: String) throws {
    func failure(_ reason: UnsafePointer<CChar>) -> CheckpointError {
      .writeFailed(path: path, reason: String(cString: reason))
    }
    guard !entries.isEmpty else { throw failure("there are no arrays to write") }
    try FileWriter.replace(path) { temporary in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_EXCL, &code) else {
        var error = zip_error_t()
        zip_error_init_with_code(&error, code)
        defer { zip_error_fini(&error) }
        throw failure(zip_error_strerror(&error))
      }
      do {
        var arrays: [ArraySource] = []
        for entry in entries {
          let array = ArraySource(entry)
          arrays.append(array)
          guard let source = array.source(in: archive) else {
            throw failure(zip_strerror(archive))
          }
          let index = zip_file_add(archive, "\(entry.name).npy", source, zip_flags_t(ZIP_FL_ENC_UTF_8))
          guard index >= 0 else {
            zip_source_free(source)
            throw CheckpointError.writeFailed(
              path: path, reason: "array \(shown(entry.name)): \(String(cString: zip_strerror(archive)))")
          }
          let number = zip_uint64_t(index)
          let method = compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE
          // The oldest date that a zip archive can hold, 1 January 1980, instead of the clock's.
          guard zip_set_file_compression(archive, number, method, 0) == 0,
            zip_file_set_dostime(archive, number, 0, 0x0021, 0) == 0
          else { throw failure(zip_strerror(archive)) }
        }
        guard zip_close(archive) == 0 else {
          throw arrays.lazy.compactMap(\.failure).first ?? failure(zip_strerror(archive))
        }
      } catch {
        zip_discard(archive)
        throw error
      }
    }
  }

  /// The header of version 1, filled up so that the values begin at a multiple of 64.
  static func header(of shape: [Int]) -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    var header: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    header += text.utf8
    header += [UInt8](repeating: 0x20, count: length - text.utf8.count - 1) + [0x0A]
    return header
  }
}

/// Hands an array to libzip piece by piece, header first, when it asks for it.
private final class ArraySource {
  private let entry: NumpyWriter.Entry
  private let header: [UInt8]
  private var tensor: Tensor?
  private var position = 0
  /// Why the array could not be loaded.
  private(set) var failure: (any Error)?

  private var size: Int { header.count + entry.shape.reduce(MemoryLayout<Float>.size, *) }

  init(_ entry: NumpyWriter.Entry) {
    self.entry = entry
    header = NumpyWriter.header(of: entry.shape)
  }

  /// A source that keeps this until libzip lets go of it.
  func source(in archive: OpaquePointer) -> OpaquePointer? {
    let context = Unmanaged.passRetained(self)
    let source = zip_source_function(archive, ArraySource.callback, context.toOpaque())
    if source == nil { context.release() }
    return source
  }

  private static let callback: zip_source_callback = { context, data, length, command in
    guard let context else { return -1 }
    let unmanaged = Unmanaged<ArraySource>.fromOpaque(context)
    let source = unmanaged.takeUnretainedValue()
    switch command {
    case ZIP_SOURCE_OPEN:
      return source.open() ? 0 : -1
    case ZIP_SOURCE_READ:
      return zip_int64_t(source.read(UnsafeMutableRawBufferPointer(start: data, count: Int(length))))
    case ZIP_SOURCE_CLOSE:
      source.tensor?.releasePages()
      source.tensor = nil
      return 0
    case ZIP_SOURCE_ERROR: return 0
    case ZIP_SOURCE_STAT:
      guard let stat = data?.bindMemory(to: zip_stat_t.self, capacity: 1) else { return -1 }
      zip_stat_init(stat)
      stat.pointee.size = zip_uint64_t(source.size)
      stat.pointee.valid = zip_uint64_t(ZIP_STAT_SIZE)
      return zip_int64_t(MemoryLayout<zip_stat_t>.size)
    case ZIP_SOURCE_FREE:
      unmanaged.release()
      return 0
    case ZIP_SOURCE_SUPPORTS:
      return [
        ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
        ZIP_SOURCE_FREE,
      ].reduce(0) { $0 | 1 << zip_int64_t($1.rawValue) }
    default: return -1
    }
  }

  private func open() -> Bool {
    position = 0
    do {
      let loaded = try entry.load()
      precondition(loaded.shape == entry.shape, "an entry loads what it announced")
      tensor = loaded
    } catch {
      failure = error
    }
    return failure == nil
  }

  /// Copies the next bytes and says how many.
  private func read(_ target: UnsafeMutableRawBufferPointer) -> Int {
    var written = 0
    func copy(_ bytes: UnsafeRawBufferPointer, from start: Int) {
      let count = min(bytes.count - start, target.count - written)
      guard count > 0 else { return }
      UnsafeMutableRawBufferPointer(rebasing: target[written...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
      written += count
      position += count
    }
    if position < header.count { header.withUnsafeBytes { copy($0, from: position) } }
    if position >= header.count, let tensor {
      tensor.withUnsafeBuffer { copy(UnsafeRawBufferPointer($0), from: position - header.count) }
    }
    return written
  }
}
