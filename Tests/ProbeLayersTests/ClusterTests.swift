import StrataTestSupport
import Testing

@Suite("A cluster") struct ClusterTests {
  /// The script ends with 77 and a reason where Slurm is not there or does not start.
  @Test("a real Slurm runs an array of shards and merges them to the study of one run")
  func slurm() throws {
    let run = try CommandRun(
      shell: "export STRATA_INSTALL=0 PROBE_LAYERS=$(command -v probe-layers); scripts/check-slurm.sh",
      in: Repository.path("."))
    if run.status == 77 { return print("A cluster: \(run.output)") }
    #expect(run.status == 0, "\(run.output)\n\(run.errors)")
    #expect(run.output.contains("a task was cancelled: nothing was merged"))
    #expect(run.output.contains("asked again: three shards and their merge are the study of a single run"))
  }

  @Test(
    "what cannot be submitted is said",
    arguments: [
      ("scripts/slurm/submit.sh 3 there", 64, "scripts/slurm/submit.sh SHARDS OUTPUT MODEL"),
      ("scripts/slurm/submit.sh none there model.ckpt", 64, "none is not a number of shards"),
      (
        "PATH=/usr/bin:/bin; sbatch() { :; }; export -f sbatch; hash -r; PROBE_LAYERS=/nowhere/probe-layers "
          + "scripts/slurm/submit.sh 3 there model.ckpt", 69, "probe-layers is not in PATH"
      ),
    ] as [(String, Int32, String)])
  func refused(script: String, status: Int32, words: String) throws {
    let run = try CommandRun(shell: script, in: Repository.path("."))
    #expect(run.status == status)
    #expect(run.errors.contains(words), "\(run.errors)")
  }
}
