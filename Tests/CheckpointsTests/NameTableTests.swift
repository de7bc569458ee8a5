import Testing

@testable import Checkpoints

@Suite("Name tables") struct NameTableTests {
  @Test("The first rule that fits counts; wildcards carry what they met")
  func rules() {
    let table: NameTable = ["a.*.x.**": "b.*.y.**", "a.*.**": "c.*.**", "d": "e.f"]
    #expect(table["a.3.x.weight"] == "b.3.y.weight")
    #expect(table["a.3.x.deep.bias"] == "b.3.y.deep.bias")
    #expect(table["a.3.z.bias"] == "c.3.z.bias")
    #expect(table["d"] == "e.f")
    #expect(table["d.e"] == nil)
    #expect(table["a.3"] == nil)
  }

  /// The positional convolution's weight norm has two spellings; the tables leave it as it is.
  func unparametrized(_ name: String) -> String {
    name.replacing("parametrizations.weight.original0", with: "weight_g")
      .replacing("parametrizations.weight.original1", with: "weight_v")
  }

  @Test("fairseq's names, every one of the reference's four models")
  func fairseqNames() throws {
    let json = try MetadataValue(
      json: try resourceBytes("reference/names_fairseq.json"), path: "names_fairseq.json")
    let models = try #require(json.dictionary)
    #expect(models.count == 4)
    for (model, names) in models {
      for (name, expected) in try #require(names.dictionary) {
        #expect(NameTable.fairseq[name] == unparametrized(expected.string ?? ""), "\(model)")
      }
    }
  }

  @Test("openai-whisper's names, every one")
  func whisperNames() throws {
    let json = try MetadataValue(
      json: try resourceBytes("reference/names_whisper.json"), path: "names_whisper.json")
    for (name, expected) in try #require(json.dictionary) {
      #expect(NameTable.whisper[name] == expected.string)
    }
  }

  /// The checkpoint's tensors under the table's names; those that no rule knows are left out.
  func renamed(_ file: String, prefix: String = "", by table: NameTable) throws -> [String: Digest] {
    let checkpoint = try Checkpoint.open(resource("reference/\(file)"))
    var digests: [String: Digest] = [:]
    for name in checkpoint.tensors.keys where name.hasPrefix(prefix) {
      guard let newName = table[String(name.dropFirst(prefix.count))] else { continue }
      digests[newName] = Digest(try checkpoint.tensor(name))
    }
    return digests
  }

  func model(_ name: String, prefix: String = "") throws -> [String: Digest] {
    var digests: [String: Digest] = [:]
    for (name, digest) in try Digests.model(name) where name.hasPrefix(prefix) {
      digests[unparametrized(String(name.dropFirst(prefix.count)))] = digest
    }
    return digests
  }

  @Test("Original checkpoints hold the weights of their Hugging Face versions")
  func sameWeights() throws {
    let base = try model("wav2vec2_base", prefix: "wav2vec2.")
    #expect(base.count == 67)
    for file in ["fairseq_wav2vec2_pretrain.pt", "fairseq_wav2vec2_args_legacy.pt"] {
      #expect(try renamed(file, by: .fairseq) == base)
    }
    #expect(try renamed("fairseq_wav2vec2_ctc.pt", prefix: "w2v_encoder.w2v_model.", by: .fairseq) == base)
    #expect(try renamed("s3prl_states.ckpt", prefix: "model.", by: .fairseq) == base)
    #expect(try renamed("fairseq_hubert.pt", by: .fairseq) == model("hubert_base"))
    #expect(try renamed("unilm_wavlm.pt", by: .fairseq) == model("wavlm_base"))
    #expect(try renamed("openai_whisper_fp16.pt", by: .whisper) == Digests.model("whisper_fp16"))
  }

  @Test("A checkpoint is renamed as a whole; what no rule knows keeps its name")
  func checkpoint() throws {
    let original = try Checkpoint.open(resource("reference/fairseq_wav2vec2_pretrain.pt"))
    let checkpoint = try original.renamed(by: .fairseq)
    #expect(checkpoint.tensors.count == original.tensors.count)
    #expect(checkpoint.tensors["masked_spec_embed"]?.name == "masked_spec_embed")
    #expect(checkpoint.tensors["quantizer.vars"] != nil)
    #expect(throws: CheckpointError.self) {
      try original.renamed(by: ["encoder.layers.*.fc1.bias": "encoder.layers.*.fc1.weight"])
    }
  }
}
