import Models
import Tensors

/// What is to be explained: a weighted sum of a layer's values, meaned over the frames of a span.
///
/// A class of the model's head, a class of a linear probe at any layer, and a single unit are all of this kind.
public struct AttributionTarget: Sendable {
  /// In words, such as "class æ of the head" or "æ by a probe of hidden.6".
  public let name: String
  /// The layer whose values are weighted.
  public let tap: String
  /// One for each of the layer's values.
  public let weights: [Float]
  /// What is added to the weighted sum.
  public let bias: Double
  /// Seconds, `[start, end)`; nil is the whole utterance.
  public var span: Range<Double>?
  /// The row of a layer of tokens; nil is all of them.
  public var row: Int?
  /// The class of a probe, by its label; nil for other targets.
  public var label: String?

  public init(
    name: String, tap: String, weights: [Float], bias: Double = 0, span: Range<Double>? = nil,
    row: Int? = nil
  ) {
    self.name = name
    self.tap = tap
    self.weights = weights
    self.bias = bias
    self.span = span
    self.row = row
  }

  /// A class of the model's own head, by its number.
  /// - Throws: `AttributionError.noHead` of a model without a head, `.targetOutOfRange` for a class that it does not
  ///   have.
  public static func headClass(
    _ number: Int, of model: SpeechModel, name: String? = nil, span: Range<Double>? = nil
  ) throws -> AttributionTarget {
    guard let head = model.taps.first(where: { $0.name == "logits" }) else {
      throw AttributionError.noHead(model: model.name)
    }
    return try unit(
      number, of: head, what: "class",
      name: name.map { "“\($0)” of the head" } ?? "class \(number) of the head", span: span)
  }

  /// One value of a layer.
  /// - Throws: `AttributionError.targetOutOfRange` for a unit that the layer does not have.
  public static func unit(
    _ number: Int, of tap: TapPoint, span: Range<Double>? = nil
  ) throws -> AttributionTarget {
    try unit(number, of: tap, what: "unit", name: "unit \(number) of \(tap.name)", span: span)
  }

  private static func unit(
    _ number: Int, of tap: TapPoint, what: String, name: String, span: Range<Double>?
  ) throws -> AttributionTarget {
    guard (0..<tap.width).contains(number) else {
      throw AttributionError.targetOutOfRange(what: what, found: number, count: tap.width)
    }
    var weights = [Float](repeating: 0, count: tap.width)
    weights[number] = 1
    return AttributionTarget(name: name, tap: tap.name, weights: weights, span: span)
  }

  /// A class of a linear probe, by its label. A softmax sees only differences between classes, so it is the class
  /// against the mean of all.
  /// - Throws: `AttributionError.unknownSymbol` for a label that the probe does not know.
  public static func probe(
    _ probe: LinearReadout, class label: String, span: Range<Double>? = nil
  ) throws -> AttributionTarget {
    guard let number = probe.classes.firstIndex(of: label) else {
      throw AttributionError.unknownSymbol(name: label, known: probe.classes)
    }
    let (values, width, count) = (probe.weights.values, probe.weights.width, probe.classes.count)
    let weights = (0..<width).map { column in
      let sum = (0..<count).reduce(Float(0)) { $0 + values[$1 * width + column] }
      return values[number * width + column] - sum / Float(count)
    }
    let mean = probe.intercepts.reduce(0, +) / Float(count)
    var target = AttributionTarget(
      name: "“\(label)” by a probe of \(probe.layer)", tap: probe.layer, weights: weights,
      bias: Double(probe.intercepts[number] - mean), span: span)
    target.label = label
    return target
  }
}

extension AttributionTarget {
  /// The frames of `tap` whose centres the span holds; a single one stands for the whole recording.
  /// - Throws: `AttributionError.emptySpan` where no frame's centre is in the span, `.targetOutOfRange` for a row
  ///   beyond the last.
  public func frames(of point: TapPoint, count: Int) throws -> [Int] {
    if let row {
      guard (0..<count).contains(row) else {
        throw AttributionError.targetOutOfRange(what: "row", found: row, count: count)
      }
      return [row]
    }
    if count == 1 { return [0] }
    guard let span else { return Array(0..<count) }
    guard let timing = point.timing else {
      throw AttributionError.notApplicable(
        method: "a span", reason: "rows of \(point.name) are tokens and have no time")
    }
    let frames = (0..<count).filter { span.contains(timing.centre(of: $0)) }
    guard !frames.isEmpty else {
      throw AttributionError.emptySpan(start: span.lowerBound, end: span.upperBound, layer: point.name)
    }
    return frames
  }

  /// Its value and what its gradient is at its layer, for that layer's `values` `[frames × width]`.
  func reading(of values: Tensor, at point: TapPoint) throws -> (value: Double, seed: Tensor) {
    guard weights.count == values.width else {
      throw AttributionError.targetOutOfRange(what: "weight", found: weights.count, count: values.width)
    }
    let frames = try frames(of: point, count: values.rows)
    let share = 1 / Float(frames.count)
    var value = 0.0
    let seed = values.withUnsafeBuffer { values in
      Tensor(shape: [values.count / weights.count, weights.count]) { seed in
        seed.update(repeating: 0)
        for frame in frames {
          for (column, weight) in weights.enumerated() {
            seed[frame * weights.count + column] = weight * share
            value += Double(values[frame * weights.count + column]) * Double(weight)
          }
        }
      }
    }
    return (value / Double(frames.count) + bias, seed)
  }
}

extension SpeechModel {
  /// The tap point of this name, of the decoder too where it is given `tokens`; throws the model's own error where
  /// there is none.
  func tap(_ name: String, tokens: [Int]?) throws -> TapPoint {
    let points = taps + (tokens == nil ? [] : decoderTaps)
    if let point = points.first(where: { $0.name == name }) { return point }
    guard let point = try points.resolve(layers: name).first else {
      throw ModelError.unknownLayer(name: name, nearest: points.prefix(3).map(\.name))
    }
    return point
  }

  /// One pass, of the decoder too where there are tokens.
  func forward(
    _ samples: [Float], tokens: [Int]?, taps: Set<String>, threads: Int,
    recorder: (any OperationRecorder)? = nil, noise: PassNoise? = nil,
    visit: (String, Tensor) throws -> Void
  ) throws {
    guard let tokens else {
      return try forward(
        inputValues: samples, taps: taps, threads: threads, recorder: recorder, noise: noise, visit: visit)
    }
    try forward(
      inputValues: samples, tokens: tokens, taps: taps, threads: threads, recorder: recorder, visit: visit)
  }
}
