import Foundation
import Strata
import Testing

/// The repository, found from this file.
private let repository = URL(filePath: #filePath)
  .deletingLastPathComponent().appending(path: "../../../..").standardized.path

@Suite("What somebody else's package can write")
struct InterfaceTests {
  private let fixtures = repository + "/fixtures"

  /// A small study of two layers, made once.
  private static let studied = Task {
    var study = LayerStudy(
      model: try SpeechModel.load(repository + "/fixtures/w2v2-tiny-phones/model.ckpt"),
      corpus: try Corpus.load(repository + "/fixtures/human"))
    try study.select(probes: "phoneme,manner")
    (study.layers, study.twinSeeds, study.bootstrapResamples) = (["conv.1", "hidden.3"], [], 200)
    return try await study.run()
  }

  @Test("asks a result by level, probe, layer and metric")
  func questions() async throws {
    let result = try await Self.studied.value
    let accuracy: Estimate = try result[.phoneme]["hidden.3"].accuracy
    let level = try #require(result.levels.first { $0.probe == "phoneme" })
    let layer = try #require(level.layers.first { $0.layer.name == "hidden.3" })
    #expect(accuracy == layer.metrics?[.accuracy])
    #expect((0...1).contains(accuracy.value) && accuracy.low <= accuracy.value)
    #expect(try result[probe: "manner"].level == .phoneme)
    #expect(
      try result[probe: "manner"]["conv.1"][.macroF1]
        == result.levels.first { $0.probe == "manner" }?
        .layers.first { $0.layer.name == "conv.1" }?.metrics?[.macroF1])
  }

  @Test("hears what is there where it asks for what is not")
  func wrongQuestions() async throws {
    let result = try await Self.studied.value
    #expect(throws: ResultError.noLevel(.word, probes: result.levels.map(\.probe))) { try result[.word] }
    let layer = #expect(throws: ResultError.self) { try result[.phoneme]["hiden.3"] }
    #expect(layer?.description.contains("did you mean “hidden.3”?") == true)
    let probe = #expect(throws: ResultError.self) { try result[probe: "maner"] }
    #expect(probe?.description.contains("did you mean “manner”?") == true)
    let metric = #expect(throws: ResultError.self) { try result[.phoneme]["hidden.3"][.r2] }
    #expect(metric?.description.contains("its probe has no r2") == true)
  }

  @Test("catches every error by its name, and any of them as Strata's")
  func errors() throws {
    let errors: [any StrataError.Type] = [
      ABXItemError.self, ActivationError.self, AttributionError.self, AudioError.self, CheckpointError.self,
      ComparisonError.self, CorpusError.self, ExportError.self, FileError.self, FineTuningError.self,
      HDF5Error.self, ImportError.self, InterventionError.self, LinearAlgebraError.self, ModelError.self,
      ProbeError.self, ProbeSpecError.self, ReplicatesError.self, ReportError.self, ResultError.self,
      SeriesError.self, ShardError.self, SimilarityError.self, StudyError.self, StudyFileError.self,
    ]
    #expect(errors.count == 25)
    do {
      _ = try SpeechModel.load(repository + "/nowhere.ckpt")
      Issue.record("a model that is not there was loaded")
    } catch let error as CheckpointError {
      #expect(error.kind == .missingInput && "\(error)".contains("nowhere.ckpt"))
    }
    #expect(throws: CorpusError.self) { try Corpus.load(repository + "/nowhere") }
  }

  @Test("waits for every study, and can stop it by cancelling its task")
  func everythingIsAsync() async throws {
    let model = try SpeechModel.load(fixtures + "/w2v2-tiny-phones/model.ckpt")
    let corpus = try Corpus.load(fixtures + "/human")
    var study = LayerStudy(model: model, corpus: corpus)
    study.layers = ["hidden.3"]
    // That these compile is the point: each is awaited.
    let runs: [(String, @Sendable () async throws -> Void)] = [
      ("study", { [study] in _ = try await study.run() }),
      ("curves", { [study] in _ = try await CurvesStudy(of: study, over: .time).run() }),
      ("geometry", { [study] in _ = try await GeometryStudy(of: study).run() }),
      ("variance", { [study] in _ = try await VarianceStudy(of: study).run() }),
      ("measures", { [study] in _ = try await LayerMeasures(of: study, level: .phoneme).run() }),
      ("similarity", { _ = try await SimilarityStudy(model: model, corpus: corpus).run() }),
      ("evidence", { _ = try await CorpusAttribution(model: model, corpus: corpus).run() }),
      (
        "interventions",
        {
          _ = try await InterventionStudy(model: model, corpus: corpus, erasing: ["phoneme"]).finished()
        }
      ),
      ("self-test", { _ = try await SelfTest().run() }),
      (
        "export",
        {
          let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID())").path
          defer { try? FileManager.default.removeItem(atPath: folder) }
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
          let recordings = corpus.utterances.map(\.audioPath)
          try await ActivationExport(model: model).write(recordings, to: folder + "/all.npz")
        }
      ),
    ]
    for (name, run) in runs {
      let task = Task { try await run() }
      task.cancel()
      let error = await #expect(throws: (any Error).self, "\(name)") { try await task.value }
      #expect(error is any StrataError, "\(name): \(error as Any)")
    }
  }

  @Test("loads what the command loads: a decoder, an adapter, activations made elsewhere")
  func loading() throws {
    let corpus = try Corpus.load(fixtures + "/human")
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)

    let imported = try LoadedModel.load(fixtures + "/activations", for: Corpus.load(fixtures + "/unseen"))
    #expect(imported.source is ImportedActivations && !imported.source.taps.isEmpty)

    let whisper = folder + "/whisper"
    try FileManager.default.copyItem(
      atPath: repository + "/Tests/ModelsTests/Resources/whisper", toPath: whisper)
    let deaf = try LoadedModel.load(whisper, for: corpus).source.taps.map(\.name)
    #expect(!deaf.contains { $0.hasPrefix("decoder.") })
    try writeTokenizer(whisper)
    let names = try LoadedModel.load(whisper, for: corpus).source.taps.map(\.name)
    #expect(names.starts(with: deaf) && names.contains("decoder.hidden.1"))

    let base = repository + "/Tests/ModelsTests/Resources/wav2vec2_base"
    try writeAdapter(folder + "/adapter", width: 48)
    var options = LoadOptions()
    options.adapter = folder + "/adapter"
    let adapted = try LoadedModel.load(base, for: corpus, options: options)
    #expect(adapted.warnings.contains { $0.contains("adapter") && $0.contains("merged") })
    #expect(try adapted.source.fingerprint != LoadedModel.load(base, for: corpus).source.fingerprint)
  }

  private func writeTokenizer(_ folder: String) throws {
    let letters = (0..<26).map { String(UnicodeScalar(UInt8(97 + $0))) }
    var vocabulary = Dictionary(uniqueKeysWithValues: zip(["Ġ"] + letters, 0...))
    vocabulary["<|endoftext|>"] = 110
    for (name, words) in [
      ("vocab", vocabulary), ("added_tokens", ["<|startoftranscript|>": 111, "<|notimestamps|>": 112]),
    ] {
      try JSONSerialization.data(withJSONObject: words).write(to: URL(filePath: "\(folder)/\(name).json"))
    }
    try Data("#version: 0.2\nt h\n".utf8).write(to: URL(filePath: "\(folder)/merges.txt"))
  }

  /// A LoRA of rank 1 on one projection, as PEFT saves it: a safetensors file of two matrices.
  private func writeAdapter(_ folder: String, width: Int) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let name = "base_model.model.encoder.layers.0.attention.q_proj"
    let bytes = 4 * width
    let header = """
      {"\(name).lora_A.weight":{"dtype":"F32","shape":[1,\(width)],"data_offsets":[0,\(bytes)]},\
      "\(name).lora_B.weight":{"dtype":"F32","shape":[\(width),1],"data_offsets":[\(bytes),\(2 * bytes)]}}
      """
    var file = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(contentsOf: header.utf8)
    for _ in 0..<(2 * width) { withUnsafeBytes(of: Float(0.25)) { file.append(contentsOf: $0) } }
    try file.write(to: URL(filePath: "\(folder)/adapter_model.safetensors"))
    try Data(
      #"{"peft_type": "LORA", "r": 1, "lora_alpha": 2, "base_model_name_or_path": "elsewhere"}"#.utf8
    )
    .write(to: URL(filePath: "\(folder)/adapter_config.json"))
  }

  @Test("makes a finished study again from its run.yaml, to the same numbers")
  func studyFile() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/run.yaml"
    try """
    model: "\(fixtures)/w2v2-tiny-phones/model.ckpt"
    corpus: "\(fixtures)/human"
    probes: [phoneme, manner]
    layers: conv.1,hidden.3
    twins: 0
    maps: 0
    output: "."
    written-by:
      model-fingerprint: "another"
    """.write(toFile: path, atomically: true, encoding: .utf8)
    var study = try LayerStudy(contentsOf: path)
    #expect(study.probes.map(\.name) == ["phoneme", "manner"] && study.layers == ["conv.1", "hidden.3"])
    #expect(study.twinSeeds.isEmpty)
    study.bootstrapResamples = 200
    let notices = Notices()
    study.onNotice = { notices.add($0) }
    let (again, first) = (try await study.run(), try await Self.studied.value)
    #expect(again == first)
    #expect(
      notices.all.count == 1 && notices.all[0].hasPrefix("the model is not the one of the study file"))
  }

  /// What a study tells while it runs, from any thread.
  private final class Notices: @unchecked Sendable {
    private let lock = NSLock()
    private var notices: [String] = []
    var all: [String] { lock.withLock { notices } }
    func add(_ notice: String) { lock.withLock { notices.append(notice) } }
  }

  @Test(
    "hears what is wrong with a study file",
    arguments: [
      ("corpus: there", "it does not say which model"),
      ("model: a.ckpt", "it does not say which recordings"),
      ("model: a.ckpt\ncorpus: b\nlvls: word", "did you mean “levels”?"),
      ("model: a.ckpt\ncorpus: b\nseed: many", "seed takes a whole number from 0 on, not “many”"),
      ("model: a.ckpt\ncorpus: b\ntwins: 17", "twins takes a whole number from 0 to 16, not “17”"),
      ("model: a.ckpt\ncorpus: b\nsearch: best", "search takes one of grid, random, bayesian, not “best”"),
      ("model: a.ckpt\ncorpus: b\nhop: 20", "hop takes a length of time and its unit"),
      ("model: a.ckpt\ncorpus: b\nshard: 1/2", "shard takes nothing in Swift"),
      ("model: a.ckpt\ncorpus: b\nlevels: {a: b}", "line 3: levels must be"),
      ("- a", "a study file is a list"),
    ])
  func wrongStudyFile(yaml: String, words: String) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID()).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try yaml.write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: StudyFileError.self) { try LayerStudy(contentsOf: path) }
    #expect(error?.description.contains(words) == true, "\(error as Any)")
    #expect(error?.description.hasPrefix(path) == true)
  }
}

@Suite("The README's program")
struct ReadmeProgramTests {
  @Test("runs in the repository and prints the study")
  func runs() throws {
    let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "FirstStudy")
    let process = Process()
    process.executableURL = program
    process.currentDirectoryURL = URL(filePath: repository)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text.contains("w2v2-tiny-phones on unseen"))
    let line = try #require(text.split(separator: "\n").last { $0.hasPrefix("words at hidden.5: ") })
    let accuracy = try #require(Double(line.dropFirst("words at hidden.5: ".count)))
    #expect((0.85...0.97).contains(accuracy), "\(accuracy)")
  }
}
