/// What a checkpoint holds beside its tensors (hyper-parameters, configuration, epoch …), as a tree of plain
/// values.
///
/// ```swift
/// let width = checkpoint.metadata["hyper_parameters"]?["hidden_size"]?.integer
/// ```
public enum MetadataValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([MetadataValue])
  case dictionary([String: MetadataValue])
  /// Something that only its own Python class could make sense of; it was not run, and this is its name.
  case opaque(className: String)
}

extension MetadataValue {
  /// The value under `key`, where this is a dictionary that has it.
  public subscript(key: String) -> MetadataValue? { dictionary?[key] }

  /// Element `index`, where this is a list that long.
  public subscript(index: Int) -> MetadataValue? {
    guard let list, list.indices.contains(index) else { return nil }
    return list[index]
  }

  /// The truth value; nil of anything else.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// A whole number; one stored as a float counts where nothing is lost.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// A number, whole or not; nil of anything else.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The text; nil of anything else.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The values in their order; nil of anything but a list.
  public var list: [MetadataValue]? { if case .list(let value) = self { value } else { nil } }
  /// The values by their keys; nil of anything but a dictionary.
  public var dictionary: [String: MetadataValue]? {
    if case .dictionary(let value) = self { value } else { nil }
  }

  /// Reads JSON text, such as a model folder's `config.json`.
  ///
  /// Throws `CheckpointError.malformed`, naming `path` and the byte, where it is not JSON (Python's `NaN` and
  /// `Infinity` are accepted) or is nested deeper than 128 levels.
  public init(json: [UInt8], path: String) throws {
    self = try json.withUnsafeBytes { try JSONParser.parse($0, path: path, place: "JSON") }.metadata
  }
}

extension MetadataValue {
  /// The members of an object in JSON text, `keys` leading to it from the outermost: in the file's order and under
  /// the file's spelling, where a dictionary would take keys for one that Unicode calls equivalent. Nil where there
  /// is no such object. Throws as `init(json:path:)`.
  public static func members(
    ofJSON json: [UInt8], at keys: [String], path: String
  ) throws -> [(key: String, value: MetadataValue)]? {
    var tree = try json.withUnsafeBytes { try JSONParser.parse($0, path: path, place: "JSON") }
    for key in keys {
      guard let inner = tree[key] else { return nil }
      tree = inner
    }
    guard case .object(let members) = tree else { return nil }
    return members.map { ($0.key, $0.value.metadata) }
  }
}

extension MetadataValue: CustomStringConvertible {
  /// JSON with sorted keys, in one line; an opaque value is given as `<its class>`.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .string(let value): SafetensorsWriter.quoted(value)
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    case .dictionary(let values):
      "{"
        + values.sorted { $0.key < $1.key }
        .map { "\(SafetensorsWriter.quoted($0.key)): \($0.value)" }.joined(separator: ", ") + "}"
    case .opaque(let className): "<\(className)>"
    }
  }
}
