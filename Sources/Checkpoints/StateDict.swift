import OrderedCollections

/// What a reader finds in one file.
struct CheckpointContent {
  var tensors: OrderedDictionary<String, TensorEntry> = [:]
  var metadata: [String: MetadataValue] = [:]
  /// Keys that hold no weights of the model (optimiser states and the like), with what they hold.
  var skipped: [String] = []
  /// Classes that only their own code could make sense of.
  var foreignClasses: [String] = []
  /// Arrays of Python objects and structures, which may have been meant as numbers.
  var unreadArrays: [String] = []
  /// Tensors beside the chosen weights that are no training state: other copies of the model, such as an average.
  var others: OrderedDictionary<String, TensorEntry> = [:]
  /// Other files that values lie in.
  var files: [FileBytes] = []
}

/// Picks the weights out of what a pickle describes.
///
/// Training programs wrap a model's state dict in different ways: not at all (`torch.save(model.state_dict())`),
/// under `state_dict` (Lightning), `model` (fairseq, many others), `model_state_dict` (openai-whisper),
/// `Upstream` (s3prl). Beside it lie optimiser states, schedulers and counters.
struct StateDict {
  typealias ID = PickleGraph.ID

  /// Where the weights may lie, in the order of preference.
  static let weightKeys = [
    "state_dict", "model_state_dict", "model", "Upstream", "module", "model_state", "net", "network",
    "model_weight", "weights", "params",
    "Transformer",
  ]
  /// What belongs to the training and not to the model.
  static let trainingKeys: Set<String> = [
    "amp", "amp_scaling_state", "callbacks", "cuda_rng_state", "grad_scaler", "loops", "lr_scheduler",
    "lr_schedulers", "native_amp_scaling_state", "rng_state", "rng_states", "scaler", "scheduler",
    "scheduler_state_dict", "schedulers",
  ]
  /// What describes the model and goes to the metadata, whatever it holds.
  static let configurationKeys: Set<String> = [
    "Config", "Settings", "Upstream_Config", "args", "cfg", "config", "datamodule_hyper_parameters", "dims",
    "hparams", "hyper_parameters",
    "model_args", "model_cfg", "model_config", "task_cfg",
  ]
  static let depthLimit = 64
  static let visitLimit = 200_000
  /// In bytes.
  static let nameLimit = 4096

  let graph: PickleGraph
  let path: String
  /// Finds the bytes of a storage; asked only for those that the weights are in.
  let storage: (PickleGraph.StorageReference) throws -> Storage

  private var content = CheckpointContent()
  private var visits = 0
  /// How many values may still be looked at to count the tensors among them.
  private var countingBudget: Int

  init(
    _ graph: PickleGraph, path: String,
    storage: @escaping (PickleGraph.StorageReference) throws -> Storage
  ) {
    self.graph = graph
    self.path = path
    self.storage = storage
    countingBudget = 30 * graph.nodes.count + 10_000
  }

  /// The weights under `root` and everything else that is worth knowing.
  mutating func read(_ root: ID) throws -> CheckpointContent {
    var seen: Set<String> = []
    content.foreignClasses = graph.globals.filter { !PickleMachine.isKnown($0) && seen.insert($0).inserted }
      .map { shown($0) }
    if isTensor(root) {
      try collect(root, name: "tensor", depth: 0)
      // A Mersenne twister's, as torch.get_rng_state gives it.
      if let only = content.tensors["tensor"], only.type == .uint8, only.shape == [5056] {
        throw notAModel("the state of a random number generator")
      }
    } else if let pairs = graph.pairs(root), !isModule(pairs) {
      try refuseTrainingState(pairs)
      try readTop(pairs)
    } else {
      try collect(root, name: "", depth: 0)
    }
    guard !content.tensors.isEmpty else {
      let keys = graph.pairs(root)?.prefix(20).compactMap { key($0.key).map { shown($0) } }
      throw CheckpointError.noTensors(path: path, keys: keys ?? [])
    }
    return content
  }

  /// Files that lie beside a model's weights in a run's folder, and are none.
  private func refuseTrainingState(_ pairs: [PickleGraph.Pair]) throws {
    let keys = Set(pairs.compactMap { key($0.key) })
    if keys.contains("param_groups"), keys.isSubset(of: ["state", "param_groups", "defaults"]) {
      throw notAModel("an optimiser's state")
    }
    if keys.contains("cpu"), keys.contains("python") || keys.contains("numpy") {
      throw notAModel("the state of random number generators")
    }
    if keys.contains("_last_lr") || keys.contains("last_epoch") && !keys.contains("state_dict") {
      throw notAModel("a learning rate scheduler's state")
    }
  }

  private func notAModel(_ found: String) -> CheckpointError {
    .notACheckpoint(
      path: path, found: found,
      advice: "Give the file with the model's weights, such as model.safetensors, or its folder.")
  }

  private mutating func readTop(_ pairs: [PickleGraph.Pair]) throws {
    let converter = MetadataConverter(graph)
    let weights = try weights(in: pairs)
    for pair in pairs {
      guard let key = key(pair.key) else { continue }
      let kind = key.lowercased()
      if let weights, pair.value == weights, content.tensors.isEmpty {
        try collect(try innermost(weights), name: "", depth: 0)
      } else if isTraining(kind), !isTensor(pair.value) {
        content.skipped.append(try skipNote(key, pair.value))
      } else if StateDict.configurationKeys.contains(kind) {
        content.metadata[key] = converter.value(pair.value)
      } else if weights == nil {
        try collect(pair.value, name: key, depth: 0)
        content.metadata[key] = converter.value(pair.value, withoutTensors: true)
      } else if try tensorCount(pair.value) > 0 {
        content.skipped.append(try skipNote(key, pair.value))
        try collectOther(pair.value, name: key)
      } else {
        content.metadata[key] = converter.value(pair.value)
      }
    }
  }

  /// The value that holds the state dict, where one of the usual keys has it.
  private mutating func weights(in pairs: [PickleGraph.Pair]) throws -> ID? {
    for key in StateDict.weightKeys {
      if let value = graph.value(key, in: pairs), !isTensor(value), try tensorCount(value) > 0 {
        return value
      }
    }
    return nil
  }

  /// Some programs save `{"model": {"state_dict": …, "config": …}}`.
  private mutating func innermost(_ weights: ID) throws -> ID {
    guard let pairs = graph.pairs(weights), !isModule(pairs) else { return weights }
    for key in ["state_dict", "model_state_dict"] {
      if let inner = graph.value(key, in: pairs), !isTensor(inner), try tensorCount(inner) > 0 {
        return inner
      }
    }
    return weights
  }

  /// Whether a key, in small letters, says that its value belongs to the training: `optimizer_states`,
  /// `last_optimizer_state`, `optim_g` and the like, or one of the list.
  private func isTraining(_ key: String) -> Bool {
    StateDict.trainingKeys.contains(key)
      || key.split(separator: "_").contains { ["optim", "optimizer", "optimizers"].contains($0) }
  }

  private mutating func skipNote(_ key: String, _ value: ID) throws -> String {
    let count = try tensorCount(value)
    return count == 0 ? shown(key) : "\(shown(key)) (\(count) tensor\(count == 1 ? "" : "s"))"
  }
}

// MARK: - Walking

extension StateDict {
  /// Text, or a number as text (a list kept as a dictionary).
  private func key(_ id: ID) -> String? { graph.text(id) ?? graph.integer(id).map(String.init) }

  private func isTensor(_ id: ID) -> Bool {
    switch graph[id] {
    case .tensor: true
    case .array(let index): NumpyType(graph.arrays[index].type) != nil
    default: false
    }
  }

  /// A pickled `torch.nn.Module`: its class is unknown here, its parameters are not.
  private func isModule(_ pairs: [PickleGraph.Pair]) -> Bool {
    graph.value("_parameters", in: pairs) != nil && graph.value("_modules", in: pairs) != nil
  }

  /// How many tensors there are below a value. Each value is visited once, so cycles end; a file whose keys
  /// share one large value a thousand times is refused before the time is spent.
  private mutating func tensorCount(_ root: ID) throws -> Int {
    var count = 0
    var seen: Set<ID> = [root]
    var pending = [root]
    while let id = pending.popLast() {
      if isTensor(id) { count += 1 }
      let below = graph.sequence(id) ?? graph.pairs(id)?.map(\.value) ?? []
      countingBudget -= 1 + below.count
      guard countingBudget >= 0 else {
        throw CheckpointError.malformed(
          path: path, place: "top level", found: "values shared over and over", expected: "each value once")
      }
      for next in below where seen.insert(next).inserted { pending.append(next) }
    }
    return count
  }

  /// The same among `others`. What cannot be named there is left out: nobody has asked for it.
  private mutating func collectOther(_ id: ID, name: String) throws {
    let (chosen, skipped) = (content.tensors, content.skipped)
    content.tensors = [:]
    defer { (content.tensors, content.skipped) = (chosen, skipped) }
    guard (try? collect(id, name: name, depth: 0)) != nil else { return }
    for (name, entry) in content.tensors { content.others[name] = entry }
  }

  /// Adds the tensors at and below a value, under names joined by dots.
  private mutating func collect(_ id: ID, name: String, depth: Int) throws {
    visits += 1
    guard visits <= StateDict.visitLimit else {
      throw CheckpointError.limit(
        path: path, place: "values among the weights", found: visits, limit: StateDict.visitLimit)
    }
    guard name.utf8.count <= StateDict.nameLimit else {
      throw CheckpointError.limit(
        path: path, place: "length of the name \(shown(name))", found: name.utf8.count,
        limit: StateDict.nameLimit)
    }
    if isTensor(id) { return try add(id, name: name) }
    if case .object(let index) = graph[id],
      let kind = PickleMachine.unreadKind(graph.objects[index].className)
    {
      if let library = ForeignTensors.library(ofClass: kind) {
        throw ForeignTensors.error(library, kind, path: path, tensor: name)
      }
      content.skipped.append("\(shown(name)) (a \(kind) tensor, whose values are not read)")
      return
    }
    let children: [(name: String, id: ID)]
    if let pairs = graph.pairs(id) {
      children = isModule(pairs) ? moduleChildren(pairs) : try named(pairs)
    } else if let items = graph.sequence(id) {
      children = items.enumerated().map { (String($0.offset), $0.element) }
    } else {
      return
    }
    guard depth < StateDict.depthLimit || children.isEmpty else {
      throw CheckpointError.limit(
        path: path, place: "levels of nesting at \(shown(name))", found: depth + 1,
        limit: StateDict.depthLimit)
    }
    for child in children {
      try collect(child.id, name: name.isEmpty ? child.name : "\(name).\(child.name)", depth: depth + 1)
    }
  }

  private func named(_ pairs: [PickleGraph.Pair]) throws -> [(name: String, id: ID)] {
    try pairs.map { pair in
      guard let key = key(pair.key) else {
        throw CheckpointError.malformed(
          path: path, place: "weights", found: "a key that is neither text nor a number",
          expected: "the names of tensors")
      }
      return (key, pair.value)
    }
  }

  private func moduleChildren(_ pairs: [PickleGraph.Pair]) -> [(name: String, id: ID)] {
    ["_parameters", "_buffers", "_modules"].flatMap { part -> [(name: String, id: ID)] in
      guard let value = graph.value(part, in: pairs), let members = graph.pairs(value) else { return [] }
      return members.compactMap { member in key(member.key).map { ($0, member.value) } }
    }
  }

  private mutating func add(_ id: ID, name: String) throws {
    let entry: TensorEntry
    switch graph[id] {
    case .tensor(let index): entry = try tensorEntry(graph.tensors[index], name: name)
    case .array(let index): entry = try arrayEntry(graph.arrays[index], name: name)
    default: return
    }
    guard content.tensors.updateValue(entry, forKey: name) == nil else {
      throw CheckpointError.malformed(
        path: path, place: "weights", found: "two tensors called \(shown(name))", expected: "each name once"
      )
    }
  }

  private func tensorEntry(_ view: PickleGraph.TensorView, name: String) throws -> TensorEntry {
    let reference = graph.storages[view.storage]
    let storage = try storage(reference)
    let unit = reference.type.elementSize
    let (claimed, overflow) = (reference.viewOffset + reference.count).multipliedReportingOverflow(by: unit)
    guard !overflow, claimed <= storage.byteCount else {
      throw CheckpointError.truncated(
        path: path, place: "the storage \(shown(reference.key)) of tensor \(shown(name))",
        needed: overflow ? .max : claimed, available: storage.byteCount)
    }
    // A view of a storage's view shifts both ends.
    let (offset, offsetOverflow) = view.offset.addingReportingOverflow(reference.viewOffset)
    let entry = try TensorEntry.view(
      name: name, type: view.type, shape: view.shape, strides: view.strides,
      offset: offsetOverflow ? -1 : offset, storage: storage, available: claimed / view.type.size,
      path: path)
    // A view whose values are the stored ones' negatives: PyTorch keeps the bit and not the values.
    guard view.isNegative, entry.type.isReadable else { return entry }
    return TensorEntry(derived: name, shape: entry.shape, path: path, origin: "the negative of a storage") {
      try entry.floats().values.map { -$0 }
    }
  }

  private func arrayEntry(_ array: PickleGraph.NumpyArray, name: String) throws -> TensorEntry {
    guard let type = NumpyType(array.type), let data = array.data, case .bytes(let bytes, _) = graph[data]
    else {
      throw CheckpointError.unsupported(
        path: path, place: "array \(shown(name))", found: "NumPy type \(shown(array.type))",
        advice: "Save it as numbers.")
    }
    return try NumpyReader.entry(
      name: name, type: type, shape: array.shape, isFortranOrder: array.isFortranOrder,
      storage: Storage(bytes, path: path), offset: 0, path: path)
  }
}
