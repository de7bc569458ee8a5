import CHDF5
import Tensors

/// An HDF5 file open for reading: named arrays, and attributes in words and numbers.
///
/// ```swift
/// let file = try HDF5File("activations.h5")
/// let states = try file.tensor("utterance/hidden.3")    // [frames × dim]
/// let rate = try file.attributes()["sampling_rate"]
/// ```
/// Values are read when they are asked for, and sizes are checked before any memory is taken. Datasets that lie in
/// other files, and filters that would have to be loaded as code, are refused. The library does not survive every
/// damaged file; a child process tries each one first, and reads what is chunked once for itself.
public final class HDF5File: Sendable {
  /// The path that was opened.
  public let path: String
  /// Every dataset's full name without the leading slash, in the order of the names.
  public let names: [String]
  private let file: HDF5Handle
  private let isKnown: Set<String>

  /// The most values that one array may have: 2 GiB of them.
  static let valueLimit = 1 << 29
  /// Deflate makes a thousandth of the best case; what claims more than this from its stored bytes is a bomb.
  static let packingLimit = 2048

  /// Opens the file and lists its datasets.
  public init(_ path: String) throws(HDF5Error) {
    if let obstacle = RegularFile.obstacle(at: path) {
      throw .cannotOpen(path: path, reason: "\(obstacle)")
    }
    let opened: (HDF5Handle?, [String], String) = HDF5Library.use {
      let death = strata_h5_trial(path)
      guard death == 0 else {
        return (
          nil, [], death > 0 ? "it is so damaged that reading it ends the library" : "no child process"
        )
      }
      guard let file = HDF5Handle(strata_h5_open(path), close: H5Fclose) else {
        return (nil, [], HDF5Library.reason)
      }
      let names = NameList()
      let status = strata_h5_visit(
        file.id,
        { name, context in
          guard let name, let context else { return }
          Unmanaged<NameList>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
        }, Unmanaged.passUnretained(names).toOpaque())
      return (file, names.names, status < 0 ? HDF5Library.reason : "")
    }
    guard let file = opened.0, opened.2.isEmpty else {
      throw .cannotOpen(path: path, reason: opened.2)
    }
    self.path = path
    self.file = file
    names = opened.1
    isKnown = Set(names)
  }

  private final class NameList { var names: [String] = [] }

  /// The shape of a dataset, read from its header.
  public func shape(of name: String) throws(HDF5Error) -> [Int] {
    try dataset(name) { dataset throws(HDF5Error) in try checkedShape(dataset, name) }
  }

  /// A dataset's values as float32 in row-major order; floats of any width are converted, whole numbers too.
  public func tensor(_ name: String) throws(HDF5Error) -> Tensor {
    try dataset(name) { dataset throws(HDF5Error) in
      let shape = try checkedShape(dataset, name)
      var status: herr_t = 0
      let tensor = Tensor(shape: shape) { values in
        guard let base = values.baseAddress, !values.isEmpty else { return }
        status = H5Dread(
          dataset, strata_h5_float(), hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), base)
        if status < 0 { values.update(repeating: 0) }
      }
      guard status >= 0 else { throw unreadable(name) }
      return tensor
    }
  }

  /// The attributes of the file itself, or of one of its datasets; those that are neither words nor numbers are
  /// left out.
  public func attributes(of name: String? = nil) throws(HDF5Error) -> [String: HDF5Attribute] {
    guard let name else {
      return try use { () throws(HDF5Error) in
        try HDF5Attribute.all(of: file.id, path: path, object: "the file")
      }
    }
    return try dataset(name) { dataset throws(HDF5Error) in
      try HDF5Attribute.all(of: dataset, path: path, object: name)
    }
  }

  // MARK: - Inside the library

  private func use<R>(_ body: () throws(HDF5Error) -> R) throws(HDF5Error) -> R {
    let result: Result<R, HDF5Error> = HDF5Library.use {
      do throws(HDF5Error) { return .success(try body()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func dataset<R>(
    _ name: String, _ body: (hid_t) throws(HDF5Error) -> R
  ) throws(HDF5Error) -> R {
    guard isKnown.contains(name) else {
      throw .unknownDataset(path: path, name: name, available: Array(names.prefix(5)))
    }
    return try use { () throws(HDF5Error) in
      let dataset = H5Dopen2(file.id, name, hid_t(H5P_DEFAULT))
      guard dataset >= 0 else { throw unreadable(name) }
      defer { H5Dclose(dataset) }
      return try body(dataset)
    }
  }

  private func unreadable(_ name: String) -> HDF5Error {
    .unreadable(path: path, name: name, reason: HDF5Library.reason)
  }

  /// The shape of a dataset of numbers that lie in this file and can be as many as it says.
  private func checkedShape(_ dataset: hid_t, _ name: String) throws(HDF5Error) -> [Int] {
    guard strata_h5_is_own(dataset) != 0 else {
      throw .unsupported(
        path: path, name: name, found: "a dataset whose values lie in other files",
        expected: "its own values")
    }
    let type = H5Dget_type(dataset)
    guard type >= 0 else { throw unreadable(name) }
    defer { H5Tclose(type) }
    let kind = H5Tget_class(type)
    guard kind == H5T_FLOAT || kind == H5T_INTEGER, H5Tget_size(type) <= 8 else {
      throw .unsupported(
        path: path, name: name, found: "not an array of real numbers",
        expected: "float16, float32 or float64")
    }
    let space = H5Dget_space(dataset)
    guard space >= 0 else { throw unreadable(name) }
    defer { H5Sclose(space) }
    let rank = Int(H5Sget_simple_extent_ndims(space))
    guard rank >= 0, rank <= 8 else {
      throw .unsupported(path: path, name: name, found: "of \(rank) axes", expected: "at most 8")
    }
    var extents = [hsize_t](repeating: 0, count: 8)
    guard H5Sget_simple_extent_dims(space, &extents, nil) >= 0 else { throw unreadable(name) }
    let shape = extents.prefix(rank)
    let count = shape.reduce(1.0) { $0 * Double($1) }
    guard shape.allSatisfy({ $0 <= hsize_t(Self.valueLimit) }), count <= Double(Self.valueLimit) else {
      throw .limit(
        path: path, name: name, found: "\(Array(shape)) values", limit: "\(Self.valueLimit) values")
    }
    let stored = Double(H5Dget_storage_size(dataset))
    guard count * Double(H5Tget_size(type)) <= stored * Double(Self.packingLimit) else {
      throw .limit(
        path: path, name: name, found: "\(Array(shape)) values out of \(Int(stored)) stored bytes",
        limit: "\(Self.packingLimit)-fold packing")
    }
    return shape.map { Int($0) }
  }
}
