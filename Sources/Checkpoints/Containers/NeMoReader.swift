import Yams

/// NeMo's `.nemo`: a tar archive of `model_weights.ckpt`, which `torch.save` wrote, and `model_config.yaml`, which goes to
/// the metadata under `nemo`.
enum NeMoReader {
  static func read(_ file: FileBytes) throws -> CheckpointContent {
    let archive = try TarArchive(file)
    guard let weights = archive["model_weights.ckpt"] ?? archive["model_weights.pt"] else {
      let names = archive.entries.prefix(5).map { shown($0.name) }.joined(separator: ", ")
      throw CheckpointError.notACheckpoint(
        path: file.path, found: "a tar archive of \(names.isEmpty ? "nothing" : names)",
        advice: "Unpack it and give the file with the weights; NeMo's archives have a model_weights.ckpt.")
    }
    var (_, content) = try Checkpoint.read(FileBytes(weights.range, of: file))
    if let settings = archive["model_config.yaml"] {
      guard settings.range.count < 1 << 24 else {
        throw CheckpointError.limit(
          path: file.path, place: "model_config.yaml", found: settings.range.count, limit: 1 << 24)
      }
      content.metadata["nemo"] = try tree(
        String(decoding: file.bytes[settings.range], as: UTF8.self), path: file.path)
    }
    return content
  }

  private static func tree(_ yaml: String, path: String) throws -> MetadataValue {
    do {
      guard let root = try compose(yaml: yaml) else { return .null }
      var remaining = MetadataConverter.valueLimit
      return value(root, depth: 0, &remaining)
    } catch {
      throw CheckpointError.malformed(
        path: path, place: "model_config.yaml", found: "\(error)", expected: "YAML")
    }
  }

  private static func value(_ node: Node, depth: Int, _ remaining: inout Int) -> MetadataValue {
    remaining -= 1
    guard remaining > 0, depth < MetadataConverter.depthLimit else { return .opaque(className: "…") }
    switch node {
    case .mapping(let pairs):
      var values: [String: MetadataValue] = [:]
      for (key, child) in pairs {
        if let key = key.scalar?.string { values[key] = value(child, depth: depth + 1, &remaining) }
      }
      return .dictionary(values)
    case .sequence(let items): return .list(items.map { value($0, depth: depth + 1, &remaining) })
    case .scalar(let scalar):
      guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
      if node.null != nil { return .null }
      return node.bool.map { .bool($0) } ?? node.int.map { .integer($0) } ?? node.float.map { .number($0) }
        ?? .string(scalar.string)
    default: return .null
    }
  }
}
