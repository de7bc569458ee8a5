import Checkpoints
import Tensors

/// Gives an architecture its parameters by name, from a checkpoint or freshly drawn, and keeps account: what was
/// missing or of another shape, and what was not asked for.
///
/// An architecture asks for all it needs and only then calls `finish`, which throws everything that is wrong at
/// once; until then a parameter that could not be had is an empty tensor.
struct ParameterReader {
  enum Source {
    /// `names` leads from the architecture's names to the checkpoint's.
    case checkpoint(Checkpoint, names: [String: String])
    case random(seed: UInt64)
    /// Values that are being trained, by the architecture's names.
    case values([String: Tensor])
  }

  let path: String
  let source: Source
  /// The number of values of all parameters read so far.
  private(set) var count = 0
  private var used: Set<String> = []
  /// Those that were found.
  private(set) var parameters: [TensorReport.Parameter] = []
  private var missing: [String] = []
  private var misshapen: [ModelError.ShapeMismatch] = []
  /// Of which parameters the model's tensors are made, where it is trained.
  private(set) var places = ParameterPlaces()

  init(path: String, source: Source) {
    self.path = path
    self.source = source
  }

  /// Whether the source has this parameter; freshly drawn models have those that they are asked for.
  func has(_ name: String) -> Bool {
    switch source {
    case .checkpoint(_, let names): names[name] != nil
    case .random: false
    case .values(let values): values[name] != nil
    }
  }

  /// Whether it is asked for a model whose parameters are being trained.
  var isTraining: Bool { if case .values = source { true } else { false } }

  /// The shape under which the source has it.
  func shape(of name: String) -> [Int]? {
    if case .values(let values) = source { return values[name]?.shape }
    guard case .checkpoint(let checkpoint, let names) = source, let stored = names[name] else { return nil }
    return checkpoint.tensors[stored]?.shape
  }

  /// The same where the model cannot be without it: a shape of `rank` extents, none of them beyond any real model's.
  func knownShape(of name: String, rank: Int) throws -> [Int] {
    guard let shape = shape(of: name) else {
      throw ModelError.tensors(path: path, missing: [name], misshapen: [], unused: [])
    }
    guard shape.count == rank, shape.allSatisfy({ (1...262_144).contains($0) }) else {
      throw ModelError.configuration(
        path: path, key: "tensor \(name)", found: "of shape \(shape)", expected: "\(rank) extents")
    }
    return shape
  }

  /// The parameter `name`, which must have `shape` and only finite values.
  mutating func tensor(_ name: String, _ shape: [Int], _ initial: Initialisation) throws -> Tensor {
    switch source {
    case .random(let seed):
      count += Tensor.elementCount(of: shape)
      return initial.tensor(shape, name: name, seed: seed)
    case .values(let values):
      guard let value = values[name] else {
        missing.append(name)
        return Tensor(shape: [0])
      }
      used.insert(name)
      guard value.shape == shape else {
        misshapen.append(.init(name: name, found: value.shape, expected: shape))
        return Tensor(shape: [0])
      }
      count += value.count
      places.add(value, .itself(name))
      return value
    case .checkpoint(let checkpoint, let names):
      guard let stored = names[name], let entry = checkpoint.tensors[stored] else {
        missing.append(name)
        return Tensor(shape: [0])
      }
      used.insert(name)
      guard entry.shape == shape else {
        misshapen.append(.init(name: stored, found: entry.shape, expected: shape))
        return Tensor(shape: [0])
      }
      guard !entry.type.isInteger else {
        throw ModelError.integerWeight(path: path, tensor: stored, type: entry.type.rawValue)
      }
      let tensor = try checkpoint.tensor(stored)
      if let index = tensor.firstNonFinite() {
        throw ModelError.nonFiniteWeight(path: path, tensor: stored, index: index)
      }
      count += tensor.count
      parameters.append(.init(name: name, shape: shape))
      if entry.type != .float32 { checkpoint.release(stored) }
      return tensor
    }
  }

  /// To be called for a parameter of which only a copy in another order is kept.
  private func release(_ name: String) {
    if case .checkpoint(let checkpoint, let names) = source, let stored = names[name] {
      checkpoint.release(stored)
    }
  }

  /// How many tensors have been read.
  var usedCount: Int { used.count }

  /// The checkpoint's names of those in `names` that were not read, sorted.
  func unused(among names: Set<String>) -> [String] {
    guard case .checkpoint(_, let stored) = source else { return [] }
    return names.subtracting(used).compactMap { stored[$0] }.sorted()
  }

  /// Throws what is wrong with the parameters asked for so far. `ignored` are those with a known place elsewhere.
  func finish(ignoring ignored: Set<String>) throws {
    var unused: [String] = []
    if case .values(let values) = source { unused = Set(values.keys).subtracting(used).sorted() }
    if case .checkpoint(_, let names) = source {
      unused = self.unused(among: Set(names.keys).subtracting(ignored))
    }
    guard missing.isEmpty && misshapen.isEmpty && unused.isEmpty else {
      throw ModelError.tensors(path: path, missing: missing, misshapen: misshapen, unused: unused)
    }
  }
}

// MARK: - Layers

extension ParameterReader {
  mutating func linear(
    _ name: String, _ inputs: Int, _ outputs: Int, weight: Initialisation, bias: Initialisation? = .zeros
  ) throws -> Linear {
    Linear(
      weight: try tensor("\(name).weight", [outputs, inputs], weight),
      bias: try bias.map { try tensor("\(name).bias", [outputs], $0) } ?? Tensor(shape: [outputs]))
  }

  mutating func layerNorm(_ name: String, _ width: Int, epsilon: Float) throws -> LayerNorm {
    LayerNorm(
      weight: try tensor("\(name).weight", [width], .ones),
      bias: try tensor("\(name).bias", [width], .zeros),
      epsilon: epsilon)
  }

  /// A convolution's weight `[outputs × inputs × kernel]`, as rows of taps.
  mutating func taps(_ name: String, _ shape: [Int], _ initial: Initialisation) throws -> Tensor {
    let weight = try tensor(name, shape, initial).tapByTap()
    release(name)
    if isTraining { places.add(weight, .taps(of: name, shape: shape)) }
    return weight
  }

  /// Notes that `tensor` is the values of these parameters, one after the other.
  mutating func tell(_ tensor: Tensor, isMadeOf names: [String]) {
    if isTraining { places.add(tensor, .joined(names)) }
  }

  /// A batch norm as it is after training, a fixed factor and summand for each of `width` channels.
  mutating func batchNorm(
    _ name: String, _ width: Int, epsilon: Float = 1e-5
  ) throws -> (factor: Tensor, summand: Tensor) {
    let weight = try tensor("\(name).weight", [width], .ones).values
    let bias = try tensor("\(name).bias", [width], .zeros).values
    let mean = try tensor("\(name).running_mean", [width], .zeros).values
    let variance = try tensor("\(name).running_var", [width], .ones).values
    guard [weight, bias, mean, variance].allSatisfy({ $0.count == width }) else {
      return (Tensor(shape: [0]), Tensor(shape: [0]))
    }
    let factor = (0..<width).map { weight[$0] / (variance[$0] + epsilon).squareRoot() }
    let summand = (0..<width).map { bias[$0] - mean[$0] * factor[$0] }
    return (Tensor(factor, shape: [width]), Tensor(summand, shape: [width]))
  }

  /// A convolution's weight `[outputs × inputs × kernel]` under weight norm over one axis: direction v and length g of
  /// each tap (axis 2) or of each output (axis 0), under either of the names that PyTorch gave them, or already
  /// multiplied out.
  mutating func weightNormed(
    _ name: String, _ shape: [Int], _ initial: Initialisation, axis: Int = 2
  ) throws -> Tensor {
    let spellings = [
      ("\(name).weight_g", "\(name).weight_v"),
      ("\(name).parametrizations.weight.original0", "\(name).parametrizations.weight.original1"),
    ]
    guard let (length, direction) = spellings.first(where: { has($0.1) }) else {
      return try tensor("\(name).weight", shape, initial)
    }
    let lengths = shape.indices.map { $0 == axis ? shape[$0] : 1 }
    let g = try tensor(length, lengths, .ones)
    let v = try tensor(direction, shape, initial)
    guard g.count == shape[axis], v.shape == shape else { return v }
    defer { release(direction) }
    let count = shape[axis]
    // From one value to the next along the axis.
    let step = shape[(axis + 1)...].reduce(1, *)
    return g.withUnsafeBuffer { g in
      v.withUnsafeBuffer { v in
        var squares = [Double](repeating: 0, count: count)
        for index in v.indices { squares[index / step % count] += Double(v[index]) * Double(v[index]) }
        let scales = squares.indices.map { squares[$0] > 0 ? Double(g[$0]) / squares[$0].squareRoot() : 0 }
        let weight = Tensor(shape: shape) { weight in
          for index in v.indices { weight[index] = Float(Double(v[index]) * scales[index / step % count]) }
        }
        if isTraining { places.add(weight, .normed(length: length, direction: direction, axis: axis)) }
        return weight
      }
    }
  }
}

extension Tensor {
  /// A convolution's weight `[outputs × inputs × kernel]` as rows of taps, `[outputs × kernel · inputs]`; what could
  /// not be read stays empty.
  func tapByTap() -> Tensor {
    guard shape.count == 3, count > 0 else { return self }
    let (outputs, inputs, kernel) = (shape[0], shape[1], shape[2])
    return withUnsafeBuffer { source in
      Tensor(shape: [outputs, kernel * inputs]) { target in
        for output in 0..<outputs {
          let row = output * inputs * kernel
          for input in 0..<inputs {
            for tap in 0..<kernel {
              target[row + tap * inputs + input] = source[row + input * kernel + tap]
            }
          }
        }
      }
    }
  }
}
