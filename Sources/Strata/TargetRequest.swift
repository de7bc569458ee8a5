import Attribution
import Corpora
import Foundation
import Models
import Tensors

/// What is to be explained, in a user's words; `target` finds it in a model and a recording.
public struct TargetRequest: Sendable {
  /// A class by name or by number; nil for the likeliest.
  public var className: String?
  /// A unit of `layer`.
  public var unit: Int?
  /// The layer of a unit.
  public var layer: String?
  /// Seconds; nil for the whole recording.
  public var span: Range<Double>?
  /// A token among those that the decoder is given, by its place from 0, with its words.
  public var token: (place: Int, name: String)?
  /// The names of the head's classes.
  public var headClasses: [String] = []

  public init() {}

  /// What is explained of `explanation`'s recording: a class of `probe`, or without one of the model's own head, or a
  /// unit.
  /// - Throws: `AttributionError`, `ModelError`.
  public func target(of explanation: AttributionRun, probe: LinearReadout? = nil) throws
    -> AttributionTarget
  {
    let model = explanation.model
    if let probe {
      if let className { return try .probe(probe, class: className, span: span) }
      let mean = try mean(of: probe.layer, explanation)
      let scores = probe.scores(of: Tensor(mean, shape: [1, mean.count])).values
      let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
      return try .probe(probe, class: probe.classes[best], span: span)
    }
    if let unit {
      return try .unit(unit, of: Self.layer(named: layer, of: model), span: span)
    }
    if let token { return try target(of: token, explanation) }
    guard model.taps.contains(where: { $0.name == "logits" }) else {
      throw AttributionError.noHead(model: model.name)
    }
    let number = try className.map { try classNumber($0) } ?? likeliestClass(explanation)
    let name = headClasses.indices.contains(number) ? headClasses[number] : nil
    return try .headClass(number, of: model, name: name, span: span)
  }

  /// The layer that a unit is of: without a name the last hidden layer or, of a model that has none, its last.
  /// - Throws: `ModelError.unknownLayer`.
  public static func layer(named name: String?, of model: SpeechModel) throws -> TapPoint {
    let last = model.taps.last(where: \.kind.isHidden) ?? model.taps.last
    guard let point = try name.map({ try model.resolve(layers: $0).first }) ?? last else {
      throw ModelError.unknownLayer(name: name ?? "", nearest: [])
    }
    return point
  }

  /// A token as the one before it foretells it.
  private func target(
    of token: (place: Int, name: String), _ explanation: AttributionRun
  ) throws -> AttributionTarget {
    let tokens = explanation.tokens ?? []
    guard let head = explanation.model.decoderTaps.last else {
      throw AttributionError.notApplicable(
        method: "a token", reason: "\(explanation.model.name) has no decoder")
    }
    guard token.place > 0, token.place < tokens.count else {
      throw AttributionError.targetOutOfRange(what: "token", found: token.place, count: tokens.count)
    }
    var target = try AttributionTarget.unit(tokens[token.place], of: head)
    target.row = token.place - 1
    return AttributionTarget(
      name: "token “\(token.name)” of the decoder", tap: target.tap, weights: target.weights,
      row: target.row)
  }

  private func classNumber(_ name: String) throws -> Int {
    if let number = headClasses.firstIndex(of: name) ?? Int(name) { return number }
    throw AttributionError.unknownSymbol(
      name: name, known: headClasses.isEmpty ? ["numbers only: no names lie with the model"] : headClasses)
  }

  /// By its mean over the span, among those that stand for something said.
  private func likeliestClass(_ explanation: AttributionRun) throws -> Int {
    let mean = try mean(of: "logits", explanation)
    let said = mean.indices.filter {
      !headClasses.indices.contains($0) || !HeadClasses.fillers.contains(headClasses[$0])
    }
    return said.max { mean[$0] < mean[$1] } ?? 0
  }

  /// The mean over the span's frames.
  private func mean(of layer: String, _ explanation: AttributionRun) throws -> [Float] {
    let whole = AttributionTarget(name: "", tap: layer, weights: [], span: span)
    var mean: [Float] = []
    let point = try explanation.model.resolve(layers: layer)[0]
    try explanation.forward(to: layer) { values in
      let frames = try whole.frames(of: point, count: values.rows)
      mean = (0..<values.width).map { column in
        frames.reduce(Float(0)) { $0 + values[row: $1][column] } / Float(frames.count)
      }
    }
    return mean
  }
}

extension AttributionRun {
  /// A layer's values for this recording.
  func forward(to layer: String, _ body: (Tensor) throws -> Void) throws {
    try model.forward(inputValues: samples, taps: [layer], threads: threads) { try body($1) }
  }
}
