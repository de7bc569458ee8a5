import Audio
import Checkpoints
import Foundation
import Models
import Tensors

/// Every layer's activations for recordings, written to one safetensors file.
///
/// A layer is `[frames × dim]` under its tap point's name, attention `[heads × frames × frames]` as `attention.k`;
/// for several recordings the names carry the file's stem, `stem/hidden.3`.
public struct ActivationExport: Sendable {
  public var model: SpeechModel
  /// Names of tap points; nil for all.
  public var taps: [String]?
  public var includesAttention = false
  public var threads = ProcessInfo.processInfo.activeProcessorCount

  public init(model: SpeechModel) { self.model = model }

  /// Reads each recording, runs the model over it and writes `output`; nothing is left under that name where
  /// anything fails.
  public func write(_ recordings: [String], to output: String) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    var names = Set(taps ?? model.taps.map(\.name))
    if includesAttention { names.formUnion(model.attentionTaps.map(\.name)) }
    let stems = Self.stems(of: recordings)
    for (recording, stem) in zip(recordings, stems) {
      let waveform = try Waveform.read(recording)
      do {
        try model.forward(waveform, taps: names, threads: threads) { name, states in
          tensors.append((stem.map { "\($0)/\(name)" } ?? name, states))
        }
      } catch let error as ModelError {
        throw ExportError.recording(path: recording, reason: error.description)
      }
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: output)
  }

  /// What a reader of the file needs to place a frame in time.
  private var metadata: [String: String] {
    var metadata = [
      "model": model.name, "fingerprint": model.fingerprint, "sampling_rate": "\(model.samplingRate)",
      "written_by": "strata \(Release.version)",
    ]
    for tap in model.taps where taps?.contains(tap.name) ?? true {
      guard let timing = tap.timing else { continue }
      metadata["timing.\(tap.name)"] =
        "stride_samples=\(timing.strideSamples) receptive_field_samples=\(timing.receptiveFieldSamples) "
        + "first_centre_sample=\(timing.firstCentreSample)"
    }
    return metadata
  }

  /// Nil for a single recording; else each file's name without its extension, numbered where two are equal.
  static func stems(of recordings: [String]) -> [String?] {
    guard recordings.count > 1 else { return recordings.map { _ in nil } }
    var seen: [String: Int] = [:]
    return recordings.map { recording in
      let stem = URL(filePath: recording).deletingPathExtension().lastPathComponent
      seen[stem, default: 0] += 1
      return seen[stem] == 1 ? stem : "\(stem)-\(seen[stem] ?? 0)"
    }
  }
}

/// A recording that the model could not be run over.
public enum ExportError: Error, Equatable, CustomStringConvertible, Sendable {
  case recording(path: String, reason: String)

  public var description: String {
    switch self {
    case .recording(let path, let reason): "\(path): \(reason)"
    }
  }
}
