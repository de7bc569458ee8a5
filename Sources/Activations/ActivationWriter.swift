import Checkpoints
import Files
import Foundation
import HDF5
import Tensors

/// How a file of activations is stored.
public enum ActivationFormat: String, Sendable, CaseIterable {
  case safetensors, npz, hdf5

  /// The format that a file's ending says.
  public init?(endingOf path: String) {
    switch URL(filePath: path).pathExtension.lowercased() {
    case "safetensors": self = .safetensors
    case "npz": self = .npz
    case "h5", "hdf5", "hdf": self = .hdf5
    default: return nil
    }
  }
}

/// Writes a file of activations array by array, so that no more than one of them need be in memory. The file appears
/// under its name only when it is complete.
///
/// ```swift
/// try ActivationWriter.write(to: "a.h5", as: .hdf5, names: ["u/hidden.3"], metadata: [:]) { append in
///   try append("u/hidden.3", states)
/// }
/// ```
public enum ActivationWriter {
  /// Writes one array, `[frames × dim]` or `[heads × frames × frames]`, under one of the announced names; arrays may
  /// come from several threads.
  public typealias Append = @Sendable (_ name: String, _ tensor: Tensor) throws -> Void

  /// `names` are those of all arrays that may come. An npz archive is put together from a file beside it, which for
  /// a moment takes as much room again.
  /// - Throws: `FileError`, `HDF5Error` or `CheckpointError` where the file cannot be written, and what `body` throws;
  ///   nothing is left then.
  public static func write(
    to path: String, as format: ActivationFormat, names: [String], metadata: [String: String],
    _ body: (@escaping Append) throws -> Void
  ) throws {
    let place = URL(filePath: path)
    PartFile.removeStale(in: place.deletingLastPathComponent().path, of: place.lastPathComponent)
    switch format {
    case .safetensors:
      try SafetensorsWriter.write(expecting: names, metadata: metadata, to: path, body)
    case .hdf5:
      try HDF5Writer.write(to: path, attributes: metadata) { file in
        try body { name, tensor in try file.write(tensor, named: name) }
      }
    case .npz:
      let collected = PartFile.name(for: path) + ".safetensors"
      defer { try? FileManager.default.removeItem(atPath: collected) }
      try SafetensorsWriter.write(expecting: names, to: collected, body)
      let checkpoint = try Checkpoint.open(collected)
      var entries = checkpoint.tensors.map { name, tensor in
        NumpyWriter.Entry(name: name, shape: tensor.shape) { try checkpoint.tensor(name) }
      }
      let words = ActivationMetadata.array(of: metadata)
      entries.append(.init(name: ActivationMetadata.arrayName, shape: words.shape) { words })
      try NumpyWriter.writeArchive(entries, to: path)
    }
  }
}
