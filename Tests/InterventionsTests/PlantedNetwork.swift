import Audio
import Checkpoints
import Corpora
import Foundation
import Foundations
import Models
import StrataTestSupport
import Tensors

/// A network and recordings made for it: each frame of 20 ms holds eight numbers, as the strengths of eight cosines. The
/// first two tell the phone, the next two the word, the others nothing.
///
/// Phones and words are drawn apart, so that nothing of one is known by the other; both are read perfectly.
struct PlantedNetwork {
  static let (frame, numbers) = (320, 8)
  static let phones = ["AA", "IY", "UW"]
  static let words = ["ba", "di", "gu"]
  /// What stands for each class in two numbers.
  private static let corners: [[Double]] = [[1, 1], [1, -1], [-1, 1]]

  let folder: TemporaryFolder
  let model: SpeechModel
  let corpus: Corpus
  let symbols = ["<pad>"] + phones

  /// `architecture` names layers whose weights are `tensors`; those of the first convolution, `conv`, are given.
  init(
    layers architecture: String, tensors: [(name: String, tensor: Tensor)], utterances: Int = 24,
    seed: UInt64 = 1
  ) throws {
    folder = try TemporaryFolder()
    try Self.record(utterances, in: folder, seed: seed)
    corpus = try Corpus.load(folder.path + "/corpus") { try Waveform.header($0).seconds }
    try folder.write(
      Data(
        ("input: {features: waveform}\nlayers:\n  - conv1d: conv\n    stride: 320\n" + architecture).utf8),
      to: "model/architecture.yaml")
    let filters = Tensor(
      (0..<Self.numbers).flatMap { m in
        (0..<Self.frame).map { Float(Self.cosine(m, $0) / 160 / Self.strength) }
      },
      shape: [Self.numbers, 1, Self.frame])
    let path = try folder.file("model/model.safetensors")
    try SafetensorsWriter.write([("conv.weight", filters)] + tensors, to: path)
    model = try SpeechModel.load(path)
  }

  private static let strength = 0.06

  private static func cosine(_ m: Int, _ sample: Int) -> Double {
    cos(2 * .pi * Double(m + 4) * (Double(sample) + 0.5) / Double(frame))
  }

  private static func record(_ count: Int, in folder: TemporaryFolder, seed: UInt64) throws {
    var random = RandomNumbers(seed: seed, stream: "planted recordings")
    for utterance in 0..<count {
      var (samples, phoneMarks, wordMarks) = (
        [Float](), [(Double, Double, String)](), [(Double, Double, String)]()
      )
      var last = -1
      for _ in 0..<12 {
        let word = random.index(below: 3)
        let start = Double(samples.count) / 16_000
        for _ in 0..<2 {
          var phone = random.index(below: 3)
          while phone == last { phone = random.index(below: 3) }
          last = phone
          let began = Double(samples.count) / 16_000
          for _ in 0..<2 {
            let values = (corners[phone] + corners[word] + [0, 0, 0, 0]).map { $0 + 0.2 * random.normal() }
            let noise = (0..<numbers).map { m in m < 4 ? values[m] : random.normal() }
            for sample in 0..<frame {
              samples.append(
                Float((0..<numbers).reduce(0.0) { $0 + strength * noise[$1] * cosine($1, sample) }))
            }
          }
          phoneMarks.append((began, Double(samples.count) / 16_000, phones[phone]))
        }
        wordMarks.append((start, Double(samples.count) / 16_000, words[word]))
      }
      let name = "corpus/s\(utterance % 3)/u\(utterance)"
      let sound = Waveform(samples: samples, samplingRate: 16_000)
      try folder.write(Data(sound.wav()), to: name + ".wav")
      try folder.write(
        Data(textGrid(sound.seconds, [("phones", phoneMarks), ("words", wordMarks)]).utf8),
        to: name + ".TextGrid")
    }
  }

  private static func textGrid(
    _ seconds: Double, _ tiers: [(name: String, marks: [(Double, Double, String)])]
  ) -> String {
    var text =
      "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n0\n\(seconds)\n<exists>\n\(tiers.count)\n"
    for (name, marks) in tiers {
      text += "\"IntervalTier\"\n\"\(name)\"\n0\n\(seconds)\n\(marks.count)\n"
      for (start, end, label) in marks { text += "\(start)\n\(end)\n\"\(label)\"\n" }
    }
    return text
  }

  // MARK: - Weights

  /// A rotation of the eight numbers.
  static func rotation(seed: UInt64) -> [[Double]] {
    var random = RandomNumbers(seed: seed, stream: "rotation")
    var rows: [[Double]] = []
    while rows.count < numbers {
      var row = (0..<numbers).map { _ in random.normal() }
      for other in rows {
        let dot = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
        row = zip(row, other).map { $0 - dot * $1 }
      }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      rows.append(row.map { $0 / norm })
    }
    return rows
  }

  /// Scores of blank and the phones, from numbers that the transpose of `rotation` brings back.
  static func head(after rotation: [[Double]]?, gain: Double = 4) -> Tensor {
    let scores = [[0, 0]] + corners
    let rows = scores.enumerated().map { place, corner -> [Double] in
      let own = [gain * corner[0], gain * corner[1]] + [Double](repeating: 0, count: numbers - 2)
      guard place > 0, let rotation else { return own }
      // Row · rotationᵀ: the first two numbers are the rotation's rows 0 and 1 transposed.
      return (0..<numbers).map { k in (0..<numbers).reduce(0) { $0 + own[$1] * rotation[k][$1] } }
    }
    return tensor(rows)
  }

  /// Blank is hardly ever likely.
  static let headBias = Tensor([-8, 0, 0, 0], shape: [4])

  static func tensor(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.joined().map(Float.init), shape: [rows.count, rows.first?.count ?? 0])
  }

  static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    a.map { row in (0..<numbers).map { k in (0..<numbers).reduce(0) { $0 + row[$1] * b[$1][k] } } }
  }
}
