import Checkpoints
import Corpora
import Foundation
import Models
import Probing
import Tensors

/// A linear reader of one layer: what tells its classes apart, in the units of the layer.
///
/// ```swift
/// let probe = try LinearReadout.fit(to: model, layer: "hidden.3", level: .phoneme, corpus: corpus)
/// let target = try AttributionTarget.probe(probe, class: "AE", span: 0.31..<0.42)
/// ```
public struct LinearReadout: Sendable {
  /// The level whose labels it reads.
  public let level: Level
  /// The layer that it reads.
  public let layer: String
  /// The labels, in the order of the rows of `weights`.
  public let classes: [String]
  /// `[classes × width]`
  public let weights: Tensor
  /// One for each class: what is added to `weights · x`.
  public let intercepts: [Float]
  /// What it was fitted on and how well it reads spans that it has not seen, in words.
  public let remark: String
  /// The model whose layer it reads.
  public let fingerprint: String

  public init(
    level: Level, layer: String, classes: [String], weights: Tensor, intercepts: [Float], remark: String,
    fingerprint: String
  ) {
    precondition(weights.rows == classes.count && intercepts.count == classes.count, "\(weights.shape)")
    self.level = level
    self.layer = layer
    self.classes = classes
    self.weights = weights
    self.intercepts = intercepts
    self.remark = remark
    self.fingerprint = fingerprint
  }

  /// Its classes' scores for each row, `[rows × classes]`.
  public func scores(of states: Tensor) -> Tensor {
    var scores = matrixProduct(states, .none, weights, .transposed)
    scores.addToRows(Tensor(intercepts, shape: [intercepts.count]))
    return scores
  }
}

// MARK: - Files

extension LinearReadout {
  /// Writes it as safetensors: `weights`, `intercepts`, and the rest as metadata.
  /// - Throws: `CheckpointError` where the file cannot be written.
  public func write(to path: String) throws {
    try SafetensorsWriter.write(
      [("weights", weights), ("intercepts", Tensor(intercepts, shape: [intercepts.count]))],
      metadata: [
        "level": level.rawValue, "layer": layer, "classes": classes.joined(separator: "\n"),
        "remark": remark, "model": fingerprint,
      ], to: path)
  }

  /// Reads what `write` has written.
  ///
  /// Throws `CheckpointError`, and `AttributionError.notAProbe` for a file of something else.
  public static func read(_ path: String) throws -> LinearReadout {
    let file = try Checkpoint.open(path)
    func word(_ key: String) throws -> String {
      guard let value = file.metadata[key]?.string else {
        throw AttributionError.notAProbe(path: path, missing: key)
      }
      return value
    }
    let name = try word("level")
    guard let level = Level(rawValue: name) else {
      throw AttributionError.notAProbe(path: path, missing: "level that is known, found is \(name)")
    }
    let classes = try word("classes").components(separatedBy: "\n")
    let (weights, intercepts) = (try file.tensor("weights"), try file.tensor("intercepts"))
    guard weights.shape.count == 2, weights.rows == classes.count, intercepts.count == classes.count else {
      throw AttributionError.notAProbe(path: path, missing: "row of weights for each of its classes")
    }
    return LinearReadout(
      level: level, layer: try word("layer"), classes: classes, weights: weights,
      intercepts: intercepts.values, remark: try word("remark"), fingerprint: try word("model"))
  }
}
