extension MetadataValue {
  /// As JSON text, keys sorted; what only Python could make sense of, and numbers that JSON has no word for, are null.
  public var json: String {
    switch self {
    case .null, .opaque: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): SafetensorsWriter.quoted(value)
    case .list(let values): "[\(values.map(\.json).joined(separator: ", "))]"
    case .dictionary(let values):
      "{"
        + values.sorted { $0.key < $1.key }.map { "\(SafetensorsWriter.quoted($0.key)): \($0.value.json)" }
        .joined(separator: ", ") + "}"
    }
  }
}
