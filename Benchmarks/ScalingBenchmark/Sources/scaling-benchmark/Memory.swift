import Activations
import Foundation
import Tensors

/// One pass over `hours` of audio, whose cost but for the model is real: reading, pooling, moments, sample.
func memory(hours: Double, layers: Int, width: Int, momentsMiB: Int) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "strata-memory-\(getpid())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let recording = folder.appending(path: "noise.wav").path
  try RepeatedCorpus.writeRecording(to: recording)

  let source = SteadySource(layers: layers, width: width, seconds: RepeatedCorpus.seconds)
  let corpus = RepeatedCorpus(hours: hours, recording: recording)
  var settings = ExtractionSettings(levels: [.phoneme], includesMel: false)
  settings.momentsBudget = momentsMiB << 20
  let pass = ExtractionPass(
    of: source, over: corpus.utterances, settings: settings, workFolder: folder.appending(path: "work").path
  )
  var extraction: Extraction?
  let seconds = try cpuSeconds { extraction = try pass.run(threads: 2) }
  let level = extraction?.levels[.phoneme]
  print(
    row: [
      text(hours, 0), "\(layers) × \(width)", "\(level?.spans ?? 0)", "\(level?.examples.items.count ?? 0)",
      level?.moments?.extent.rawValue ?? "none", "\(peakMiB()) MiB", "\(text(seconds, 1)) s",
    ])
}
