import OrderedCollections

extension Checkpoint {
  /// The weights with an adapter worked into them, as PEFT's `merge_and_unload` leaves them: the products in double
  /// precision, rounded once. Nothing is computed until a tensor is read.
  ///
  /// Modules are found by their whole names, or by the end of them where a prefix stands before the one or the other.
  /// Throws `CheckpointError.malformed` for a module that the checkpoint does not have or whose shapes do not fit.
  public func merged(with adapter: Adapter) throws -> Checkpoint {
    var merged = tensors
    for (module, parts) in adapter.modules {
      let name = try name(of: "\(module).weight", in: adapter)
      guard let weight = merged[name] else { continue }
      let merging = try AdapterMerging(adapter, module: module, parts: parts, weight: weight)
      merged[name] = try merging.weight()
      if let (bias, summand) = try merging.bias(
        merged[String(name.dropLast("weight".count)) + "bias"])
      {
        merged[bias] = summand
      }
    }
    for (wanted, entry) in adapter.replacements {
      let name = try name(of: wanted, in: adapter)
      guard entry.shape == merged[name]?.shape else {
        throw CheckpointError.malformed(
          path: adapter.folder, place: "tensor \(shown(wanted))", found: "shape \(entry.shape)",
          expected: "\(merged[name]?.shape ?? []), as in \(path)")
      }
      merged[name] = entry.renamed(name)
    }
    var checkpoint = with(merged, "merged", files: adapter.files)
    checkpoint.warnings.append(
      """
      the adapter \(adapter.folder) (\(adapter.configuration.kind.rawValue), \(adapter.modules.count) modules) is \
      merged into the weights
      """)
    return checkpoint
  }

  /// The same with every tensor of the file at `path` in the place of the checkpoint's own of that name, as an MMS
  /// model's `adapter.deu.safetensors` is meant; a head may have another number of symbols.
  /// - Throws: `CheckpointError` where the file cannot be read or does not fit.
  public func replacing(from path: String) throws -> Checkpoint {
    let file = try Checkpoint.open(path)
    var replaced = tensors
    for (wanted, entry) in file.tensors {
      let ending = "." + wanted
      let found = tensors[wanted] != nil ? [wanted] : tensors.keys.filter { $0.hasSuffix(ending) }
      // A base without a head gets one.
      let name = found.count == 1 ? found[0] : wanted
      guard found.count == 1 || wanted.hasPrefix("lm_head."),
        replaced[name] == nil || name.hasSuffix("lm_head.weight") || name.hasSuffix("lm_head.bias")
          || replaced[name]?.shape == entry.shape
      else {
        throw CheckpointError.malformed(
          path: path, place: "tensor \(shown(wanted))", found: "shape \(entry.shape)",
          expected: tensors[name].map { "\($0.shape), as in \(self.path)" } ?? "a tensor of \(self.path)")
      }
      replaced[name] = entry.renamed(name)
    }
    var checkpoint = with(replaced, "replaced from a file", files: file.files)
    checkpoint.remarks.append("\(file.tensors.count) tensors from \(path)")
    return checkpoint
  }

  /// The checkpoint's name of a tensor that the adapter calls `wanted`.
  private func name(of wanted: String, in adapter: Adapter) throws -> String {
    var rest = wanted[...]
    repeat {
      if tensors[String(rest)] != nil { return String(rest) }
      let ending = "." + rest
      let found = tensors.keys.filter { $0.hasSuffix(ending) }
      if found.count == 1 { return found[0] }
      guard found.isEmpty else {
        throw CheckpointError.malformed(
          path: adapter.folder, place: "module \(shown(wanted))",
          found: "several tensors of \(path) that it may be: \(found.prefix(4).joined(separator: ", "))",
          expected: "one; name the model with --prefix")
      }
      guard let dot = rest.firstIndex(of: ".") else { break }
      rest = rest[rest.index(after: dot)...]
      // A bare `weight` or `q_proj.weight` says nothing.
    } while rest.split(separator: ".").count > 2 || rest.count == wanted.count
    throw CheckpointError.malformed(
      path: adapter.folder, place: "module \(shown(wanted))",
      found: "no such tensor in \(path)"
        + (nearestNames(to: wanted, among: tensors.keys).first.map { " (the nearest: \($0))" } ?? ""),
      expected: "the base that the adapter was trained on\(adapter.base.map { ", \($0)" } ?? "")")
  }
}
