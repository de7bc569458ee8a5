import Tensors

/// Builds a described model's layers one after the other, with the shape and the timing of what each gives.
///
/// Sizes are the weights' own; where the description says one too, they must agree. Fresh weights are drawn as
/// PyTorch's layers draw them.
struct LayerBuilder {
  let path: String
  /// Of all tensors, for the twin those of the model that it is a twin of.
  let shapes: [String: [Int]]
  let isFrequencyFirst: Bool
  let samplingRate: Int
  var reader: ParameterReader

  // What the last layer gives: `[frames × frequencies · channels]`.
  var channels: Int
  var frequencies = 1
  /// Whether channels and frequencies are told apart.
  var isGrid = false
  // Where its frames lie, in samples.
  var hop: Int
  var field: Int
  var centre: Double

  var names: Set<String> = []
  var counts: [String: Int] = [:]

  init(_ file: ArchitectureFile, shapes: [String: [Int]], reader: ParameterReader) {
    path = file.path
    self.shapes = shapes
    self.reader = reader
    isFrequencyFirst = file.input.isFrequencyFirst
    samplingRate = file.input.samplingRate
    channels = file.input.width
    let timing = file.input.timing
    (hop, field, centre) = (timing.strideSamples, timing.receptiveFieldSamples, timing.firstCentreSample)
  }

  var width: Int { channels * frequencies }

  func error(_ entry: LayerEntry, _ found: String, _ expected: String) -> ModelError {
    .architecture(path: path, line: entry.line, found: found, expected: expected)
  }

  // MARK: Weights

  /// The extents of `name`, which must be there with `rank` of them.
  func shape(_ name: String, _ rank: Int, _ entry: LayerEntry) throws -> [Int] {
    guard let shape = shapes[name] else {
      let begun = shapes.keys.filter { !entry.weights.isEmpty && $0.hasPrefix(entry.weights) }.sorted()
      let near = (begun.isEmpty ? shapes.keys.sorted() : begun).prefix(6).joined(separator: ", ")
      throw error(entry, "no tensor \(name)", "one of the checkpoint's, such as \(near)")
    }
    guard shape.count == rank, shape.allSatisfy({ (1...262_144).contains($0) }) else {
      throw error(entry, "\(name) of shape \(shape)", "\(rank) extents")
    }
    return shape
  }

  mutating func tensor(
    _ name: String, _ shape: [Int], _ initial: Initialisation, _ entry: LayerEntry
  ) throws -> Tensor {
    let found = try self.shape(name, shape.count, entry)
    guard found == shape else { throw error(entry, "\(name) of shape \(found)", "\(shape)") }
    return try reader.tensor(name, shape, initial)
  }

  /// A bias where the checkpoint has one, else zeros.
  mutating func bias(
    _ name: String, _ count: Int, _ initial: Initialisation, _ entry: LayerEntry
  ) throws -> Tensor {
    shapes[name] == nil ? Tensor(shape: [count]) : try tensor(name, [count], initial, entry)
  }

  /// A linear layer of any name of weight, `inputs` wide.
  mutating func linear(
    weight: String, bias: String, inputs: Int, outputs: Int? = nil, _ initial: Initialisation,
    bias initialBias: Initialisation? = nil, _ entry: LayerEntry
  ) throws -> Linear {
    let outputs = try outputs ?? shape(weight, 2, entry)[0]
    return Linear(
      weight: try tensor(weight, [outputs, inputs], initial, entry),
      bias: try self.bias(bias, outputs, initialBias ?? initial, entry))
  }

  /// A norm with a scale and, where the checkpoint has one, a shift.
  mutating func norm(
    _ name: String, _ width: Int, centres: Bool = true, _ entry: LayerEntry
  ) throws -> LayerNorm {
    LayerNorm(
      weight: try tensor("\(name).weight", [width], .ones, entry),
      bias: try bias("\(name).bias", width, .zeros, entry), epsilon: entry.epsilon, centres: centres)
  }

  // MARK: Tap points

  /// The tap point of what has just been built. `part` counts the layers of a stack of several.
  mutating func tap(_ entry: LayerEntry, part: Int? = nil) throws -> TapPoint? {
    // One without a tap point takes no name from those that have one.
    guard entry.isTapped else { return nil }
    let name: String
    if let own = entry.name {
      name = part.map { "\(own).\($0)" } ?? own
    } else {
      name = numbered(entry.kind.tapName)
    }
    guard names.insert(name).inserted else {
      throw error(entry, "a second layer called \(name)", "a `name` of its own")
    }
    return TapPoint(
      name: name, width: width,
      timing: FrameTiming(
        samplingRate: samplingRate, strideSamples: hop, receptiveFieldSamples: field,
        firstCentreSample: centre))
  }

  mutating func numbered(_ name: String) -> String {
    counts[name, default: 0] += 1
    return "\(name).\(counts[name, default: 1])"
  }

  /// Moves on by a convolution with ends of its own.
  mutating func walk(_ pace: FramePace, _ entry: LayerEntry) throws {
    let span = (pace.axis.kernel - 1) * pace.axis.dilation
    field += span * hop
    centre += (Double(span) / 2 - Double(pace.left(of: pace.axis.stride))) * Double(hop)
    hop *= pace.axis.stride
    guard hop < 1 << 32, field < 1 << 40 else {
      throw error(entry, "a step of \(hop) samples", "layers that leave frames")
    }
  }

  /// Moves on by a walk over time.
  mutating func walk(_ axis: GridWalk.Axis, _ entry: LayerEntry) throws {
    field += (axis.kernel - 1) * axis.dilation * hop
    centre += (Double((axis.kernel - 1) * axis.dilation) / 2 - Double(axis.padding)) * Double(hop)
    hop *= axis.stride
    guard hop < 1 << 32, field < 1 << 40 else {
      throw error(entry, "a step of \(hop) samples", "layers that leave frames")
    }
  }
}
