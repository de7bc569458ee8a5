import Checkpoints
import Foundation
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

@Suite("Parts of a pass") struct ExtractionPartTests {
  /// A sample that is smaller than the corpus, so that which spans are in it matters.
  private let settings = ExtractionSettings(includesMel: false, sample: SampleLimits(perClass: 11), seed: 3)

  private func pass(_ corpus: SyntheticCorpus, _ watch: SyntheticSource.Watch? = nil) -> ExtractionPass {
    ExtractionPass(of: SyntheticSource(watch: watch), over: corpus.utterances, settings: settings)
  }

  @Test("joined in any order are the whole: the same sample, and moments to 1e-12", arguments: [1, 2])
  func joined(threads: Int) throws {
    let (corpus, folder) = (try SyntheticCorpus(utterances: 13), try TemporaryFolder())
    let pass = pass(corpus)
    let whole = try pass.run()
    var files: [String] = []
    for part in [0..<1, 1..<8, 8..<13] {
      files.append(try folder.file("\(part.lowerBound).safetensors"))
      try pass.writePart(part, to: files[files.count - 1], threads: threads)
    }
    let joined = try pass.joining(files.reversed())
    #expect(joined.issues == whole.issues && joined.utterances == 13 && joined.seconds == whole.seconds)
    for (level, activations) in whole.levels {
      let found = try #require(joined.levels[level])
      #expect(found.examples.items == activations.examples.items && found.spans == activations.spans)
      #expect(activations.examples.items.count < activations.spans)
      for layer in activations.examples.layers {
        #expect(try found.examples.states(of: layer) == activations.examples.states(of: layer))
      }
      let (sums, expected) = (try #require(found.moments), try #require(activations.moments))
      #expect(sums.count == expected.count && sums.classCounts == expected.classCounts)
      for a in expected.layers {
        for b in expected.layers {
          let (x, y) = (try sums.crossMoment(a, b), try expected.crossMoment(a, b))
          let scale = y.values.map(abs).max() ?? 0
          #expect(zip(x.values, y.values).allSatisfy { abs($0 - $1) <= 1e-12 * scale }, "\(a) \(b)")
          let (p, q) = (try sums.sumOfNormProducts(a, b), try expected.sumOfNormProducts(a, b))
          #expect(abs(p - q) <= 1e-11 * abs(q), "\(a) \(b)")
        }
      }
    }
  }

  @Test("a part that was interrupted goes on, and runs nothing again") func resumed() throws {
    let (corpus, folder) = (try SyntheticCorpus(utterances: 20), try TemporaryFolder())
    let watch = SyntheticSource.Watch()
    var pass = ExtractionPass(
      of: SyntheticSource(watch: watch), over: corpus.utterances, settings: settings,
      workFolder: folder.path + "/work")
    pass.blockSeconds = 2
    let (left, right) = (try folder.file("left"), try folder.file("right"))
    #expect(throws: ActivationError.self) {
      try pass.writePart(8..<20, to: right, isCancelled: { watch.all >= 5 })
    }
    #expect(watch.all == 5 && !FileManager.default.fileExists(atPath: right))
    try pass.writePart(8..<20, to: right)
    #expect(watch.all == 12)
    try pass.writePart(0..<8, to: left)
    let whole = try self.pass(corpus).run()
    let joined = try pass.joining([left, right])
    #expect(joined.levels[.phoneme]?.examples.items == whole.levels[.phoneme]?.examples.items)
    #expect(joined.levels[.word]?.moments?.count == whole.levels[.word]?.moments?.count)
  }

  @Test("gaps, repeats and foreign files are refused by name") func refused() throws {
    let (corpus, folder) = (try SyntheticCorpus(utterances: 6), try TemporaryFolder())
    let pass = pass(corpus)
    let files = try [0..<2, 2..<4, 4..<6].map { part in
      let path = try folder.file("\(part.lowerBound).safetensors")
      try pass.writePart(part, to: path)
      return path
    }
    func reason(_ files: [String], _ pass: ExtractionPass) -> String {
      do {
        _ = try pass.joining(files)
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(reason([files[0], files[2]], pass).contains("4.safetensors: begins at utterance 4"))
    #expect(reason([files[0], files[1], files[1], files[2]], pass).contains("2.safetensors: begins at"))
    #expect(reason([files[0], files[1]], pass).contains("4 of 6 utterances"))
    let wider = ExtractionPass(
      of: SyntheticSource(taps: [TapPoint(name: "sound", width: 4, timing: SyntheticSource.timing)]),
      over: corpus.utterances, settings: settings)
    #expect(reason(files, wider).contains("sound"))
    let foreign = try folder.file("foreign.safetensors")
    try SafetensorsWriter.write([("x", Tensor([1], shape: [1]))], to: foreign)
    #expect(reason([foreign], pass).contains("foreign.safetensors: is no part of an extraction"))
  }
}
