import OrderedCollections
import Tensors

/// The named tensors of a trained model, left in the file until they are asked for.
///
/// ```swift
/// let checkpoint = try Checkpoint.open("model.ckpt")
/// for entry in checkpoint.tensors.values { print(entry.name, entry.shape, entry.type) }
/// let bias = try checkpoint.tensor("encoder.layer_norm.bias")   // [width]
/// ```
/// The files stay mapped as long as the checkpoint or any tensor of it lives; they must not be cut short
/// meanwhile (see `FileBytes`).
public struct Checkpoint: Sendable {
  /// What was opened: a file or a folder.
  public let path: String
  /// What kind of file it is.
  public let format: Format
  /// The weights, in the order in which the file lists them, under the names they have there: prefixes such as
  /// `model.` (Lightning) or `module.` (DataParallel) are kept.
  public let tensors: OrderedDictionary<String, TensorEntry>
  /// Everything that is not a tensor, always a dictionary: a torch file's other keys (`hyper_parameters`,
  /// `cfg`, `args`, `dims`, `epoch` …), a safetensors file's `__metadata__`, a folder's `config.json` under
  /// `config` and `preprocessor_config.json` under `preprocessor_config`.
  public let metadata: MetadataValue
  /// What the file holds that is neither weights nor metadata, left unread: "optimizer_states (18 tensors)".
  public let skipped: [String]
  /// Classes named in the file that only their own Python code could make sense of; none was run. Values of
  /// them in `metadata` are opaque.
  public let foreignClasses: [String]
  /// Arrays of Python objects or structures in a NumPy archive, by name: they may have been meant as numbers.
  public internal(set) var unreadArrays: [String] = []
  /// Tensors beside the chosen weights that are no training state, under their whole names: other copies of the model,
  /// such as an average (`ema`), which `under` can choose.
  var others: OrderedDictionary<String, TensorEntry> = [:]
  /// Every file that was opened, in the order of their names.
  let files: [FileBytes]
  /// How the names differ from the files': what was asked for, in the order in which it was done.
  var renamings: [String] = []
  /// What was made of the tensors beside renaming, in words: "48 weights dequantised from bitsandbytes nf4".
  public internal(set) var remarks: [String] = []
  /// The same for what changes the weights themselves: an adapter that was merged.
  public internal(set) var warnings: [String] = []
  /// The tensors that `under` has left out, under the names that they had.
  public internal(set) var setAside: [String] = []

  /// How a checkpoint is stored; the raw value is its name for people.
  public enum Format: String, Sendable, CaseIterable {
    case safetensors
    case torch = "torch (zip)"
    case torchLegacy = "torch (before 1.6)"
    case pickle = "pickle"
    case numpyArchive = "npz"
    case numpy = "npy"
    case gguf = "GGUF"
    case ggml = "ggml (whisper.cpp)"
    case distributed = "torch (distributed)"
    case nemo = "NeMo"
    case onnx = "ONNX"
    case torchExport = "torch (torch.export)"
    case flax = "Flax"
  }
}

extension Checkpoint {
  init(path: String, format: Format, content: CheckpointContent, files: [FileBytes]) {
    self.init(
      path: path, format: format, tensors: content.tensors, metadata: .dictionary(content.metadata),
      skipped: content.skipped, foreignClasses: content.foreignClasses,
      unreadArrays: content.unreadArrays, others: content.others, files: files)
    warnings = copiesRemark
  }

  /// Says that there are other copies of the weights, and how to take them.
  private var copiesRemark: [String] {
    var counts: OrderedDictionary<String, Int> = [:]
    let own = Set(tensors.keys)
    for name in others.keys {
      // `ema.encoder.x` and `ema.module.encoder.x` are copies of `encoder.x`.
      for (index, character) in zip(name.indices, name) where character == "." {
        guard own.contains(String(name[name.index(after: index)...])) else { continue }
        counts[String(name[..<index]), default: 0] += 1
        break
      }
    }
    let copies = counts.filter { $0.value * 2 >= own.count }.keys
    return copies.isEmpty
      ? []
      : [
        "the file holds \(copies.count + 1) copies of the weights; the trained one is taken, "
          + copies.map { "--prefix \($0)" }.joined(separator: " or ") + " takes another"
      ]
  }
}

// MARK: - Values

extension Checkpoint {
  /// The tensor called `name`, as float32 in row-major order.
  ///
  /// Nothing is copied where the file holds it so already; F16 and BF16 are converted exactly, F64 and wide
  /// integers are rounded to the nearest float32, truth values become 0 and 1.
  ///
  /// Throws `CheckpointError.unknownTensor`, or `.unreadableType` for complex values.
  public func tensor(_ name: String) throws -> Tensor { try entry(name).floats() }

  /// The values of `name` in row-major order as doubles: F64 and 32-bit integers lose nothing.
  /// - Throws: `CheckpointError` for a tensor that is not there, and where the file does not hold it whole.
  public func doubles(_ name: String) throws -> [Double] { try entry(name).doubles() }

  /// The values of `name` in row-major order, which must be integers or truth values.
  /// - Throws: `CheckpointError` for a tensor that is not there, and where the file does not hold it whole.
  public func integers(_ name: String) throws -> [Int] { try entry(name).integers() }

  /// Gives back the memory that looking at `name` has taken, for a caller that has made a copy of its own; the
  /// tensor can be read again all the same.
  public func release(_ name: String) {
    guard case .mapped(let file, let range) = tensors[name]?.storage.source else { return }
    file.releasePages(range)
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

/// The three names that share most with `name` at their beginning and end.
package func nearestNames(to name: String, among names: some Sequence<String>) -> [String] {
  func common(_ a: some Sequence<UInt8>, _ b: some Sequence<UInt8>) -> Int {
    zip(a, b).prefix { $0 == $1 }.count
  }
  func likeness(_ other: String) -> Int {
    common(name.utf8, other.utf8) + common(name.utf8.reversed(), other.utf8.reversed())
  }
  return names.map { ($0, likeness($0)) }.filter { $0.1 >= 4 }
    .sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(3).map { shown($0.0) }
}
