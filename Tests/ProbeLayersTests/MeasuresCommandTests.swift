import Foundation
import StrataTestSupport
import Testing

@Suite("Measures beside the probes, as a command")
struct MeasuresCommandTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")

  /// Six sentences of three speakers.
  private func corpus(in folder: TemporaryFolder) throws -> String {
    for speaker in ["kal", "ked", "slt"] {
      for sentence in ["s005", "s015", "s025", "s035", "s045", "s055"] {
        for kind in ["flac", "TextGrid"] {
          let name = "\(speaker)/\(speaker)_\(sentence).\(kind)"
          guard let data = FileManager.default.contents(atPath: Repository.path("fixtures/unseen/\(name)"))
          else { continue }
          try folder.write(data, to: "corpus/\(name)")
        }
      }
    }
    return folder.path + "/corpus"
  }

  @Test("each layer has a number of each, on the console and in a file")
  func phones() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/measures.csv"
    let run = try CommandRun([
      "measures", model, "--corpus", try corpus(in: folder), "--layers", "hidden.0,hidden.5",
      "--any-context",
      "--clusters", "20", "--output", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("hidden.0") && run.output.contains("ABX across"))
    let rows = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(
      rows[0] == [
        "model", "layer", "level", "measure", "value", "ci_low", "ci_high", "null", "null_low", "null_high",
        "n", "utterances", "reason",
      ])
    func numbers(_ layer: String, _ measure: String) throws -> [Double] {
      let row = try #require(rows.first { $0[1] == layer && $0[3] == measure }, "\(layer) \(measure)")
      return row[4..<12].compactMap(Double.init)
    }
    // Value, interval, null with its draws, spans and utterances.
    for measure in ["pnmi", "ami", "label_purity", "mdl_compression", "mdl_compression_of_entropy"] {
      let found = try numbers("hidden.5", measure)
      #expect(found.count == 8, "\(measure) \(found)")
      #expect(found[1] <= found[0] && found[0] <= found[2] && found[4] <= found[3], "\(measure) \(found)")
      #expect(found[1] > found[5], "\(measure): \(found) is no more than by chance")
    }
    #expect(run.output.contains("by chance"))
    func value(_ layer: String, _ measure: String) throws -> Double {
      let row = try #require(rows.first { $0[1] == layer && $0[3] == measure }, "\(layer) \(measure)")
      return try #require(Double(row[4]))
    }
    for measure in ["abx_within", "abx_within_pooled", "abx_across", "abx_across_pooled"] {
      #expect(try (0..<0.5).contains(value("hidden.5", measure)), "\(measure)")
    }
    // The model was trained on phones: its fifth block parts them better than what enters the first.
    for measure in ["pnmi", "label_purity", "mdl_compression", "linear_accuracy", "hidden_layer_accuracy"] {
      #expect(try value("hidden.5", measure) > value("hidden.0", measure), "\(measure)")
    }
    #expect(try value("hidden.5", "cca_labels") > value("hidden.5", "cca_shuffled_labels"))
    #expect(try abs(value("hidden.0", "mixture_weight") + value("hidden.5", "mixture_weight") - 1) < 1e-5)
    #expect(try value("hidden.5", "bits_beyond_mel") > 0)
  }

  @Test("a level without labels, and one that is not there, are refused")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let corpus = try corpus(in: folder)
    let sound = try CommandRun(["measures", model, "--corpus", corpus, "--level", "sound"])
    #expect(sound.status == 65 && sound.errors.contains("labels"), "\(sound.errors)")
    let none = try CommandRun(["measures", model, "--level", "phonem"])
    #expect(none.status == 64 && none.errors.contains("phoneme"))
  }
}
