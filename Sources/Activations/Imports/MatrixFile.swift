import Checkpoints
import Foundation
import HDF5
import Tensors

/// A file of named arrays, whose values stay in it until they are asked for.
protocol MatrixFile: Sendable {
  var path: String { get }
  /// The names of its arrays; empty for the only array of a file that has no names.
  var keys: [String] { get }
  /// What the file says of itself.
  var metadata: [String: String] { get }
  func shape(of key: String) throws -> [Int]
  func values(of key: String) throws -> Tensor
}

/// The endings of files of activations; what a file is, is seen from its content.
enum MatrixFileKind {
  static let checkpoints: Set = ["safetensors", "npz", "npy", "pt", "pth", "bin", "ckpt"]
  static let hdf5: Set = ["h5", "hdf5", "hdf"]
  static let kaldi: Set = ["ark", "scp"]
  /// Those that nothing but activations is kept in.
  static let onlyActivations = hdf5.union(kaldi).union(["npy"])
  static let all = checkpoints.union(hdf5).union(kaldi)

  static func ending(of path: String) -> String { URL(filePath: path).pathExtension.lowercased() }

  static func open(_ path: String) throws -> any MatrixFile {
    switch ending(of: path) {
    case "scp": return try KaldiScript(path)
    case "ark": return try KaldiArchive(path)
    case let ending where hdf5.contains(ending): return try HDF5Matrices(file: HDF5File(path))
    default: return try CheckpointMatrices(try Checkpoint.open(path))
    }
  }
}

/// safetensors, npz, npy and torch files.
struct CheckpointMatrices: MatrixFile {
  private let checkpoint: Checkpoint
  /// The stored name of a file's only array where that is made up by the reader.
  private let nameless: String?
  let metadata: [String: String]

  /// Throws `ImportError.unsupported` where an array beside those of numbers may be a layer that could not be read.
  init(_ checkpoint: Checkpoint) throws(ImportError) {
    if let array = checkpoint.unreadArrays.first {
      throw .unsupported(
        path: checkpoint.path, place: "array \(array)",
        found: "a NumPy array of Python objects or structures",
        advice: "Save each layer of each utterance as an array of numbers, such as .astype(\"float32\").")
    }
    self.checkpoint = checkpoint
    let names = checkpoint.tensors.keys
    let isNameless =
      checkpoint.format == .numpy
      || (names.count == 1 && names.first == "tensor" && checkpoint.format != .numpyArchive)
    nameless = isNameless ? names.first : nil
    var metadata = (checkpoint.metadata.dictionary ?? [:]).compactMapValues(\.string)
    if let stored = try? checkpoint.tensor(ActivationMetadata.arrayName).values {
      metadata.merge(ActivationMetadata.decoded(stored)) { own, _ in own }
    }
    self.metadata = metadata
  }

  var path: String { checkpoint.path }
  var keys: [String] {
    nameless == nil ? checkpoint.tensors.keys.filter { $0 != ActivationMetadata.arrayName } : [""]
  }

  private func stored(_ key: String) -> String { key.isEmpty ? nameless ?? key : key }

  func shape(of key: String) throws -> [Int] { try checkpoint.entry(stored(key)).shape }
  func values(of key: String) throws -> Tensor { try checkpoint.tensor(stored(key)) }
}

struct HDF5Matrices: MatrixFile {
  private let file: HDF5File
  let metadata: [String: String]

  init(file: HDF5File) throws {
    self.file = file
    metadata = try file.attributes().mapValues { value in
      switch value {
      case .text(let text): text
      case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
      }
    }
  }

  var path: String { file.path }
  var keys: [String] { file.names }
  func shape(of key: String) throws -> [Int] { try file.shape(of: key) }
  func values(of key: String) throws -> Tensor { try file.tensor(key) }
}
