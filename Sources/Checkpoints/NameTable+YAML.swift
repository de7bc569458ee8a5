import Foundation
import Tensors
import Yams

extension NameTable {
  /// Reads rules from a YAML file, one `old.name: new.name` a line, with the wildcards that a table has.
  ///
  /// ```yaml
  /// blocks.*.attn.**: encoder.layers.*.attention.**
  /// stem.weight: feature_projection.projection.weight
  /// ```
  /// Throws `CheckpointError.missing` for a file that cannot be read, and `.malformed` with the line of what is no
  /// rule.
  public init(contentsOf path: String) throws {
    let data: [UInt8]
    do { data = try RegularFile.contents(path) } catch {
      throw CheckpointError.missing(path: path, reason: "the map of names cannot be read: \(error)")
    }
    guard data.count < 1 << 20, let text = String(validating: data, as: UTF8.self) else {
      throw CheckpointError.malformed(
        path: path, place: "the map of names", found: "\(data.count) bytes",
        expected: "UTF-8 text of less than a megabyte")
    }
    try self.init(yaml: text, path: path)
  }

  init(yaml text: String, path: String) throws {
    func malformed(_ node: Node?, _ found: String, _ expected: String) -> CheckpointError {
      .malformed(
        path: path, place: node?.mark.map { "line \($0.line)" } ?? "the map of names", found: found,
        expected: expected)
    }
    let root: Node?
    do { root = try compose(yaml: text) } catch {
      throw malformed(nil, "\(error)", "YAML")
    }
    guard let pairs = root?.mapping, !pairs.isEmpty else {
      throw malformed(root, "no rule", "`old.name: new.name`, one a line")
    }
    let rules = try pairs.map { key, value in
      guard let pattern = key.string, case .scalar(let scalar) = value, value.null == nil else {
        throw malformed(key, "a rule that is not two names", "`old.name: new.name`")
      }
      if let fault = NameTable.fault(in: pattern, scalar.string) {
        throw malformed(key, "\(shown(pattern)): \(shown(scalar.string))", fault)
      }
      return (pattern: pattern, replacement: scalar.string)
    }
    self.init(rules)
  }
}
