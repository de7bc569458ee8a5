import Files
import Foundation

/// One line of a training's log.
public struct TrainingEntry: Codable, Sendable, Equatable {
  /// The update, counted from 1.
  public var step: Int
  /// Passes over the training part.
  public var passes: Double
  /// The mean of the batch, before the update.
  public var loss: Double
  /// Of the layers' rates the largest.
  public var rate: Double
  /// Of all gradients, before clipping.
  public var gradientNorm: Double
  /// What was found on the development part after this update; nil where nobody looked.
  public var development: Development?

  /// A look at the development part, after the update.
  public struct Development: Codable, Sendable, Equatable {
    /// The mean loss over the development part.
    public var loss: Double
    /// The rate of errors for CTC, else the share of wrong classes.
    public var errors: Double
  }
}

/// `training.jsonl`: a line of JSON for each step, which nothing in it but the training decides.
struct TrainingLog: Sendable {
  private(set) var entries: [TrainingEntry] = []

  /// The lines up to a step, of a log that may have more of them, or half a line.
  init(contentsOf path: String, upTo step: Int) {
    guard step > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
    for line in text.split(separator: "\n") {
      guard let entry = try? JSONDecoder().decode(TrainingEntry.self, from: Data(line.utf8)),
        entry.step <= step
      else {
        break
      }
      entries.append(entry)
    }
  }

  mutating func add(_ entry: TrainingEntry) { entries.append(entry) }

  /// Writes all lines.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = Data()
    for entry in entries { text += try encoder.encode(entry) + Data("\n".utf8) }
    try WholeFile.write(text, to: path)
  }
}
