import OrderedCollections

extension Checkpoint {
  /// Only the tensors below `prefix` (`encoder`, `model.student`), under what follows it in their names.
  ///
  /// Throws `CheckpointError.unknownPrefix`, which lists what the names begin with.
  public func under(_ prefix: String) throws -> Checkpoint {
    let prefix = prefix.hasSuffix(".") ? prefix : prefix + "."
    var below: OrderedDictionary<String, TensorEntry> = [:]
    for (name, entry) in tensors where name.hasPrefix(prefix) && name.utf8.count > prefix.utf8.count {
      let newName = String(name.dropFirst(prefix.count))
      below[newName] = entry.renamed(newName)
    }
    guard !below.isEmpty else {
      throw CheckpointError.unknownPrefix(path: path, prefix: prefix, found: beginnings())
    }
    var chosen = with(below, "under \(prefix)")
    chosen.setAside += tensors.keys.filter { !$0.hasPrefix(prefix) }
    return chosen
  }

  /// The same checkpoint with every tensor under the name that `table` gives it; names it does not know stay.
  ///
  /// Throws `CheckpointError.malformed` where two tensors would get the same name.
  public func renamed(by table: NameTable) throws -> Checkpoint {
    var renamed: OrderedDictionary<String, TensorEntry> = [:]
    for (name, entry) in tensors {
      let newName = table[name] ?? name
      guard renamed.updateValue(entry.renamed(newName), forKey: newName) == nil else {
        throw CheckpointError.malformed(
          path: path, place: "tensor \(shown(name))",
          found: "another tensor that is called \(shown(newName))",
          expected: "each name once")
      }
    }
    return with(renamed, "renamed\n\(table)")
  }

  /// The same for a table that someone wrote for this file: each of its rules must fit a tensor.
  ///
  /// Throws `CheckpointError.idleRules`, which lists those that do not with the nearest names.
  public func renamed(byEveryRuleOf table: NameTable) throws -> Checkpoint {
    let idle = table.idle(among: tensors.keys)
    guard idle.isEmpty else {
      throw CheckpointError.idleRules(
        path: path, rules: idle, nearest: idle.map { nearestNames(to: $0, among: tensors.keys) })
    }
    return try renamed(by: table)
  }

  private func with(
    _ tensors: OrderedDictionary<String, TensorEntry>, _ renaming: String
  ) -> Checkpoint {
    Checkpoint(
      path: path, format: format, tensors: tensors, metadata: metadata, skipped: skipped,
      foreignClasses: foreignClasses, files: files, renamings: renamings + [renaming],
      setAside: setAside)
  }

  /// The first parts of the names, the most frequent first, each with how many tensors it has.
  private func beginnings() -> [String] {
    var counts: OrderedDictionary<Substring, Int> = [:]
    for name in tensors.keys { counts[name.prefix { $0 != "." }, default: 0] += 1 }
    let first = counts.sorted { $0.value > $1.value }.prefix(8)
    let words = first.map { "\(shown($0.key)) (\($0.value) tensor\($0.value == 1 ? "" : "s"))" }
    return words + (counts.count > 8 ? ["…"] : [])
  }
}
