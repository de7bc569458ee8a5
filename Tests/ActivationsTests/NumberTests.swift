import Checkpoints
import Corpora
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

@Suite("Impossible numbers in activations made elsewhere") struct NumberTests {
  private let utterances = [
    Utterance(id: "u", audioPath: "", labelPath: "", speaker: "s", sentence: "u", seconds: 0.06, tiers: [:])
  ]

  private func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  @Test("offsets of a Kaldi script") func offsets() throws {
    let folder = try TemporaryFolder()
    let archive = Array("u \0BFM ".utf8) + [4] + little(Int32(1)) + [4] + little(Int32(1)) + [0, 0, 0, 0]
    try folder.write(Data(archive), to: "a.ark")
    for offset in [
      "0", "-1", "1", "2147483648", "9223372036854775807", "9223372036854775806", "nan", "1e308",
    ] {
      let path = try folder.write(Data("u a.ark:\(offset)\n".utf8), to: "a.scp")
      #expect(throws: ImportError.self) { _ = try KaldiScript(path).values(of: "u") }
    }
    let path = try folder.write(Data("u a.ark:2\n".utf8), to: "a.scp")
    let values = try KaldiScript(path).values(of: "u")
    #expect(values.shape == [1, 1])
  }

  @Test("sizes of a Kaldi matrix", arguments: ["FM", "DM", "CM", "CM2", "CM3"]) func sizes(form: String)
    throws
  {
    let folder = try TemporaryFolder()
    let numbers: [Int32] = [0, -1, 1, .max, .min, 1 << 29]
    for rows in numbers {
      for columns in numbers {
        var bytes = Array("u \0B\(form) ".utf8)
        if form.count == 2, form != "CM" {
          bytes += [4] + little(rows) + [4] + little(columns)
        } else {
          bytes +=
            little(Float.nan.bitPattern) + little(Float(1e38).bitPattern) + little(rows) + little(columns)
        }
        let path = try folder.write(Data(bytes + [UInt8](repeating: 1, count: 32)), to: "a.ark")
        do {
          let archive = try KaldiArchive(path)
          for key in archive.keys {
            let values = try archive.values(of: key)
            #expect(values.count <= 32)
          }
        } catch let error as ImportError {
          #expect(error.description.contains("a.ark"))
        }
      }
    }
  }

  @Test(
    "times and rates of activations.yaml and of the files themselves",
    arguments: [
      "0", "-1", "2147483648", "9223372036854775807", "nan", ".nan", ".inf", "1e308", "1e-308", "1e-7",
    ])
  func settings(number: String) throws {
    let folder = try TemporaryFolder()
    let states = Tensor([1, 2, 3], shape: [3, 1])
    let plain = try folder.file("plain.safetensors")
    try SafetensorsWriter.write([("u/hidden.1", states)], to: plain)
    let units = ["", " s", " ms", " samples"]
    let keys = ["hop", "first_centre", "sampling_rate", "layers"]
    for key in keys {
      for unit in units {
        let value = key == "layers" ? "[{name: hidden.1, hop: \(number)\(unit)}]" : number + unit
        let yaml = "\(key): \(value)\n" + (key == "hop" ? "" : "hop: 20 ms\n")
        do {
          let settings = try ImportSettings(yaml: yaml, path: "activations.yaml")
          let source = try ImportedActivations.open(plain, for: utterances, settings: settings)
          let timing = try #require(source.taps.first?.timing)
          #expect(timing.strideSamples > 0 && timing.samplingRate > 0 && timing.firstCentreSample.isFinite)
          #expect(timing.frames(forSamples: 16_000) >= 0)
          try source.forward(utterances[0], nil, taps: ["hidden.1"], threads: 1) { _, _ in }
        } catch is ImportError {}
      }
    }
    let words = [
      ["sampling_rate": number], ["timing.hidden.1": timing(rate: number)],
      ["timing.hidden.1": timing(stride: number)],
      ["timing.hidden.1": timing(field: number)], ["timing.hidden.1": timing(centre: number)],
    ]
    for words in words {
      let path = try folder.file("told.safetensors")
      try SafetensorsWriter.write([("u/hidden.1", states)], metadata: words, to: path)
      do {
        let source = try ImportedActivations.open(path, for: utterances)
        try source.forward(utterances[0], nil, taps: ["hidden.1"], threads: 1) { _, _ in }
      } catch is ImportError {}
    }
  }

  private func timing(
    rate: String = "16000", stride: String = "320", field: String = "400", centre: String = "199.5"
  ) -> String {
    "sampling_rate=\(rate) stride_samples=\(stride) receptive_field_samples=\(field) first_centre_sample=\(centre)"
  }

  @Test("a timing in JSON is checked as it is decoded")
  func json() throws {
    func decode(_ rate: String, _ stride: String, _ centre: String) throws -> FrameTiming {
      let text =
        #"{"samplingRate":\#(rate),"strideSamples":\#(stride),"receptiveFieldSamples":400,"firstCentreSample":\#(centre)}"#
      return try JSONDecoder().decode(FrameTiming.self, from: Data(text.utf8))
    }
    let usual = try decode("16000", "320", "199.5")
    #expect(usual == SyntheticSource.timing)
    for number in ["0", "-1", "9223372036854775807", "1e308"] {
      #expect(throws: DecodingError.self) { _ = try decode(number, "320", "199.5") }
      #expect(throws: DecodingError.self) { _ = try decode("16000", number, "199.5") }
    }
    #expect(throws: DecodingError.self) { _ = try decode("16000", "320", "1e308") }
  }
}

@Suite("Units of times") struct UnitTests {
  @Test("a number without a unit is refused, 0 alone can mean one thing") func units() {
    #expect(ImportSettings.Length("12.5") == nil && ImportSettings.Length("0.02") == nil)
    #expect(ImportSettings.Length("0") == .seconds(0))
    #expect(ImportSettings.Length("12.5 ms") == .seconds(0.0125))
    #expect(
      ImportSettings.Length("0.02s") == .seconds(0.02)
        && ImportSettings.Length("320samples") == .samples(320))
  }

  @Test(
    "what is hardly ever right is asked about, and taken where it is meant",
    arguments: [
      ("hop: 20 ms\nfirst_centre: 12.5 s", "a first centre at 12.5 s"), ("hop: 20 s", "a hop of 20.0 s"),
      ("hop: 20 ms\nsampling_rate: 16", "a sampling rate of 16 Hz"),
    ])
  func doubtful(text: String, words: String) throws {
    var settings = try ImportSettings(yaml: text, path: "a.yaml")
    let error = #expect(throws: ImportError.self) { _ = try settings.timing(nil, path: "a.npy") }
    #expect(error?.description.contains(words) == true)
    #expect(error?.description.contains("unusual_timing: true") == true)
    settings = try ImportSettings(yaml: text + "\nunusual_timing: true", path: "a.yaml")
    let timing = try settings.timing(nil, path: "a.npy")
    #expect(timing != nil)
  }

  @Test("a pipe in an archive's or a setting's place is refused without waiting") func pipes() throws {
    let folder = try TemporaryFolder()
    for name in ["a.ark", "a.scp", "a.h5", "a.npy", "activations.yaml"] {
      #expect(mkfifo(try folder.file(name), 0o600) == 0)
    }
    for name in ["a.ark", "a.scp", "a.h5", "a.npy"] {
      #expect(throws: (any Error).self) { _ = try MatrixFileKind.open(folder.path + "/" + name) }
    }
    #expect(throws: ImportError.self) { _ = try ImportSettings.beside(folder.path) }
  }
}
