import Foundation
import StrataTestSupport
import Testing

@Suite("Adapting a model, as a command") struct FinetuneTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let corpus = Repository.path("fixtures/human")

  @Test("adapts it, says what came of it, and the same command gives the same bytes")
  func adapts() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "finetune", model, "--corpus", corpus, "--steps", "2", "--batch", "2", "--longest", "4", "--freeze",
      "conv,projection,hidden.0-4", "--evaluate-every", "1",
    ]
    let first = try CommandRun(arguments + ["--threads", "1", "--output", folder.path + "/a"])
    #expect(first.status == 0, "\(first.errors)")
    #expect(
      first.output.contains("phone error rate before:") && first.output.contains("difference, paired:"))
    _ = try CommandRun(arguments + ["--threads", "3", "--output", folder.path + "/b"])
    for name in [
      "finetune.json", "results.json", "training.jsonl", "model/model.safetensors", "model/config.json",
    ] {
      let (a, b) = (
        try Data(contentsOf: URL(filePath: "\(folder.path)/a/\(name)")),
        try Data(contentsOf: URL(filePath: "\(folder.path)/b/\(name)"))
      )
      #expect(a == b, "\(name)")
    }
    let results = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder.path + "/a/results.json")))
        as? [String: Any])
    let measures = try #require((results["results"] as? [String: [String: Any]])?["human_phoneme_ctc"])
    #expect(measures["phone_error_rate,none"] is Double)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/a/work"))
  }

  @Test("what layers gain is said to be of recordings that were learned from, unless others are studied")
  func watched() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "finetune", model, "--steps", "1", "--batch", "1", "--longest", "4", "--freeze", "all", "--watch",
      "phoneme", "--watch-points", "0", "--corpus", corpus,
    ]
    for (name, other) in [("own", []), ("others", ["--watch-corpus", corpus])] {
      let run = try CommandRun(arguments + other + ["--output", "\(folder.path)/\(name)", "--quiet"])
      #expect(run.status == 0, "\(run.errors)")
      let page = try String(contentsOfFile: "\(folder.path)/\(name)/compare/summary.md", encoding: .utf8)
      #expect(page.contains("the model learned from ") == other.isEmpty)
      #expect(page.contains("From step 0 to step 1"))
    }
    let alone = try CommandRun(["finetune", model, "--corpus", corpus, "--watch-corpus", corpus])
    #expect(alone.status == 64 && alone.errors.contains("--watch-corpus belongs to --watch"))
  }

  @Test("stopped while its layers are studied it does not train again, and comes to the same bytes")
  func stoppedWatching() throws {
    let folder = try TemporaryFolder()
    let command =
      "probe-layers finetune \(model) --steps 2 --batch 1 --longest 4 --freeze all --watch phoneme --corpus \(corpus) "
      + "--watch-points 1 --quiet"
    let run = try CommandRun(
      shell: """
        \(command) --output whole
        \(command) --output out & process=$!
        until [ -s out/finetune.json ]; do sleep 0.02; done
        kill -TERM $process; set +e; wait $process; echo $?; set -e
        touch -d '1 hour ago' out/work/training/training.safetensors; before=$(stat -c %y out/work/training/training.safetensors)
        \(command) --output out & process=$!
        until [ -s out/compare/comparison.json ] || ! kill -0 $process; do
          now=$(stat -c %y out/work/training/training.safetensors 2> /dev/null || echo "$before")
          [ "$now" = "$before" ] || echo trained again
          sleep 0.02
        done
        wait $process
        diff -r out whole --exclude written-by.yaml && ls -d out/work || echo gone
        """, in: folder.path)
    #expect(run.output == "130\ngone\n", "\(run.output) \(run.errors)")
  }

  @Test("networks beside its layers are written with it, and read again")
  func beside() throws {
    let folder = try TemporaryFolder()
    for kind in ["bottleneck", "soft-moa"] {
      let output = "\(folder.path)/\(kind)"
      let run = try CommandRun([
        "finetune", model, "--corpus", corpus, "--steps", "1", "--batch", "1", "--longest", "4",
        "--adapters", kind,
        "--adapter-width", "4", "--output", output,
      ])
      #expect(run.status == 0, "\(run.errors)")
      let read = try CommandRun(["inspect", output + "/model", "--no-cost"])
      #expect(read.status == 0, "\(read.errors)")
      let type = try String(contentsOfFile: output + "/model/config.json", encoding: .utf8)
      #expect(type.contains("\"model_type\": \"strata-wav2vec2\""))
    }
  }

  @Test(
    "says what cannot be, and writes nothing",
    arguments: [
      (["--freeze", "hidden.7"], "the model has no part hidden.7; there are conv, projection, hidden.0"),
      (["--level", "vowel"], "--level takes speaker or one of"),
      (["--head", "keep", "--level", "word"], "the head has no class for"),
      (["--task", "utterance", "--level", "word"], "has several labels of it"),
      (["--rate=-1"], "the learning rate is -1.0, expected a number between 0 and 10"),
      (["--lora", "500"], "LoRA's rank is 500, expected 1 to 144"),
      (["--lora", "4", "--freeze", "conv"], "--freeze says nothing beside them"),
      (["--folds", "0"], "--folds takes a number from 1 on, or all"),
      (["--snr", "5"], "--snr belongs to --noise"),
      (["--noise", "white", "--snr", "20-5"], "--snr takes a number of decibels, or a range"),
      (["--noise", "/nowhere"], "the noise is /nowhere, which holds no recordings"),
      (["--speed", "0.2"], "a speed is 0.2, expected 0.5 to 2"),
      (["--dropout", "1"], "dropout is 1.0, expected at least 0, less than 1"),
      (["--balanced-sampling"], "balanced sampling is true, expected for a class of each utterance only"),
      (["--average", "ema"], "--average takes ema:DECAY"),
    ])
  func refusals(arguments: [String], words: String) throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun(
      ["finetune", model, "--corpus", corpus, "--output", folder.path + "/out"] + arguments)
    #expect([64, 65].contains(run.status))
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/model"))
  }

  @Test(
    "a family without gradients of parameters, and a task that a family has no head for, are refused by name"
  )
  func otherFamily() throws {
    let folder = try TemporaryFolder()
    for family in ["whisper", "w2v_bert", "parakeet"] {
      let run = try CommandRun([
        "finetune", Repository.path("Tests/ModelsTests/Resources/\(family)"), "--corpus", corpus,
        "--output",
        folder.path + "/out",
      ])
      #expect(run.status != 0 && run.errors.contains("of family "), "\(run.errors)")
    }
  }

  @Test(
    "changes what it learns from, averages, draws its learning curves, and leaves nothing of an earlier run"
  )
  func changed() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out"
    let arguments = [
      "finetune", model, "--corpus", corpus, "--batch", "1", "--longest", "4", "--freeze",
      "conv,projection,hidden.0-4", "--evaluate-every", "1", "--output", output, "--watch-points", "1",
    ]
    let first = try CommandRun(arguments + ["--steps", "2", "--watch", "phoneme", "--quiet"])
    #expect(first.status == 0, "\(first.errors)")
    #expect(FileManager.default.fileExists(atPath: output + "/step-000001/config.json"))
    let other = [
      "--steps", "3", "--dropout", "0.1", "--layer-drop", "0.1", "--mask-time", "0.1", "--noise", "pink",
      "--speed",
      "0.9,1.1", "--average", "ema:0.5", "--tensorboard", folder.path + "/board",
    ]
    let refused = try CommandRun(arguments + other)
    #expect(refused.status == 64 && refused.errors.contains("--force"), "\(refused.errors)")
    let second = try CommandRun(arguments + other + ["--force"])
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output.contains("what the average changed, paired:"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted() == [
        "finetune.json", "learning", "manifest.json", "model", "results.json", "training.jsonl",
        "written-by.yaml",
      ])
    let page = try String(contentsOfFile: output + "/learning/report.html", encoding: .utf8)
    #expect(page.contains("Learning curves") && page.contains("<svg"))
    let curve = try String(
      contentsOfFile: output + "/learning/figures/learning-training.csv", encoding: .utf8)
    #expect(curve.split(separator: "\n").count == 1 + 3 + 3 + 3)
    #expect(
      FileManager.default.fileExists(
        atPath: folder.path + "/board/training/events.out.tfevents.0000000000.strata"))
  }
}
