import Attribution
import Foundations
import Models
import Tensors

/// A model on its way through training: what it was, what is trained of it, and the values now.
struct TrainedModel: Sendable {
  let base: SpeechModel
  let head: TaskHead
  let adapter: LowRankAdapter?
  let loss: TaskLoss
  /// The model's own parameters, trained and not, by transformers' names.
  private(set) var body: [String: Tensor]
  /// The parameters that are trained and are not the model's own: the head's, and an adapter's.
  private(set) var added: [String: Tensor]
  /// The names of those of the body's that are trained.
  let trainedBody: Set<String>
  let normalisesFirst: Bool

  /// `existingHead` takes the place of a fresh one.
  init(
    _ base: SpeechModel, head: TaskHead, loss: TaskLoss, existingHead: [String: Tensor]? = nil,
    adapter: LowRankAdapter? = nil, beside side: SideAdapter? = nil, freezing frozen: String = "",
    masksFrames: Bool = false, seed: UInt64 = 0
  ) throws {
    var body = try base.parameterValues()
    if masksFrames { body[Self.maskVector] = try Self.maskVector(of: base, seed: seed) }
    for name in body.keys where head.has(name) || name.hasPrefix("lm_head.") { body[name] = nil }
    let beside = try side?.parameters(for: body, seed: seed) ?? [:]
    body.merge(beside) { old, _ in old }
    (self.base, self.head, self.loss, self.adapter, self.body) = (base, head, loss, adapter, body)
    let first = base.taps.contains { $0.name == "final_norm" }
    normalisesFirst = first
    added = existingHead ?? head.parameters(seed: seed)
    let names = body.keys.filter { $0 == Self.maskVector || beside[$0] != nil || !base.isFixed($0) }
    let parts = Set(names.map { ModelPart(parameter: $0, normalisesFirst: first) }).sorted()
    let out = try ModelPart.named(frozen, among: parts)
    if side != nil {
      trainedBody = Set(beside.keys)
    } else if let adapter {
      trainedBody = []
      added.merge(try adapter.factors(for: body, seed: seed)) { own, _ in own }
    } else {
      trainedBody = Set(names.filter { !out.contains(ModelPart(parameter: $0, normalisesFirst: first)) })
    }
  }

  /// What stands in for masked frames: the model's own, or drawn as transformers draws it.
  static let maskVector = "masked_spec_embed"

  private static func maskVector(of base: SpeechModel, seed: UInt64) throws -> Tensor {
    if let stored = try base.storedTensor(maskVector) { return stored }
    var random = RandomNumbers(seed: seed, stream: maskVector)
    let width = base.taps.first { $0.name == "projection" }?.width ?? 0
    return Tensor(shape: [width]) { values in
      for index in values.indices { values[index] = Float(random.uniform()) }
    }
  }

  /// All parameters that are trained.
  var trained: [String: Tensor] {
    get { body.filter { trainedBody.contains($0.key) }.merging(added) { own, _ in own } }
    set {
      for (name, value) in newValue {
        if trainedBody.contains(name) { body[name] = value } else { added[name] = value }
      }
    }
  }

  /// Takes the trained parameters out, so that nothing else holds their memory while they are changed.
  mutating func withTrained<R>(_ change: (inout [String: Tensor]) throws -> R) rethrows -> R {
    var values = trained
    for name in values.keys {
      if trainedBody.contains(name) { body[name] = nil } else { added[name] = nil }
    }
    defer { trained = values }
    return try change(&values)
  }

  /// Whether it has networks that transformers knows nothing of.
  var hasSideNetworks: Bool { body.keys.contains { $0.contains(".beside_") } }

  /// The numbers of values that are trained, and of all.
  var counts: (trained: Int, all: Int) {
    let adapterAndHead = added.values.reduce(0) { $0 + $1.count }
    let own = body.reduce(0) { $0 + (trainedBody.contains($1.key) ? $1.value.count : 0) }
    return (own + adapterAndHead, body.values.reduce(0) { $0 + $1.count } + adapterAndHead)
  }

  /// Values of the gradients that one utterance's way back makes: of weights too that an adapter changes.
  var gradientValues: Int {
    let changed = adapter?.modules(of: body).reduce(0) { $0 + (body["\($1).weight"]?.count ?? 0) } ?? 0
    return counts.trained + changed
  }

  /// How many layers a parameter stands below the head, which is at 0.
  func depth(of name: String) -> Int {
    if head.has(name) { return 0 }
    let last =
      base.taps.compactMap { tap in
        tap.name.hasPrefix("hidden.") ? Int(tap.name.dropFirst(7)) : nil
      }.max() ?? 0
    return switch ModelPart(parameter: name, normalisesFirst: normalisesFirst) {
    case .finalNorm: 1
    case .hidden(let number): last + 1 - number
    case .projection: last + 2
    case .convolutions: last + 3
    }
  }

  /// The body's parameters as they act: with an adapter's changes.
  var effectiveBody: [String: Tensor] { adapter?.merged(body, added) ?? body }

  /// The model as it is now, without its head, ready to be run.
  func ready() throws -> ReadyModel {
    let body = effectiveBody
    let (model, places) = try base.rebuilt(body)
    let wanted = adapter.map { Set($0.modules(of: body).map { "\($0).weight" }) } ?? trainedBody
    return ReadyModel(owner: self, body: body, model: model, places: places, wanted: wanted)
  }
}

/// A model with the parameters of one moment.
struct ReadyModel: Sendable {
  let owner: TrainedModel
  private let body: [String: Tensor]
  let model: SpeechModel
  private let places: ParameterPlaces
  /// The parameters of the model whose gradients are needed.
  private let wanted: Set<String>

  init(
    owner: TrainedModel, body: [String: Tensor], model: SpeechModel, places: ParameterPlaces,
    wanted: Set<String>
  ) {
    (self.owner, self.body, self.model, self.places, self.wanted) = (owner, body, model, places, wanted)
  }

  /// The states under the head, `[frames × width]`.
  func states(_ samples: [Float], threads: Int, noise: PassNoise? = nil) throws -> Tensor {
    let top = owner.base.topTap?.name ?? ""
    var found: Tensor?
    try model.forward(
      inputValues: samples, taps: [top], threads: threads, recorder: nil, noise: noise
    ) { found = $1 }
    guard let found else { throw ModelError.unknownLayer(name: top, nearest: []) }
    return found
  }

  /// The head's output for input that has been prepared.
  func logits(_ samples: [Float], threads: Int = 1) throws -> Tensor {
    owner.head.logits(try states(samples, threads: threads), owner.added)
  }

  /// The loss of one utterance, and what arrives at every trained parameter.
  func gradients(
    _ samples: [Float], _ target: TrainingTarget, of utterance: String, noise: PassNoise? = nil,
    threads: Int = 1
  ) throws -> (loss: LossSum, gradients: [String: Tensor]) {
    let top = owner.base.topTap?.name ?? ""
    let pass =
      wanted.isEmpty
      ? nil
      : try RecordedPass(
        model, samples, upTo: top, threads: threads, keepsAll: true, from: firstTap, noise: noise)
    var states = try pass?.values(of: top) ?? states(samples, threads: threads, noise: noise)
    let dropout = noise.map { DropoutOperation(probability: $0.dropout, seed: $0.seed(of: "head")) }
    if let dropout { states = dropout(states) }
    let logits = owner.head.logits(states, owner.added)
    let (loss, g) = try owner.loss(logits, target, of: utterance)
    var (toStates, toHead) = owner.head.gradients(g, states: states, owner.added)
    guard let pass else { return (loss, toHead) }
    if let dropout { toStates = dropout(toStates) }
    let found = try pass.parameterGradients(from: [top: toStates]) { key in
      places.names(of: key).contains(where: wanted.contains)
    }
    var gradients = places.gradients(found, values: body)
    if let adapter = owner.adapter {
      gradients = adapter.gradients(gradients, owner.added)
    } else {
      gradients = gradients.filter { wanted.contains($0.key) }
    }
    gradients.merge(toHead) { own, _ in own }
    return (loss, gradients)
  }

  /// The tap point that the first trained part makes: nothing before it is recorded. Nil where all is.
  private var firstTap: String? {
    // Tap points that are means of tokens are not what the next block reads.
    guard owner.head.rowEpsilon == nil else { return nil }
    return switch wanted.map({ ModelPart(parameter: $0, normalisesFirst: owner.normalisesFirst) }).min() {
    case .hidden(let number) where number > 0: "hidden.\(number)"
    case .hidden, .projection: "projection"
    default: nil
    }
  }

  /// About how many bytes a pass over so many samples takes, there and back: what the pool of its model has given out at
  /// most, and what is made on the way back, a few times its largest tensor; and how many rows attend to each other.
  func measuredBytes(samples: Int) throws -> (bytes: Int, attendingRows: Int) {
    var random = RandomNumbers(seed: 0)
    let sound = (0..<samples).map { _ in Float(random.normal()) }
    let fresh = try owner.ready()
    if wanted.isEmpty {
      _ = try fresh.states(sound, threads: 1)
      return (fresh.model.passMemory, 0)
    }
    let top = owner.base.topTap?.name ?? ""
    let pass = try RecordedPass(fresh.model, sound, upTo: top, keepsAll: true, from: fresh.firstTap)
    return (fresh.model.passMemory + 4 * pass.largestBytes, pass.attendingRows)
  }
}
