import Activations
import Audio
import Files
import Foundation
import Foundations
import Models
import Tensors

/// Every layer's activations for recordings, written to one file.
///
/// ```swift
/// var export = ActivationExport(model: model)
/// export.taps = ["hidden.3", "hidden.6"]
/// try await export.write(["a.flac", "b.flac"], to: "both.h5")
/// ```
/// A layer is `[frames × dim]` under its tap point's name, attention `[heads × frames × frames]` as `attention.k`;
/// for several recordings the names carry what tells these apart, mostly the file's stem: `stem/hidden.3`. The
/// file's metadata tells the model and where each layer's frames lie; it can be studied in the model's place.
///
/// Recordings are run in parallel and written in their order, so that the same recordings give the same bytes;
/// only those under way are in memory.
public struct ActivationExport: Sendable {
  /// The model that is run over the recordings.
  public var model: SpeechModel
  /// Names of tap points; nil for all.
  public var taps: [String]?
  /// Whether every attention map is written too: `[heads × frames × frames]`, which grows with the square of the
  /// length.
  public var includesAttention = false
  /// Nil for what the output's ending says.
  public var format: ActivationFormat?
  /// How many threads work at once; the result does not depend on it.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// Told, from any thread, how far the work is.
  public var onProgress: @Sendable (StudyProgress) -> Void = { _ in }
  /// Asked now and then; true ends the work with `ExportError.interrupted`.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(model: SpeechModel) { self.model = model }

  /// Reads each recording, or each one in a folder, runs the model over it and writes `output`; nothing is left
  /// under that name where anything fails. The work is done away from the caller's thread; cancelling the task stops it.
  /// - Throws: `ExportError`, `AudioError` for a recording that cannot be read, and what writing throws.
  public func write(_ recordings: [String], to output: String) async throws {
    try await write(try plan(recordings, to: output))
  }

  /// Runs the model over the planned recordings and writes the planned file, whole or not at all. The work is done away from the
  /// caller's thread; cancelling the task stops it.
  /// - Throws: `ExportError`, `AudioError` for a recording that cannot be read, and what writing throws.
  public func write(_ plan: ExportPlan) async throws {
    try await runBlocking(asking: isCancelled) { isCancelled in
      var own = self
      own.isCancelled = isCancelled
      try own.run(plan)
    }
  }

  /// The same on this thread.
  private func run(_ plan: ExportPlan) throws {
    try plan.requireRoom()
    let recordings = plan.recordings.map(\.path)
    let stems = plan.recordings.map(\.stem)
    let arrays = stems.flatMap { stem in wanted.map { Self.name($0.name, stem) } }
    try ActivationWriter.write(to: plan.output, as: plan.format, names: arrays, metadata: metadata) {
      append in
      try requiring(model.requireUnchanged) {
        try FileFingerprints().requiringUnchanged(recordings) { try run(plan, append) }
      }
    }
  }

  private func run(_ plan: ExportPlan, _ append: @escaping ActivationWriter.Append) throws {
    let stems = plan.recordings.map(\.stem)
    let names = Set(wanted.map(\.name))
    let started = Date()
    let total = plan.seconds
    let queue = OrderedQueue<Result<[Layer], any Error>>(
      count: stems.count, window: threads + 1
    ) { [onProgress] index, outcome in
      for layer in try outcome.get() { try append(Self.name(layer.name, stems[index]), layer.frames()) }
      let done = plan.recordings[...index].reduce(0) { $0 + $1.seconds }
      let rate = done / max(Date().timeIntervalSince(started), 1e-3)
      onProgress(
        StudyProgress(
          stage: "Extracting \(model.name)", done: Int(done * 10), total: max(1, Int(total * 10)),
          detail: "\(index + 1)/\(stems.count) recordings  \(Int(rate)) × real time"))
    }
    let workers = min(max(1, threads), max(1, stems.count))
    parallelFor(workers, threads: workers) { _ in
      while let index = queue.next() {
        queue.finish(
          index,
          Result { try run(plan.recordings[index], names, for: plan.output, threads: threads / workers) })
        if isCancelled() { queue.close() }
      }
    }
    if let failure = queue.failure { throw failure }
    if isCancelled() { throw ExportError.interrupted }
  }

  /// A layer of a recording, whose frames are held or lie in a file.
  private typealias Layer = (name: String, frames: @Sendable () throws -> Tensor)

  private func run(
    _ recording: ExportPlan.Recording, _ names: Set<String>, for output: String, threads: Int
  ) throws -> [Layer] {
    do {
      if let window = model.attentionWindow, recording.seconds > window {
        return try spooled(recording.path, names, for: output, threads: max(1, threads))
      }
      let waveform = try Waveform.read(recording.path)
      var layers: [Layer] = []
      try model.forward(waveform, taps: names, threads: max(1, threads)) { name, states in
        if isCancelled() { throw ExportError.interrupted }
        layers.append((name, { states }))
      }
      return layers
    } catch let error as ModelError {
      throw ExportError.recording(path: recording.path, reason: error.description)
    }
  }

  /// The same of a recording that is heard in windows, and read from its file as they come.
  private func spooled(
    _ path: String, _ names: Set<String>, for output: String, threads: Int
  ) throws -> [Layer] {
    var spool = try FrameSpool(beside: output)
    var order: [String] = []
    try model.forwardInPieces(StreamedSound(path), taps: names, threads: threads) { name, piece in
      if isCancelled() { throw ExportError.interrupted }
      try spool.append(piece.frames, of: name)
      if piece.isLast { order.append(name) }
    }
    return order.map { [spool] name in (name, { try spool.frames(of: name) }) }
  }

  /// The tap points to write, in the order of the data.
  var wanted: [TapPoint] {
    model.taps.filter { taps?.contains($0.name) ?? true }
      + model.attentionTaps.filter { includesAttention || taps?.contains($0.name) == true }
  }

  /// How many arrays a recording gives.
  public var layerCount: Int { wanted.count }

  private var metadata: [String: String] {
    let layers = model.taps.filter { taps?.contains($0.name) ?? true }
    return ActivationMetadata(of: model, layers: layers, writtenBy: "strata \(Release.version)").words
  }

  private static func name(_ layer: String, _ stem: String?) -> String {
    stem.map { "\($0)/\(layer)" } ?? layer
  }
}

/// Why activations could not be written, beyond faults of the files.
public enum ExportError: StrataError, Equatable, CustomStringConvertible, Sendable {
  /// A recording that the model could not be run over.
  case recording(path: String, reason: String)
  case noRecordings(path: String)
  case unknownFormat(path: String)
  case noRoom(path: String, needed: Int, free: Int)
  case interrupted

  public var kind: FailureKind {
    switch self {
    case .recording, .noRecordings: .badInput
    case .unknownFormat: .badRequest
    case .noRoom: .writeFailed
    case .interrupted: .interrupted
    }
  }

  public var description: String {
    switch self {
    case .recording(let path, let reason): "\(path): \(reason)"
    case .noRecordings(let path): "\(path): there are no recordings in this folder"
    case .unknownFormat(let path):
      "\(path): its ending says no format; call it .safetensors, .npz or .h5, or say --format"
    case .noRoom(let path, let needed, let free):
      "\(path) would take about \(ExportPlan.size(needed)), and \(ExportPlan.size(free)) are free there; take fewer "
        + "layers or another disk"
    case .interrupted: "Stopped; nothing was written."
    }
  }
}
