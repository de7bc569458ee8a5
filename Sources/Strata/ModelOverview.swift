import Foundation
import Models

/// A model as a table: what it is, its tap points with their widths and times, and tensors without a place.
public struct ModelOverview: CustomStringConvertible, Sendable {
  private let model: SpeechModel

  public init(_ model: SpeechModel) { self.model = model }

  public var description: String {
    let parameters = String(format: "%.1f", Double(model.parameters) / 1e6)
    var lines = [
      "\(model.name): \(model.family), \(parameters) M parameters, \(model.samplingRate) Hz input, "
        + model.inputNormalisation,
      "fingerprint \(model.fingerprint)",
      "",
      row(["layer", "width", "step", "receptive field", "first centre"]),
    ]
    for tap in model.taps + model.decoderTaps {
      let times = tap.timing.map { timing in
        [timing.stride, timing.receptiveField, timing.centre(of: 0)].map { seconds in
          String(format: "%.2f ms", seconds * 1000)
        }
      }
      lines.append(row([tap.name, "\(tap.width)"] + (times ?? ["a token"])))
    }
    let report = model.tensorReport
    if !report.leftOut.isEmpty {
      lines += ["", "not needed here: \(report.leftOut.joined(separator: ", "))"]
    }
    if !report.ignored.isEmpty {
      lines += ["", "ignored as asked: \(report.ignored.joined(separator: ", "))"]
    }
    lines += report.notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  private func row(_ cells: [String]) -> String {
    zip(cells, [14, 7, 12, 17, 13]).map { cell, width in
      cell.padding(toLength: max(width, cell.count), withPad: " ", startingAt: 0)
    }.joined().trimmingCharacters(in: .whitespaces)
  }
}
