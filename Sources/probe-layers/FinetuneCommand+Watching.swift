import Foundation
import Strata

extension FinetuneCommand {
  /// The study of the model before, on the way and after.
  func comparison(
    levels: String, _ moments: [Int], last: Int, _ corpus: Corpus, _ work: UsedWork,
    _ frame: CommandFrame
  ) async throws -> ModelComparison {
    let names = moments.filter { $0 < last }.map(FineTuningRun.snapshotName)
    let first = ComparedModel(name: "before", step: 0) { try loading.load(model) }
    let others = (names + ["model"]).map { name in
      ComparedModel(
        name: name == "model" ? "after" : name, step: name == "model" ? last : Int(name.dropFirst(5))
      ) { try SpeechModel.load("\(output)/\(name)") }
    }
    let comparison = ComparisonStudy(models: [first] + others) { model in
      var study = try frame.study(of: model, on: corpus, layers: nil, seed: seed, called: model.name)
      study.twinSeeds = []
      study.workFolder = StudyFolder.workFolder(of: output) + "/" + model.fingerprint
      study.work = work
      try study.select(probes: nil, levels: levels, bundledFolder: BundledFiles.probes)
      return study
    }
    let result = try await comparison.run()
    frame.progress.finish()
    return result
  }
}
