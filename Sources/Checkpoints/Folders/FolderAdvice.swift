import Foundation

/// Says of a folder without weights where they lie instead.
enum FolderAdvice {
  static func words(_ folder: String, names: [String], candidates: [String], looked: [String]) -> String {
    if !candidates.isEmpty {
      return "several checkpoints in this folder (\(candidates.joined(separator: ", "))): name one"
    }
    if let command = joiningCommand(folder, names) { return command }
    let inside = names.filter { hasWeights("\(folder)/\($0)") }.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    if let last = inside.last {
      let others = inside.count > 1 ? " (there \(inside.count == 2 ? "is" : "are") also " : ""
      let list = inside.dropLast().suffix(5).joined(separator: ", ")
      return "no checkpoint in this folder, which is a run's; take \(folder)/\(last)"
        + (others.isEmpty ? "" : others + list + ")")
    }
    return "no checkpoint in this folder (looked for \(looked.joined(separator: ", ")))"
  }

  private static let endings = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".npz"]

  /// Whether a folder has files of weights, itself or one level below (a hub cache's `snapshots/COMMIT`).
  private static func hasWeights(_ folder: String, depth: Int = 0) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.contains { name in endings.contains { name.hasSuffix($0) } }
      || depth < 1 && names.contains { hasWeights("\(folder)/\($0)", depth: depth + 1) }
  }

  /// The program that joins what a distributed training has left in parts.
  private static func joiningCommand(_ folder: String, _ names: [String]) -> String? {
    if names.contains("zero_to_fp32.py") || names.contains(where: { $0.hasSuffix("_optim_states.pt") }) {
      return
        "a checkpoint of DeepSpeed ZeRO in parts. Join them: python \(folder)/zero_to_fp32.py \(folder) "
        + "joined --safe_serialization (or python -m deepspeed.utils.zero_to_fp32), then take joined"
    }
    if names.contains(where: { $0.hasPrefix("global_step") }), names.contains("latest") {
      return
        "a checkpoint of DeepSpeed. Join its parts: python -m deepspeed.utils.zero_to_fp32 \(folder) joined "
        + "--safe_serialization, then take joined"
    }
    if names.contains(where: { $0.hasPrefix("mp_rank_") }) {
      return
        "a checkpoint of a model split over devices (Megatron or DeepSpeed). Take mp_rank_00_model_states.pt where "
        + "it is the only one, else join the parts with the program that wrote them"
    }
    if names.contains("_CHECKPOINT_METADATA") || names.contains("checkpoint.msgpack.index") {
      return
        "an Orbax checkpoint of JAX. Save its parameters: safetensors.flax.save_file(flatten_dict(params, sep='.'), "
        + "'model.safetensors')"
    }
    if names.contains("saved_model.pb") {
      return "a TensorFlow SavedModel. Load it in its library and save its weights as safetensors"
    }
    return nil
  }
}
