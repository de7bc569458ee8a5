import Checkpoints
import Foundation
import StrataTestSupport
import Tensors
import Testing

/// The command `attribute`, as built.
@Suite("attribute")
struct AttributeTests {
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let audio = Repository.path("fixtures/unseen/kal/kal_s005.flac")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("explains a class over its label: report, figure, arrays and JSON say the same")
  func headClass() throws {
    let output = try folder.file("out")
    let run = try CommandRun([
      "attribute", model, audio, "--class", "ZH", "--at", "ZH", "-o", output, "--methods",
      "grad-cam,gradient-input,lrp", "--threads", "2",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("“ZH” of the head, over 0.39–0.45 s"))
    #expect(run.output.contains("conservation error") && !run.output.contains("FAILED"))
    let arrays = try Checkpoint.open(output + "/maps.npz")
    let (grid, profile) = (
      try arrays.tensor("gradient-×-input/grid"), try arrays.tensor("gradient-×-input/profile")
    )
    #expect(grid.rows == profile.count && grid.width == 40)
    for frame in stride(from: 0, to: grid.rows, by: 17) {
      let sum = grid[row: frame].reduce(0, +)
      #expect(abs(sum - profile.values[frame]) < 1e-4 * max(1, abs(sum)))
    }
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: output + "/attribution.json")))
    let entries = try #require(json as? [String: Any])
    let maps = try #require(entries["maps"] as? [[String: Any]])
    #expect(
      maps.map { $0["method"] as? String } == [
        "Grad-CAM", "gradient × input", "layer-wise relevance propagation",
      ])
    #expect((maps[1]["profile"] as? [Double])?.count == profile.count)
    #expect((entries["tiers"] as? [Any])?.count == 3)
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("<audio controls") && page.contains("data:audio/wav;base64,UklGR"))
    let figure = try String(contentsOfFile: output + "/figures/activation-map.svg", encoding: .utf8)
    #expect(figure.components(separatedBy: "<image ").count == 5)
    #expect(figure.contains(">treasure<"))
  }

  @Test("a probe is fitted, kept, and read again for the same map")
  func probe() throws {
    let (first, second) = (try folder.file("first"), try folder.file("second"))
    let corpus = Repository.path("fixtures/unseen/kal")
    let fitted = try CommandRun([
      "attribute", model, audio, "--probe", "phoneme", "--layer", "hidden.2", "--class", "N", "--at", "N",
      "--corpus", corpus, "-o", first, "--methods", "gradient-input",
    ])
    #expect(fitted.status == 0, "\(fitted.errors)")
    #expect(fitted.output.contains("“N” by a probe of hidden.2"))
    #expect(fitted.output.contains("held-out spans (commonest class"))
    let again = try CommandRun([
      "attribute", model, audio, "--probe", first + "/probe.safetensors", "--class", "N", "--at", "N",
      "-o", second, "--methods", "gradient-input", "--quiet",
    ])
    #expect(again.status == 0 && again.output.isEmpty, "\(again.errors)")
    for name in ["maps.npz", "probe.safetensors"] {
      #expect(
        try Data(contentsOf: URL(filePath: first + "/" + name))
          == Data(contentsOf: URL(filePath: second + "/" + name)), "\(name)")
    }
  }

  @Test("--checks tries a map and says what it found")
  func checks() throws {
    let models = Repository.path("Tests/ModelsTests/Resources")
    let output = try folder.file("checked")
    let run = try CommandRun([
      "attribute", "\(models)/wav2vec2_variant", "\(models)/wav2vec2_variant/input.wav", "--unit", "3",
      "--layer", "hidden.1",
      "--span", "0.1-0.2", "-o", output, "--methods", "guided-backpropagation", "--checks",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("check of guided backpropagation:") && run.output.contains("20 dB"))
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.contains("Whether the maps are true of the model"))
    #expect(FileManager.default.fileExists(atPath: output + "/figures/trust.svg"))
  }

  @Test("a corpus: where the evidence of each level lies, and what heads follow")
  func corpus() throws {
    let output = try folder.file("evidence")
    let run = try CommandRun([
      "attribute", model, Repository.path("fixtures/unseen/kal"), "--levels", "phoneme", "--layers", "1,3",
      "--spans",
      "3", "-o", output, "--threads", "2",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("phoneme   hidden.") } == 2, "\(run.output)")
    #expect(run.output.contains("What 24 attention heads follow"))
    let table = try String(contentsOfFile: output + "/figures/evidence.csv", encoding: .utf8)
    #expect(table.split(separator: "\n").count == 3)
    for row in table.split(separator: "\n").dropFirst() {
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      let (inside, chance) = (try #require(Double(cells[4])), try #require(Double(cells[7])))
      // The trained model's phones are told by what is in them.
      #expect(inside > chance && inside <= 1)
    }
    for name in ["report.html", "evidence.json", "figures/attention-heads.svg"] {
      #expect(FileManager.default.fileExists(atPath: output + "/" + name), "\(name)")
    }
  }

  @Test("a stretch of a recording, asked for or the window around the target of one too long")
  func stretch() throws {
    let output = try folder.file("stretch")
    let part = try CommandRun([
      "attribute", model, audio, "--class", "ZH", "--at", "ZH", "--from", "0.2", "--to", "1.2", "-o",
      output,
      "--methods", "attention-rollout",
    ])
    #expect(part.status == 0, "\(part.errors)")
    #expect(part.output.contains("over 0.19–0.25 s") && part.output.contains("Only 0.20–1.20 s"))
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(
      page.contains("Where each attention head looks") && page.contains("<th scope=\"col\">Follows</th>"))
    let heads = try String(contentsOfFile: output + "/figures/attention.csv", encoding: .utf8)
    #expect(heads.contains("attention.6,4,"))

    let windowed = Repository.path("Tests/ModelsTests/Resources/ast")
    let cut = try CommandRun([
      "attribute", windowed, audio, "--unit", "1", "--layer", "hidden.1", "--span", "2.2-2.3", "-o", output,
      "--methods", "gradient-input", "--force",
    ])
    #expect(cut.status == 0, "\(cut.errors)")
    #expect(cut.output.contains("were given to the model, of which") && cut.output.contains("s at once"))
    let outside = try CommandRun([
      "attribute", model, audio, "--span", "2.2-2.3", "--to", "1", "-o", output, "--force",
    ])
    #expect(outside.status != 0 && outside.errors.contains("lies outside"))
    let beyond = try CommandRun(["attribute", model, audio, "--from", "7", "-o", output, "--force"])
    #expect(beyond.status != 0 && beyond.errors.contains("is 2.92 s long"))
  }

  @Test("maps of channels and of another checkpoint, and masks for augmentation")
  func channelsAndCheckpoints() throws {
    let output = try folder.file("strip")
    let run = try CommandRun([
      "attribute", model, audio, "--class", "ZH", "--at", "ZH", "-o", output, "--methods",
      "grad-cam,gradient-input",
      "--channels", "2", "--checkpoints", model,
    ])
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count { $0.contains("of Grad-CAM, hidden.5, w2v2-tiny-phones:") } == 2, "\(run.output)")
    // The same weights again give the same line, right below the first.
    let maps = lines.indices.filter { lines[$0].hasPrefix("gradient × input, input, w2v2-tiny-phones") }
    #expect(maps.count == 2 && maps[1] == maps[0] + 1 && lines[maps[0]] == lines[maps[1]])
    let masks = try String(contentsOfFile: output + "/masks.csv", encoding: .utf8).split(separator: "\n")
    #expect(masks.first == "method,layer,start_s,end_s,low_hz,high_hz,share" && masks.count > 4)
    for row in masks.dropFirst() {
      let cells = row.split(separator: ",").suffix(5).compactMap { Double($0) }
      #expect(
        cells.count == 5 && cells[0] < cells[1] && cells[2] < cells[3] && cells[4] > 0 && cells[4] <= 1)
    }
  }

  @Test("where a unit is most active, to be listened to")
  func unit() throws {
    let output = try folder.file("unit")
    let run = try CommandRun([
      "attribute", model, Repository.path("fixtures/unseen/kal"), "--unit", "5", "--layer", "hidden.2",
      "-o", output,
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.split(separator: "\n").count == 12, "\(run.output)")
    let table = try String(contentsOfFile: output + "/unit.csv", encoding: .utf8).split(separator: "\n")
    let values = table.dropFirst().compactMap { Double($0.split(separator: ",")[2]) }
    #expect(values.count == 10 && values == values.sorted(by: >))
    let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
    #expect(page.components(separatedBy: "<audio ").count == 11)
  }

  @Test("a spectrogram transformer's class and a decoder's token")
  func otherFamilies() throws {
    let models = Repository.path("Tests/ModelsTests/Resources")
    for (name, arguments, words) in [
      ("ast", ["--class", "LABEL_2"], "“LABEL_2” of the head, over the whole recording"),
      ("whisper", ["--tokens", "3,5,8,1", "--token", "3"], "token “8” of the decoder"),
    ] {
      let output = try folder.file(name)
      let run = try CommandRun(
        [
          "attribute", "\(models)/\(name)", "\(models)/\(name)/input.wav", "-o", output, "--methods",
          "grad-cam,lrp,attention-rollout",
        ]
          + arguments)
      #expect(run.status == 0 && run.output.contains(words), "\(run.output)\(run.errors)")
      #expect(!run.output.contains("FAILED"))
      let files = try FileManager.default.contentsOfDirectory(atPath: output + "/figures")
      #expect(
        files.contains("attention.svg") && files.contains("cross-attention.svg") == (name == "whisper"))
      let arrays = try Checkpoint.open(output + "/maps.npz")
      #expect((arrays.tensors["decoder.cross_attention.1"] != nil) == (name == "whisper"))
    }
  }

  @Test(
    "what cannot be explained is refused with the reason, and nothing is written",
    arguments: [
      (["--class", "QQ"], 64, "there is no class QQ; known are"),
      (["--at", "XX"], 64, "has no label XX; it has"),
      (["--unit", "9999", "--layer", "hidden.1"], 64, "there is no unit 9999: it is 0 to 143"),
      (["--text", "the"], 64, "--text needs a model with a decoder"),
      (["--span", "0.5-0.4"], 64, "--span takes seconds such as"),
      (["--span", "90-91"], 64, "no frame of logits has its centre within 90.0–91.0 s"),
      (["--methods", "magic"], 64, "There is no method magic"),
      (["--unit", "1", "--layer", "hidden.1", "--map-layer", "hidden.3"], 64, "hidden.3"),
      (["--unit", "1", "--layer", "conv.2", "--methods", "attention"], 64, "the model's first attention"),
      (["--probe", "none.safetensors"], 66, "none.safetensors"),
    ])
  func refusals(arguments: [String], status: Int, words: String) throws {
    let output = try folder.file("out")
    let run = try CommandRun(
      ["attribute", model, audio, "-o", output, "--methods", "grad-cam"] + arguments)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}
