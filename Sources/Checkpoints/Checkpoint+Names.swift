import OrderedCollections

extension Checkpoint {
  /// Only the tensors below `prefix` (`encoder`, `model.student`), under what follows it in their names.
  ///
  /// Throws `CheckpointError.unknownPrefix`, which lists what the names begin with.
  public func under(_ prefix: String) throws -> Checkpoint {
    let prefix = prefix.hasSuffix(".") ? prefix : prefix + "."
    var below: OrderedDictionary<String, TensorEntry> = [:]
    let isOwn = tensors.keys.contains { $0.hasPrefix(prefix) }
    for (name, entry) in isOwn ? tensors : others
    where name.hasPrefix(prefix) && name.utf8.count > prefix.utf8.count {
      let newName = String(name.dropFirst(prefix.count))
      below[newName] = entry.renamed(newName)
    }
    guard !below.isEmpty else {
      throw CheckpointError.unknownPrefix(path: path, prefix: prefix, found: beginnings())
    }
    var chosen = with(below, "under \(prefix)")
    chosen.setAside += tensors.keys.filter { !isOwn || !$0.hasPrefix(prefix) }
    // That there are copies has been understood.
    chosen.warnings = []
    return chosen
  }

  /// The parts that PyTorch's wrappers put into names: `torch.compile`, FSDP and activation checkpointing.
  private static let wrappers: Set<Substring> = [
    "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
  ]

  /// The same with the names that the model has without the wrappers of PyTorch around it and around its parts.
  /// - Throws: `CheckpointError` where two tensors would have one name.
  public func withoutWrappers() throws -> Checkpoint {
    func bare(_ name: String) -> String {
      name.split(separator: ".", omittingEmptySubsequences: false).filter { !Self.wrappers.contains($0) }
        .joined(separator: ".")
    }
    guard tensors.keys.contains(where: { bare($0) != $0 }) else { return self }
    var unwrapped: OrderedDictionary<String, TensorEntry> = [:]
    for (name, entry) in tensors {
      let newName = bare(name)
      guard unwrapped.updateValue(entry.renamed(newName), forKey: newName) == nil else {
        throw CheckpointError.malformed(
          path: path, place: "tensor \(shown(name))",
          found: "another tensor that is called \(shown(newName))",
          expected: "one copy of the model; name it with --prefix")
      }
    }
    return with(unwrapped, "without wrappers")
  }

  /// The same with each weight that `torch.nn.utils.prune` keeps as `X_orig` and `X_mask` as their product, `X`.
  /// - Throws: `CheckpointError` where a mask does not fit its weight.
  public func withMasksApplied() throws -> Checkpoint {
    var masked = tensors
    var count = 0
    for (name, mask) in tensors where name.hasSuffix("_mask") {
      let stem = String(name.dropLast("_mask".count))
      guard let original = tensors[stem + "_orig"], tensors[stem] == nil, original.shape == mask.shape
      else {
        continue
      }
      masked[name] = nil
      masked[stem + "_orig"] = nil
      masked[stem] = TensorEntry(
        derived: stem, shape: original.shape, path: path, origin: "pruned by a mask"
      ) {
        try zip(original.floats().values, mask.floats().values).map { $0 * $1 }
      }
      count += 1
    }
    guard count > 0 else { return self }
    var checkpoint = with(masked, "masked")
    checkpoint.remarks.append("\(count) tensors multiplied by the masks that they were pruned with")
    return checkpoint
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

  func with(
    _ tensors: OrderedDictionary<String, TensorEntry>, _ renaming: String, files more: [FileBytes] = []
  ) -> Checkpoint {
    Checkpoint(
      path: path, format: format, tensors: tensors, metadata: metadata, skipped: skipped,
      foreignClasses: foreignClasses, unreadArrays: unreadArrays, others: others, files: files + more,
      renamings: renamings + [renaming],
      remarks: remarks, warnings: warnings, setAside: setAside)
  }

  /// The first parts of the names, the most frequent first, each with how many tensors it has.
  private func beginnings() -> [String] {
    var counts: OrderedDictionary<Substring, Int> = [:]
    for name in tensors.keys { counts[name.prefix { $0 != "." }, default: 0] += 1 }
    let first = counts.sorted { $0.value > $1.value }.prefix(8)
    var words = first.map { "\(shown($0.key)) (\($0.value) tensor\($0.value == 1 ? "" : "s"))" }
    if counts.count > 8 { words.append("…") }
    let copies = Set(others.keys.map { String($0.prefix { $0 != "." }) }).sorted().prefix(8)
    return words + copies.map { "\(shown($0)) (beside the weights)" }
  }
}
