import Checkpoints
import Foundation

extension ModelDescription {
  /// What a model's values hang on beside its weights, as a hash: its configuration and that of its input, what the
  /// caller has said, and the file that tells of its layers. Two loads of the same weights under other settings have
  /// others.
  func settings() throws -> String {
    var text = [
      "configuration", configuration?.settingText ?? "", "input", preprocessing?.settingText ?? "",
    ]
    text.append(
      """
      \(String(describing: modelType)) \(String(describing: normalisesInput)) \
      \(String(describing: samplingRate)) \(String(describing: options.heads)) \
      \(String(describing: options.normalisesFirst)) \(String(describing: options.strides)) \
      \(String(describing: options.normalisationEpsilon))
      """)
    if let path = architecturePath { text.append(try Checkpoint.fingerprint(ofFiles: [path])) }
    return ContentHash.hexadecimal(of: text.joined(separator: "\n"))
  }

  /// The `architecture.yaml` that the caller names or that lies beside the weights.
  var architecturePath: String? {
    let beside = Self.folder(of: path) + "/" + ArchitectureFile.name
    return options.architecture ?? (FileManager.default.fileExists(atPath: beside) ? beside : nil)
  }
}

extension MetadataValue {
  /// What no value hangs on: where the file came from, and the programs that wrote it.
  private static let provenance: Set<String> = [
    "_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype", "_commit_hash",
  ]

  /// The tree in one order of its keys, without `provenance`.
  fileprivate var settingText: String {
    switch self {
    case .dictionary(let values):
      "{"
        + values.filter { !Self.provenance.contains($0.key) }.sorted { $0.key < $1.key }
        .map { "\($0.key.debugDescription): \($0.value.settingText)" }.joined(separator: ", ") + "}"
    case .list(let values): "[" + values.map(\.settingText).joined(separator: ", ") + "]"
    case .string(let text): text.debugDescription
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .integer(let value): "\(value)"
    default: "\(self)"
    }
  }
}
