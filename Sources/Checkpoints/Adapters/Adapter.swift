import Foundation
import Foundations
import OrderedCollections

/// A folder as PEFT's `save_pretrained` leaves it: `adapter_config.json` with `adapter_model.safetensors` (or `.bin`).
///
/// ```swift
/// let adapter = try Adapter.open("my-lora")
/// let merged = try checkpoint.merged(with: adapter)   // as PEFT's merge_and_unload, in double precision
/// ```
public struct Adapter: Sendable {
  /// The folder that it was opened from.
  public let folder: String
  /// What it was trained on, as its configuration says: a folder, or a repository of the Hub.
  public let base: String?
  let configuration: AdapterConfiguration
  /// The parts of each module, by module and kind: `encoder.layers.0.attention.q_proj`, `lora_A`.
  let modules: OrderedDictionary<String, [String: TensorEntry]>
  /// Tensors that take the place of the model's own: trained biases and `modules_to_save`.
  let replacements: OrderedDictionary<String, TensorEntry>
  /// Matrices that all modules of the adapter share (VeRA).
  let shared: [String: TensorEntry]
  let files: [FileBytes]

  /// The name of the file, in the adapter's folder, that says what it is.
  public static let configurationName = "adapter_config.json"
  static let weightNames = ["adapter_model.safetensors", "adapter_model.bin"]

  /// Whether a folder holds such an adapter.
  public static func isFolder(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(configurationName)")
  }

  /// Reads an adapter's folder. Throws `CheckpointError` for files that cannot be read, and `.unsupported` with the
  /// command that merges it for a kind of adapter that is not read here.
  public static func open(_ folder: String) throws -> Adapter {
    guard isFolder(folder) else {
      throw CheckpointError.missing(
        path: folder, reason: "no \(configurationName) in this folder: it is no PEFT adapter")
    }
    let json = try FileBytes(mapping: "\(folder)/\(configurationName)")
    let tree = try JSONParser.parse(json.bytes, path: json.path, place: "JSON").metadata
    let configuration = try AdapterConfiguration(tree, path: json.path)
    guard
      let name = weightNames.first(where: { FileManager.default.fileExists(atPath: "\(folder)/\($0)") })
    else {
      throw CheckpointError.missing(
        path: folder, reason: "no weights of the adapter (\(weightNames.joined(separator: " or ")))")
    }
    let weights = try Checkpoint.open("\(folder)/\(name)")
    return try Adapter(folder: folder, configuration, weights, files: weights.files + [json])
  }

  private init(
    folder: String, _ configuration: AdapterConfiguration, _ weights: Checkpoint, files: [FileBytes]
  ) throws {
    var modules: OrderedDictionary<String, [String: TensorEntry]> = [:]
    var replacements: OrderedDictionary<String, TensorEntry> = [:]
    var shared: [String: TensorEntry] = [:]
    for (stored, entry) in weights.tensors {
      let name = Self.withoutWrapper(stored)
      // The base's own values of a module that was trained whole.
      if name.contains(".original_module.") { continue }
      if AdapterConfiguration.sharedParts.contains(name) {
        shared[name] = entry
      } else if let (module, part) = configuration.split(name) {
        modules[module, default: [:]][part] = entry
      } else {
        guard !configuration.isUnknownPart(name) else {
          throw configuration.unsupported("the tensor \(shown(stored))")
        }
        replacements[configuration.replacedName(name)] = entry
      }
    }
    self.folder = folder
    base = configuration.base
    self.configuration = configuration
    self.modules = modules
    self.replacements = replacements
    self.shared = shared
    self.files = files
  }

  /// PEFT's wrapper stands before all names.
  private static func withoutWrapper(_ name: String) -> String {
    for wrapper in ["base_model.model.", "base_model."] where name.hasPrefix(wrapper) {
      return String(name.dropFirst(wrapper.count))
    }
    return name
  }
}

/// What an `adapter_config.json` says, as far as merging hangs on it.
struct AdapterConfiguration: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case lora = "LORA"
    case adaLora = "ADALORA"
    case ia3 = "IA3"
    case vera = "VERA"
    case loHa = "LOHA"
    case loKr = "LOKR"
    case layerNorms = "LN_TUNING"
  }

  let path: String
  let kind: Kind
  let base: String?
  private let tree: MetadataValue

  init(_ tree: MetadataValue, path: String) throws {
    self.path = path
    self.tree = tree
    base = tree["base_model_name_or_path"]?.string
    guard let name = tree["peft_type"]?.string else {
      throw CheckpointError.malformed(
        path: path, place: "peft_type", found: "nothing", expected: "the adapter's kind, such as LORA")
    }
    guard let kind = Kind(rawValue: name) else {
      throw Self.unsupported("an adapter of the kind \(shown(name))", path: path)
    }
    self.kind = kind
    // These change the base model's own weights or its structure when the adapter is loaded.
    if case .string(let start)? = tree["init_lora_weights"],
      ["pissa", "olora", "corda", "loftq"].contains(where: start.lowercased().hasPrefix)
    {
      throw unsupported(
        "an adapter that changes the base as it is loaded (init_lora_weights: \(shown(start)))")
    }
    for key in [
      "layer_replication", "alora_invocation_tokens", "target_parameters", "trainable_token_indices",
    ] {
      guard let value = tree[key], value != .null, value != .list([]) else { continue }
      throw unsupported("an adapter with \(key)")
    }
    for key in ["use_qalora", "use_bdlora", "megatron_config"] where isSet(key) {
      throw unsupported("an adapter with \(key)")
    }
  }

  private func isSet(_ key: String) -> Bool {
    guard let value = tree[key], value != .null else { return false }
    return value.bool ?? true
  }

  static func unsupported(_ found: String, path: String) -> CheckpointError {
    .unsupported(
      path: path, place: "adapter", found: found,
      advice: """
        Merge it: python -c "from transformers import AutoModel; from peft import PeftModel; \
        PeftModel.from_pretrained(AutoModel.from_pretrained('BASE'), 'ADAPTER').merge_and_unload()\
        .save_pretrained('merged')"
        """)
  }

  func unsupported(_ found: String) -> CheckpointError { Self.unsupported(found, path: path) }

  // MARK: Names

  static let sharedParts: Set = ["vera_A", "vera_B"]

  private static let parts = [
    "lora_A.weight", "lora_B.weight", "lora_B.bias", "lora_A", "lora_B", "lora_E", "lora_embedding_A",
    "lora_embedding_B", "lora_magnitude_vector.weight", "lora_magnitude_vector", "ia3_l", "vera_lambda_b",
    "vera_lambda_d", "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "lokr_w1", "lokr_w1_a",
    "lokr_w1_b",
    "lokr_w2", "lokr_w2_a", "lokr_w2_b",
  ]

  /// A part's module and kind: `a.q_proj.lora_A.weight` is `lora_A` of `a.q_proj`; nil for other tensors.
  func split(_ name: String) -> (module: String, part: String)? {
    for part in Self.parts where name.hasSuffix("." + part) {
      let kind = part.hasSuffix(".weight") ? String(part.dropLast(7)) : part
      return (String(name.dropLast(part.count + 1)), kind)
    }
    return nil
  }

  /// Whether a tensor is an adapter's part that no arithmetic here knows.
  func isUnknownPart(_ name: String) -> Bool {
    let words = [
      "lora_", "hada_", "lokr_", "ia3_", "vera_", "trainable_tokens", "ranknum", "oft_", "boft_",
    ]
    return name.split(separator: ".").contains { part in words.contains { part.hasPrefix($0) } }
  }

  func replacedName(_ name: String) -> String {
    name.replacing(".ln_tuning_layers.", with: ".").replacing(".modules_to_save.", with: ".")
      .replacing(".base_layer.", with: ".")
  }

  // MARK: Numbers

  /// What a module's low-rank product is multiplied by.
  func scaling(of module: String, rank: Int) throws -> Double {
    let (key, fallback) = kind == .loHa || kind == .loKr ? ("alpha", 8.0) : ("lora_alpha", 8.0)
    let alpha = try pattern("alpha_pattern", module) ?? tree[key]?.number ?? fallback
    if kind == .adaLora { return (alpha > 0 ? alpha : Double(rank)) / (Double(rank) + 1e-5) }
    let told = try pattern("rank_pattern", module) ?? tree["r"]?.number ?? Double(rank)
    guard told > 0, alpha.isFinite else {
      throw CheckpointError.malformed(
        path: path, place: "r", found: "\(told)", expected: "a rank above 0 with a finite alpha")
    }
    return tree["use_rslora"]?.bool == true ? alpha / told.squareRoot() : alpha / told
  }

  var isDecomposed: Bool { tree["use_dora"]?.bool == true }
  var isTransposed: Bool { tree["fan_in_fan_out"]?.bool == true }

  /// Whether an IA3 module scales what enters a layer, not what leaves it.
  func isFeedForward(_ module: String) -> Bool {
    tree["feedforward_modules"]?.list?.compactMap(\.string).contains {
      module == $0 || module.hasSuffix("." + $0)
    } == true
  }

  /// A module's own number in a table of patterns, which are regular expressions for the end of its name.
  private func pattern(_ key: String, _ module: String) throws -> Double? {
    let found = try (tree[key]?.dictionary ?? [:]).filter { pattern, _ in
      if module == pattern || module.hasSuffix("." + pattern) { return true }
      do throws(NamePattern.Fault) {
        return try NamePattern("^(?:.*\\.)?(?:\(pattern))$").matches(module)
      } catch {
        throw CheckpointError.malformed(
          path: path, place: key, found: "“\(pattern.prefix(200))” (\(error.reason))",
          expected: "regular expressions for the ends of modules' names")
      }
    }
    let numbers = Set(found.values.compactMap(\.number))
    guard numbers.count <= 1 else {
      throw unsupported("a \(key) whose patterns \(found.keys.sorted()) all fit \(shown(module))")
    }
    return numbers.first
  }
}
