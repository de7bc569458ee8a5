import Foundation
import StrataTestSupport
import Testing

/// What a run that is disturbed says, keeps and leaves behind.
@Suite("Signals, full disks and two runs") struct InterruptionTests {
  private let folder: TemporaryFolder
  private let model = Repository.path("fixtures/w2v2-tiny-phones/model.ckpt")
  private let corpus = Repository.path("fixtures/human")

  init() throws { folder = try TemporaryFolder() }

  private var quick: String {
    "\(model) --corpus \(corpus) --levels phoneme --layers conv.7 --twins 0 --maps 0"
  }

  private func shell(_ script: String) throws -> CommandRun {
    try CommandRun(shell: script, in: folder.path)
  }

  private func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))
  }

  @Test(
    "SIGINT, SIGTERM and SIGHUP end it within two seconds, and the next run goes on",
    arguments: ["INT", "TERM", "HUP"])
  func signals(name: String) throws {
    // All layers and three twins: it is at work for longer than a moment.
    let run = try shell(
      """
      probe-layers \(model) --corpus \(corpus) --output out 2> errors & process=$!
      while [ ! -d out/work ]; do sleep 0.05; done
      kill -\(name) $process; start=$(date +%s%N)
      set +e; wait $process; echo $? $((($(date +%s%N) - start) / 1000000))
      """)
    let numbers = run.output.split { $0.isWhitespace }.compactMap { Int($0) }
    try #require(numbers.count == 2, "\(run.output) \(run.errors)")
    let errors = String(decoding: try data("errors"), as: UTF8.self)
    #expect(numbers[0] == 130 && errors.contains("Stopping; finished work is kept."), "\(errors)")
    #expect(numbers[1] < 2000)
    #expect(!folder.contents().contains { $0.hasSuffix(".strata-lock") || $0.hasSuffix("study.json") })
  }

  @Test("a folder whose run was killed, or died of a model cut short, is taken over with a word and done")
  func takenOver() throws {
    let run = try shell(
      """
      mkdir m; cp \(model) m/model.ckpt
      set +e
      probe-layers \(model) --corpus \(corpus) --output killed 2> /dev/null & process=$!
      while [ ! -d killed/work ]; do sleep 0.05; done
      kill -KILL $process; wait $process
      probe-layers m/model.ckpt --corpus \(corpus) --output cut 2> died & process=$!
      while [ ! -d cut/work ]; do sleep 0.05; done
      truncate -s 4096 m/model.ckpt; wait $process; echo $?
      ls -A killed cut | grep -c strata-lock
      for name in killed cut; do
        probe-layers \(quick) --output $name --quiet 2> $name-errors; echo $?
      done
      """)
    #expect(run.output.split(separator: "\n") == ["65", "2", "0", "0"], "\(run.output) \(run.errors)")
    let died = String(decoding: try data("died"), as: UTF8.self)
    #expect(died.contains("m/model.ckpt was cut short"), "\(died)")
    for name in ["killed", "cut"] {
      let errors = String(decoding: try data("\(name)-errors"), as: UTF8.self)
      #expect(
        errors.contains("\(name) was left by process") && errors.contains("takes it over"), "\(errors)")
    }
    #expect(!folder.contents().contains { $0.hasSuffix(".strata-lock") })
  }

  @Test("too few files that may be open are told as that", arguments: [4, 8, 15])
  func openFiles(limit: Int) throws {
    let run = try shell("ulimit -n \(limit); exec probe-layers inspect \(model)")
    #expect(run.status == 71 && run.errors.contains("ulimit -n"), "\(run.status) \(run.errors)")
  }

  @Test("what ignores a closed terminal goes on") func nohup() throws {
    let run = try shell(
      """
      trap '' HUP
      probe-layers \(quick) --output out --quiet & process=$!
      while [ ! -d out ]; do sleep 0.05; done
      kill -HUP $process; set +e; wait $process; echo $?
      """)
    #expect(run.output == "0\n", "\(run.errors)")
  }

  @Test(
    "an extraction that is ended leaves nothing, and clears what a killed one left",
    arguments: ["safetensors", "npz", "h5"])
  func extraction(ending: String) throws {
    let run = try shell(
      """
      extract() { exec probe-layers extract \(model) \(corpus) --quiet -o all.\(ending); }
      for signal in KILL TERM; do
        (extract) & process=$!
        until ls all.\(ending).part-*-$process-* > /dev/null 2>&1; do sleep 0.01; done
        kill -$signal $process; set +e; wait $process; echo $?; ls; set -e
      done
      (extract); ls
      """)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.first == "137" && lines.dropFirst().first?.contains(".part-") == true, "\(lines) \(run.errors)")
    #expect(lines.suffix(2) == ["130", "all.\(ending)"], "\(lines) \(run.errors)")
  }

  @Test(
    "a limit on files' size is a failed write, and the study before is untouched",
    arguments: ["study", "npz", "h5"])
  func fullDisk(what: String) throws {
    let command =
      what == "study"
      ? "\(quick) --output out --force --seed 1" : "extract \(model) \(corpus) -o out/all.\(what)"
    let run = try shell(
      """
      probe-layers \(quick) --output out --quiet; rm -rf out/work
      find out -type f | sort | xargs sha256sum > before
      set +e; (ulimit -f 8; probe-layers \(command) --quiet 2> errors); echo $?
      rm -rf out/work; find out -type f | sort | xargs sha256sum | diff before - && echo same
      """)
    let errors = String(decoding: try data("errors"), as: UTF8.self)
    #expect(run.output == "74\nsame\n", "\(errors)")
    #expect(errors.hasPrefix("error: out/"), "\(errors)")
  }

  @Test(
    "a folder in a file's place is a failed write with its path",
    arguments: ["run.yaml", "study.json", "manifest.json"])
  func folderInTheWay(name: String) throws {
    let run = try shell(
      """
      mkdir -p out/\(name)
      set +e; probe-layers \(quick) --output out --quiet; echo $?; ls out
      """)
    #expect(run.output.hasPrefix("74\n"), "\(run.errors)")
    #expect(run.errors.contains("out/\(name) could not be written: a folder of that name is in the way"))
    #expect(!run.output.contains("report.html"))
  }

  @Test(
    "two runs in one folder wait for each other, and so do two of one shard",
    arguments: ["", "--shard 1/2"])
  func twoRuns(shard: String) throws {
    let run = try shell(
      """
      probe-layers \(quick) --output out \(shard) --quiet & one=$!
      until [ -s out/.strata-lock ] || [ -s out/shard-1-of-2/.strata-lock ]; do sleep 0.02; done
      kill -STOP $one  # so that the second finds it at work, however fast it is
      probe-layers \(quick) --output out \(shard) --quiet 2> errors & two=$!
      until grep -q 'is being written by process .*; waiting for it to end' errors; do sleep 0.02; done
      kill -CONT $one; set +e; wait $one; echo $?; wait $two; echo $?
      find out -name '.strata-*' -o -name work
      """)
    #expect(run.output == "0\n0\n", "\(run.errors)")
  }

  @Test("what redraws or sums up studies waits for its folder too", arguments: ["report", "replicates"])
  func waits(command: String) throws {
    let second = command == "report" ? "report out" : "replicates one two --output out --force"
    let run = try shell(
      """
      for seed in 1 2; do probe-layers \(quick) --seed $seed --output $([ $seed = 1 ] && echo one || echo two) --quiet; done
      probe-layers \(quick) --output out --quiet
      probe-layers \(quick) --output out --quiet & one=$!
      until [ -s out/.strata-lock ]; do sleep 0.02; done
      kill -STOP $one
      probe-layers \(second) --quiet 2> errors & two=$!
      until grep -q 'is being written by process .*; waiting for it to end' errors; do sleep 0.02; done
      kill -CONT $one; set +e; wait $one; echo $?; wait $two; echo $?
      find out -name '.strata-*' -o -name work
      """)
    #expect(run.output == "0\n0\n", "\(run.errors)")
  }

  @Test("a reused folder keeps nothing of another study, and a lock of a dead run is taken over")
  func reused() throws {
    let run = try shell(
      """
      mkdir out; echo '{"host":"here","process":1,"started":"then","command":"other"}' > out/.strata-lock
      probe-layers \(quick) --probes phone-duration --output out --quiet
      ls out/deviations.csv out/outliers.csv > /dev/null; touch out/mine.txt
      probe-layers \(quick) --output out --force --quiet
      probe-layers \(quick) --output fresh --quiet
      diff <(cd out; find . -type f | sort) <(cd fresh; (find . -type f; echo ./mine.txt) | sort) && echo same
      """)
    #expect(run.output == "same\n", "\(run.errors)")
  }

  @Test("merging goes on with the fits that are there") func merge() throws {
    let run = try shell(
      """
      for part in 1/2 2/2; do probe-layers \(quick) --shard $part --output shards --quiet; done
      probe-layers merge shards --output whole --quiet
      probe-layers merge shards --output out --quiet & process=$!
      until ls out/work/fits-* > /dev/null 2>&1; do sleep 0.02; done
      kill -TERM $process; set +e; wait $process; echo $?; set -e
      ls out/work | grep -c fits-
      probe-layers merge shards --output out --quiet
      diff -r out whole --exclude written-by.yaml && ls -d out/work || echo gone
      """)
    #expect(run.output == "130\n1\ngone\n", "\(run.errors)")
  }

  @Test(
    "a checkpoint that is cut short while it is in use is told with its path",
    arguments: [": >", "cp other"])
  func cutShort(how: String) throws {
    let run = try shell(
      """
      cp \(model) model.ckpt; cp \(model) other; printf 'xxxxxxxxxxxxxxxx' | dd of=other bs=1 seek=60000 conv=notrunc 2> /dev/null
      probe-layers model.ckpt --corpus \(corpus) --output out --quiet 2> errors & process=$!
      while [ ! -d out/work ]; do sleep 0.05; done
      \(how) model.ckpt
      set +e; wait $process; echo $?; ls out
      """)
    let errors = String(decoding: try data("errors"), as: UTF8.self)
    #expect(run.output.hasPrefix("65\n") && !run.output.contains("study.json"), "\(run.output) \(errors)")
    #expect(errors.contains("model.ckpt was "), "\(errors)")
  }
}
