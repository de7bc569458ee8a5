import Foundation
import StrataTestSupport
import Testing

@Suite("A store that several processes share") struct StoreTests {
  @Test("of a text model nothing is kept, and that is said")
  func texts() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRun([
      Repository.path("fixtures/bert-made"), "--corpus", Repository.path("fixtures/made.conllu"),
      "--levels", "word", "--layers", "0", "--twins", "0", "--store", folder.path + "/store", "--output",
      folder.path + "/study",
    ])
    #expect(run.status == 0)
    #expect(run.errors.contains("note: bert-made has rows of tokens, which a store does not keep"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/store"))
  }

  @Test("two that write it at once do each other no harm, and a third reads what they kept")
  func processes() throws {
    let folder = try TemporaryFolder()
    let (model, corpus) = (
      Repository.path("fixtures/w2v2-tiny-phones/model.ckpt"), Repository.path("fixtures/human")
    )
    // A shard is a study's pass without its probes.
    let run = try CommandRun(
      shell: """
        study() {
          probe-layers \(model) --corpus \(corpus) --levels phoneme --layers hidden.0 --twins 0 --shard 1/1 \
            --quiet --output $1 "${@:2}"
        }
        study first --store store & first=$!
        study second --store store & second=$!
        wait $first
        wait $second
        find store -type f | sort > files
        find store -type f -exec sha256sum {} + | sort > before
        study third --store store
        find store -type f -exec sha256sum {} + | sort > after
        study plain
        cmp before after
        for name in first second third; do cmp plain/shard-1-of-1/*.safetensors $name/shard-1-of-1/*.safetensors; done
        """, in: folder.path)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let files = try String(contentsOfFile: folder.path + "/files", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    #expect(files.count { $0.hasSuffix("/index.json") } == 1)
    #expect(files.count { $0.hasSuffix(".safetensors") } == files.count - 1, "nothing half written is left")
    #expect(files.count > 2)
  }
}
