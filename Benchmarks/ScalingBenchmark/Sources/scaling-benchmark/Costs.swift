import Foundations
import Activations
import Audio
import Foundation
import Models
import Probing
import Similarity
import Corpora
import Tensors

/// CPU seconds of each part, measured on one core.
struct Costs {
  /// A second of audio through the model.
  var forward: Double
  /// A second of audio read.
  var reading: Double
  /// A span folded into moments: of one layer, and of one pair of layers beside it.
  var spanOfLayer: Double
  var spanOfPair: Double
  /// One fit of a probe to a layer's sample.
  var fit: Double
  /// A pair's CKA and SVCCA from moments, and what belongs to one layer.
  var pair: Double
  var layer: Double

  let width: Int
  let sample: Int
}

/// A sample as large as a study's.
let sampleRows = 20_000

func measured(_ model: SpeechModel, fitting rows: Int) throws -> Costs {
  var random = RandomNumbers(seed: 3)
  let seconds = 10.0
  let count = Int(seconds) * model.samplingRate
  let sound = Waveform(
    samples: (0..<count).map { _ in Float(random.normal()) * 0.1 }, samplingRate: model.samplingRate)
  let taps = Set(model.taps.map(\.name).filter { $0 != "logits" })
  func pass() throws { try model.forward(sound, taps: taps, threads: 1) { _, _ in } }
  try pass()
  let forward = try cpuSeconds { for _ in 0..<2 { try pass() } } / (2 * seconds)

  let path = FileManager.default.temporaryDirectory.appending(path: "strata-cost-\(getpid()).wav").path
  try RepeatedCorpus.writeRecording(to: path)
  defer { try? FileManager.default.removeItem(atPath: path) }
  let reading =
    try cpuSeconds { for _ in 0..<10 { _ = try Waveform.read(path) } } / (10 * RepeatedCorpus.seconds)

  let width = model.taps.map(\.width).max() ?? 768
  func folding(_ layers: Int) throws -> (perSpan: Double, moments: Moments) {
    let spans = 2048
    let states = (0..<layers).map { _ in
      Tensor((0..<(spans * width)).map { _ in Float(random.uniform() - 0.5) }, shape: [spans, width])
    }
    var moments = Moments(layers: (0..<layers).map { ("l\($0)", width) })
    let labels = [Int?](repeating: nil, count: spans)
    let cost = cpuSeconds { moments.add(states, labels: labels) }
    // SVCCA refuses fewer than five rows a dimension.
    for _ in 0..<2 { moments.add(states, labels: labels) }
    return (cost / Double(spans), moments)
  }
  let one = try folding(1).perSpan
  let (three, moments) = try folding(3)
  let pairCost = max(0, three - 3 * one) / 3

  func similarity(_ layers: [String]) throws -> Double {
    try cpuSeconds {
      _ = try LayerSimilarity.matrix(moments, unit: "spans", layers: layers, measure: LinearCKA())
      _ = try LayerSimilarity.matrix(moments, unit: "spans", layers: layers, measure: SVCCA())
    }
  }
  let (alone, together) = (try similarity(["l0"]), try similarity(["l0", "l1", "l2"]))
  let pair = max(0, together - 3 * alone) / 3

  let classes = 39
  let labels = (0..<rows).map { _ in random.index(below: classes) }
  let states = Tensor(shape: [rows, width]) { target in
    for index in target.indices { target[index] = Float(random.normal()) }
    for (row, label) in labels.enumerated() { target[row * width + label] += 2 }
  }
  let fit = try cpuSeconds {
    _ = try SoftmaxProbe(penalty: 100, tolerance: 1e-3).fit(
      states: states, labels: labels, classCount: classes, threads: 1)
  }
  return Costs(
    forward: forward, reading: reading, spanOfLayer: one, spanOfPair: pairCost,
    fit: fit * Double(sampleRows) / Double(rows), pair: pair, layer: alone, width: width, sample: rows)
}

/// What the projection takes for granted.
struct StudyShape {
  /// Phones in a second of speech.
  var spansPerSecond = 12.0
  /// Passes of the model and of its untrained models.
  var passes = 4.0
  var probes = 3.0
  /// Fits of one probe to one layer: five folds of four penalties, a control task, shuffled labels and three twins.
  var fits = 5.0 * 4 + 1 + 1 + 3
}

extension Costs {
  /// CPU seconds of a study of `layers` layers, and the part of it that grows with the audio.
  func study(hours: Double, layers: Int, _ shape: StudyShape) -> (audio: Double, rest: Double) {
    let (n, pairs) = (Double(layers), Double(layers * (layers - 1)) / 2)
    let folding = shape.spansPerSecond * (n * spanOfLayer + pairs * spanOfPair)
    let audio = hours * 3600 * (shape.passes * (forward + reading) + folding)
    let rest = n * shape.probes * shape.fits * fit + pairs * pair + n * layer
    return (audio, rest)
  }
}

func costs(_ paths: [String], rows: Int) throws {
  let shape = StudyShape()
  for path in paths {
    let model = try SpeechModel.load(path)
    let costs = try measured(model, fitting: rows)
    let layers = model.taps.filter { $0.name.hasPrefix("hidden.") }.count
    print(
      "\n\(model.name): \(layers) hidden states of \(costs.width), \(model.parameters / 1_000_000) M parameters\n"
    )
    print(row: ["part", "CPU seconds on one core"])
    print(row: ["---", "---"])
    print(row: ["model, an hour of audio, one pass", text(costs.forward * 3600, 0)])
    print(row: ["reading, an hour of audio", text(costs.reading * 3600, 1)])
    print(row: [
      "moments, an hour of audio, one layer", text(costs.spanOfLayer * 3600 * shape.spansPerSecond, 1),
    ])
    print(row: [
      "moments, an hour of audio, one pair", text(costs.spanOfPair * 3600 * shape.spansPerSecond, 1),
    ])
    print(row: ["one fit of a probe (\(sampleRows) spans, 39 classes)", text(costs.fit, 1)])
    print(row: ["a probe on a layer (\(Int(shape.fits)) fits)", text(costs.fit * shape.fits, 0)])
    print(row: ["CKA and SVCCA, one pair", text(costs.pair, 2)])
    print(row: ["CKA and SVCCA, one layer's part", text(costs.layer, 2)])
    print(
      "\nProjected, \(Int(shape.passes)) passes (the model and three untrained models), \(Int(shape.probes)) probes:\n"
    )
    print(row: ["audio", "1 core", "16 cores", "256 cores", "with the audio", "whatever the audio"])
    print(row: ["---", "---", "---", "---", "---", "---"])
    for hours in [1.0, 960, 60_000] {
      let (audio, rest) = costs.study(hours: hours, layers: layers, shape)
      // Shards share the audio; probes and pairs, of one merged study, are shared by the cores of one machine of
      // sixteen.
      let times = [1.0, 16, 256].map { audio / $0 + rest / min($0, 16) }
      print(row: ["\(Int(hours)) h"] + times.map(duration) + [duration(audio), duration(rest)])
    }
  }
}

func duration(_ seconds: Double) -> String {
  switch seconds {
  case ..<100: "\(text(seconds, 0)) s"
  case ..<5400: "\(text(seconds / 60, 0)) min"
  case ..<(72 * 3600): "\(text(seconds / 3600, 1)) h"
  default: "\(text(seconds / 86_400, 0)) days"
  }
}
