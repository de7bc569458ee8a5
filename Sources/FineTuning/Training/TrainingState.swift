import Checkpoints
import Foundation
import Tensors

/// Everything that a training goes on from: parameters, the optimiser's moments, and what has been seen.
struct TrainingState: Sendable {
  /// Updates done.
  var step = 0
  var optimiser: AdamW
  var parameters: [String: Tensor]
  /// The best look at the development part so far, and the parameters then.
  var best: (step: Int, score: Double, parameters: [String: Tensor])?
  /// Looks since then.
  var looksWithoutBest = 0
  /// Of the parameters, where it is wanted.
  var mean = ParameterMean()
}

/// Numbers of a state that are no tensors, and what the training is of.
private struct TrainingRecord: Codable {
  var step: Int
  var bestStep: Int?
  var bestScore: Double?
  var looks: Int
  var averaged: Int?
}

extension TrainingState {
  static let file = "training.safetensors"

  /// Writes the state whole, in the place of an older one.
  /// - Parameter identity: What tells this training from others: its settings, model and utterances.
  func write(to path: String, identity: String) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    func add(_ kind: String, _ values: [String: Tensor]) {
      for name in values.keys.sorted() {
        if let value = values[name] { tensors.append(("\(kind)/\(name)", value)) }
      }
    }
    add("parameter", parameters)
    add("first", optimiser.first)
    add("second", optimiser.second)
    add("best", best?.parameters ?? [:])
    add("mean", mean.values)
    let record = TrainingRecord(
      step: step, bestStep: best?.step, bestScore: best?.score, looks: looksWithoutBest,
      averaged: mean.count == 0 ? nil : mean.count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try SafetensorsWriter.write(
      tensors,
      metadata: [
        "training": identity, "state": String(decoding: try encoder.encode(record), as: UTF8.self),
      ], to: path)
  }

  /// The state in a file; nil where there is none.
  ///
  /// - Throws: `FineTuningError.otherTraining` for one of another training, `.badCheckpoint`, `CheckpointError`.
  init?(
    contentsOf path: String, identity: String, optimiser settings: AdamW.Settings,
    like parameters: [String: Tensor]
  )
    throws
  {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try Checkpoint.open(path)
    let metadata = file.metadata["__metadata__"] ?? file.metadata
    guard let found = metadata["training"]?.string, let text = metadata["state"]?.string,
      let record = try? JSONDecoder().decode(TrainingRecord.self, from: Data(text.utf8))
    else {
      throw FineTuningError.badCheckpoint(path: path, reason: "it does not say of which training it is")
    }
    guard found == identity else {
      let difference = Self.difference(found, identity)
      throw FineTuningError.otherTraining(
        folder: URL(filePath: path).deletingLastPathComponent().path, difference: difference)
    }
    func read(_ kind: String, optional: Bool) throws -> [String: Tensor] {
      var values: [String: Tensor] = [:]
      for (name, parameter) in parameters {
        guard let entry = file.tensors["\(kind)/\(name)"] else {
          if optional { continue }
          throw FineTuningError.badCheckpoint(path: path, reason: "it has no \(kind)/\(name)")
        }
        guard entry.shape == parameter.shape else {
          throw FineTuningError.badCheckpoint(path: path, reason: "\(name) has shape \(entry.shape)")
        }
        // A copy: the file is written over later.
        let value = try file.tensor("\(kind)/\(name)")
        values[name] = Tensor(value.values, shape: value.shape)
      }
      return values
    }
    step = record.step
    self.parameters = try read("parameter", optional: false)
    optimiser = AdamW(
      settings, step: record.step, first: try read("first", optional: true),
      second: try read("second", optional: true))
    if let bestStep = record.bestStep, let score = record.bestScore {
      best = (bestStep, score, try read("best", optional: false))
    }
    looksWithoutBest = record.looks
    if let count = record.averaged {
      mean = ParameterMean(count: count, values: try read("mean", optional: false))
    }
  }

  /// The lines that two descriptions do not share.
  private static func difference(_ a: String, _ b: String) -> String {
    let (first, second) = (a.components(separatedBy: "\n"), b.components(separatedBy: "\n"))
    let changed = zip(first, second).first { $0 != $1 }
    return changed.map { "\($0) there, \($1) now" } ?? "of another length"
  }
}
