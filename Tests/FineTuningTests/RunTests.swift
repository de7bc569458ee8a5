import Audio
import Checkpoints
import Corpora
import Files
import Foundation
import Models
import Results
import StrataTestSupport
import Tensors
import Testing

@testable import FineTuning

/// Whole runs on the recordings of `fixtures/human`.
@Suite("Runs") struct RunTests {
  private func corpus() throws -> Corpus {
    try Corpus.load(repository("fixtures/human")) { try Waveform.header($0).seconds }
  }

  private func model() throws -> SpeechModel {
    try SpeechModel.load(repository("fixtures/w2v2-tiny-phones/model.ckpt"))
  }

  func run(_ change: (inout FineTuningRun) -> Void = { _ in }) throws -> FineTuningRun {
    var run = FineTuningRun(model: try model(), corpus: try corpus(), labels: .level(.phoneme))
    (run.settings.steps, run.settings.batch, run.settings.evaluation, run.longest) = (2, 2, 1, 6)
    run.threads = 2
    change(&run)
    return run
  }

  @Test("write a folder whose model gives what training ended with, and that names its classes")
  func folder() throws {
    let folder = try TemporaryFolder()
    let result = try run { $0.settings.frozen = "conv,projection,hidden.0-5" }.finished(in: folder.path)
    #expect(result.before == nil && result.difference == nil, "the head is new")
    #expect(result.measure == "phone error rate")
    #expect(result.after.alignment?.hits != nil)
    #expect(result.utterances.count == result.folds[0].test)
    #expect(result.trainedParameters < result.allParameters / 4)
    let loaded = try SpeechModel.load(folder.path + "/model")
    #expect(loaded.taps.last?.name == "logits" && loaded.taps.last?.width == result.classes.count)
    #expect(loaded.normalisesInput)
    // What was frozen is as it was, to the bit.
    let (old, new) = (try model().parameterValues(), try loaded.parameterValues())
    for (name, value) in old where name.hasPrefix("feature_extractor") || name.hasPrefix("encoder.layers.0")
    {
      #expect(new[name] == value, "\(name)")
    }
    #expect(
      new["encoder.layers.5.final_layer_norm.weight"] != old["encoder.layers.5.final_layer_norm.weight"])
    let vocabulary = try JSONDecoder().decode(
      [String: Int].self, from: Data(contentsOf: URL(filePath: folder.path + "/model/vocab.json")))
    #expect(vocabulary.sorted { $0.value < $1.value }.map(\.key) == result.classes)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/work"))
    let read = try JSONDecoder().decode(
      FineTuningResult.self, from: Data(contentsOf: URL(filePath: folder.path + "/finetune.json")))
    #expect(read == result)
  }

  @Test("leave nothing of an earlier run's models, snapshots, folds and pages, and nothing else is touched")
  func earlier() throws {
    let folder = try TemporaryFolder()
    func settings(_ steps: Int) -> (inout FineTuningRun) -> Void {
      {
        ($0.settings.steps, $0.settings.frozen) = (steps, "all")
        ($0.longest, $0.snapshots) = (4, [1])
      }
    }
    _ = try run {
      settings(1)(&$0)
      $0.folds = 2
      $0.settings.adapter = LowRankAdapter(rank: 1, alpha: 1)
    }.finished(in: folder.path)
    #expect(
      FileManager.default.fileExists(
        atPath: folder.path + "/fold-2/step-000001-adapter/adapter_config.json"))
    let pages = try StagedResults(for: folder.path + "/compare")
    try pages.write(Data("x".utf8), to: "report.html")
    try pages.commit()
    try Data("mine".utf8).write(to: URL(filePath: folder.path + "/fold-2/notes.txt"))
    _ = try run {
      settings(2)(&$0)
      $0.snapshots = [1]
    }.finished(in: folder.path)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "finetune.json", "fold-2", "manifest.json", "model", "results.json", "step-000001",
        "training.jsonl",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/fold-2") == ["notes.txt"])
    _ = try SpeechModel.load(folder.path + "/step-000001")
  }

  @Test("of other settings are given up when that is wanted, and only then")
  func givenUp() throws {
    let folder = try TemporaryFolder()
    var stopped = try run { $0.settings.frozen = "all" }
    stopped.isCancelled = { true }
    #expect(throws: FineTuningError.interrupted(step: 0)) { try stopped.finished(in: folder.path) }
    var other = try run { ($0.settings.frozen, $0.settings.steps) = ("all", 1) }
    #expect(throws: FineTuningError.self) { try other.finished(in: folder.path) }
    other.replacesOthers = true
    #expect(try other.finished(in: folder.path).folds[0].steps == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/work"))
  }

  @Test("with a low-rank adapter merge it into the model and keep it alone")
  func adapter() throws {
    let folder = try TemporaryFolder()
    _ = try run {
      $0.settings.adapter = LowRankAdapter(rank: 2, alpha: 4)
      $0.settings.rate = LearningRate(peak: 1e-2)
    }.finished(in: folder.path)
    let adapter = try Checkpoint.open(folder.path + "/model-adapter/adapter_model.safetensors")
    #expect(adapter.tensors.count == 6 * 2 * 2 + 2)
    let name = "wav2vec2.encoder.layers.2.attention.q_proj"
    let (a, b) = (
      try adapter.tensor("base_model.model.\(name).lora_A.weight"),
      try adapter.tensor("base_model.model.\(name).lora_B.weight")
    )
    var expected = try #require(model().parameterValues()["encoder.layers.2.attention.q_proj.weight"])
    expected.accumulate(matrixProduct(b, .none, a, .none), times: 2)
    let merged = try Checkpoint.open(folder.path + "/model").tensor("\(name).weight")
    #expect(relativeError(merged, expected) < 1e-6)
    #expect(b.values.contains { $0 != 0 })
  }

  @Test("with the model's own head compare before and after, paired")
  func ownHead() throws {
    let folder = try TemporaryFolder()
    let names =
      ["<pad>", "sil"]
      + "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
      .split(separator: " ").map(String.init)
    let result = try run {
      $0.existingClasses = names
      $0.head = .keep
      $0.settings.rate = LearningRate(peak: 1e-12)
    }.finished(in: folder.path)
    #expect(result.classes == names)
    // Nothing was learned: the same errors, and no difference.
    #expect(result.before?.errors.value == result.after.errors.value)
    #expect(result.difference?.value == 0)
    #expect((result.before?.errors.value ?? 0) > 0.5)
  }

  @Test("of frames and of utterances count classes, and what is confused with what")
  func classes() throws {
    let folder = try TemporaryFolder()
    let frames = try run { $0.settings.task = .frames }.finished(in: folder.path + "/frames")
    let confusion = try #require(frames.after.confusion)
    let scores = try #require(frames.after.classes)
    #expect(confusion.joined().reduce(0, +) == scores.reduce(0) { $0 + $1.count })
    let wrong = confusion.indices.reduce(0) { sum, k in sum + confusion[k].reduce(0, +) - confusion[k][k] }
    let all = confusion.joined().reduce(0, +)
    #expect(abs(frames.after.errors.value - Double(wrong) / Double(all)) < 1e-12)
    let speaker = try run {
      $0.settings.task = .utterance
      $0.labels = .speaker
    }.finished(in: folder.path + "/speaker")
    #expect(speaker.after.confusion?.joined().reduce(0, +) == speaker.folds[0].test)
  }

  @Test("refuse what cannot be, by name")
  func refusals() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FineTuningError.self) { try run { $0.head = .keep }.finished(in: folder.path) }
    #expect(throws: FineTuningError.self) { try run { $0.longest = 0.1 }.finished(in: folder.path) }
    #expect(throws: FineTuningError.self) {
      try run { $0.settings.frozen = "conv,hidden.9" }.finished(in: folder.path)
    }
    #expect(throws: FineTuningError.self) {
      try run {
        $0.labels = .level(.word)
        $0.settings.task = .utterance
      }.finished(in: folder.path)
    }
    let others = try SpeechModel.load(repository("Tests/ModelsTests/Resources/whisper"))
    #expect(throws: (any Error).self) { try run { $0.model = others }.finished(in: folder.path) }
    // Labels outside the vocabulary of a head that is to be kept.
    do {
      _ = try TrainingData(
        corpus(), for: model(), task: .ctc, labels: .level(.phoneme), existing: ["<pad>", "AA", "AE"],
        seed: 0)
      Issue.record("labels without a class were taken")
    } catch FineTuningError.unknownLabels(let labels, let known) {
      #expect(known == 3 && labels.contains("IY") && !labels.contains("AA"))
    }
    #expect(!folder.contents().contains("finetune.json"))
  }

  @Test("parts share no speaker and no sentence")
  func parts() throws {
    let data = try TrainingData(corpus(), for: model(), task: .ctc, labels: .level(.phoneme), seed: 0)
    let (train, development, test) = (
      Set(data.train.map(\.speaker)), Set(data.development.map(\.speaker)), Set(data.test.map(\.speaker))
    )
    #expect(!train.isEmpty && !development.isEmpty && !test.isEmpty)
    #expect(
      train.isDisjoint(with: development) && train.isDisjoint(with: test)
        && development.isDisjoint(with: test))
    #expect(data.classes[0] == "<pad>" && data.blank == 0)
  }

  @Test("a corpus too long for memory is told before the work")
  func memory() throws {
    let base = try model()
    let model = try TrainedModel(base, head: TaskHead(task: .ctc, classes: 3, width: 144), loss: TaskLoss())
    let need = try MemoryNeed(model)
    let (short, long) = (need.bytes(samples: 160_000, threads: 1), need.bytes(samples: 320_000, threads: 1))
    // Ten seconds of the seven convolutions' output alone.
    #expect(long - short > 10 * 50 * 127 * 4 * 100)
    #expect(need.bytes(samples: 160_000, threads: 2) > short)
    let data = try TrainingData(corpus(), for: base, task: .ctc, labels: .level(.phoneme), seed: 0)
    do {
      _ = try need.check(data, threads: 1 << 20, batch: 1 << 20, slowest: 1e-9)
      Issue.record("a recording of centuries fits")
    } catch FineTuningError.tooLong(_, _, let needed, let available) {
      #expect(needed > available)
    }
  }
}
