import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

/// Bytes hang on the kernels that BLAS chooses for a processor; what a study says must not.
@Suite("The same statements with any kernels") struct KernelTests {
  private let folder = try? TemporaryFolder()

  /// Both run on any processor of the last ten years with AVX2; the older one has other sums. Of syllables the two top
  /// layers are nearly tied, and what a layer adds to the joint baseline is so little that fits which end early show a
  /// thousandth of a bit of it.
  @Test("decisions and peak sets are those of other kernels")
  func statements() throws {
    let folder = try #require(folder)
    let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
    let corpus = Repository.path("fixtures/unseen")
    let studies = try ["Haswell", "Nehalem"].map { kernel -> StudyResult in
      let output = try folder.file("study-\(kernel)")
      let run = try CommandRun(
        shell:
          "OPENBLAS_CORETYPE=\(kernel) probe-layers '\(model)' --corpus '\(corpus)' --levels syllable --layers 5,6 "
          + "--twins 0 --maps 0 --quiet --output '\(output)'", in: folder.path)
      #expect(run.status == 0, "\(run.errors)")
      let record = try String(contentsOfFile: output + "/run.yaml", encoding: .utf8)
      #expect(record.contains("blas-kernel: \"\(kernel)\""), "\(record)")
      return try StudyJSON.read(output)
    }
    #expect(studies.map(\.settings.kernel) == ["Haswell", "Nehalem"])
    #expect(studies[0].settings.processor == studies[1].settings.processor)
    for (one, other) in zip(studies[0].levels, studies[1].levels) {
      #expect(one.verdict?.decision == other.verdict?.decision)
      #expect(one.peak?.peakSet == other.peak?.peakSet)
      for level in [one, other] {
        let gain = try #require(level.joint?.gainInBits)
        #expect(gain.value > 0.03 && gain.low > 0, "\(gain)")
      }
      for (a, b) in zip(one.layers, other.layers) {
        let (a, b) = (a.metrics?.accuracy.value ?? 0, b.metrics?.accuracy.value ?? 1)
        #expect(abs(a - b) < 0.005, "\(a) and \(b)")
      }
    }
  }
}
