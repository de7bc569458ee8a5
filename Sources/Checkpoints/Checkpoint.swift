import OrderedCollections
import Tensors

/// The named tensors of a trained model, left in the file until they are asked for.
///
/// ```swift
/// let checkpoint = try Checkpoint.open("model.safetensors")
/// for entry in checkpoint.tensors.values { print(entry.name, entry.shape, entry.type) }
/// let bias = try checkpoint.tensor("encoder.layer_norm.bias")   // [width]
/// ```
public struct Checkpoint: Sendable {
  /// What was opened: a file or a folder.
  public let path: String
  /// The weights, in the order in which the file lists them.
  public let tensors: OrderedDictionary<String, TensorEntry>
  /// Everything that is not a tensor, always a dictionary: a safetensors file's `__metadata__`, or a torch
  /// file's other keys.
  public let metadata: MetadataValue
  /// Every file that was opened, in order.
  let files: [FileBytes]

  /// Opens a checkpoint; what it is, is seen from its content. No values are read yet.
  ///
  /// Throws `CheckpointError`.
  public static func open(_ path: String) throws -> Checkpoint {
    let file = try FileBytes(mapping: path)
    guard SafetensorsReader.recognises(file.bytes) else {
      throw CheckpointError.notACheckpoint(
        path: path, found: "of an unknown format", advice: "Give a safetensors file.")
    }
    let (tensors, metadata) = try SafetensorsReader.read(file)
    return Checkpoint(path: path, tensors: tensors, metadata: metadata, files: [file])
  }
}

// MARK: - Values

extension Checkpoint {
  /// The tensor called `name`, as float32 in row-major order.
  ///
  /// Nothing is copied where the file holds it so already; F16, BF16, F64, integers and truth values are
  /// converted (F64 and wide integers are rounded to the nearest float32).
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    guard entry.type.isReadable else {
      throw CheckpointError.unreadableType(path: path, name: name, type: entry.type, wanted: "float32")
    }
    return try entry.read()
  }

  /// The entry called `name`; where there is none, the error lists the nearest names.
  public func entry(_ name: String) throws -> TensorEntry {
    guard let entry = tensors[name] else {
      throw CheckpointError.unknownTensor(
        path: path, name: name, nearest: nearestNames(to: name, among: tensors.keys))
    }
    return entry
  }
}

/// The three names that share the longest run of characters with `name` at its end or beginning.
func nearestNames(to name: String, among names: some Sequence<String>) -> [String] {
  func common(_ a: some Sequence<UInt8>, _ b: some Sequence<UInt8>) -> Int {
    zip(a, b).prefix { $0 == $1 }.count
  }
  func likeness(_ other: String) -> Int {
    common(name.utf8, other.utf8) + common(name.utf8.reversed(), other.utf8.reversed())
  }
  return names.map { ($0, likeness($0)) }.filter { $0.1 >= 4 }
    .sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(3).map(\.0)
}
