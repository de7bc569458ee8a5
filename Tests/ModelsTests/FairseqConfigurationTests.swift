import Checkpoints
import Testing

@testable import Models

@Suite("fairseq's settings") struct FairseqConfigurationTests {
  private func settings(_ json: String) throws -> FairseqConfiguration? {
    try FairseqConfiguration(MetadataValue(json: Array(json.utf8), path: "a.pt"), path: "a.pt")
  }

  @Test(
    "lists of convolutions, as lists and as the expressions that make them",
    arguments: [
      (#""[(512,10,5)] + [(512,3,2)] * 2""#, [[512, 10, 5], [512, 3, 2], [512, 3, 2]]),
      (#""[(512, 10, 5), (256, 3, 2,),]""#.replacing(",)", with: ")"), [[512, 10, 5], [256, 3, 2]]),
      (#""[(8,3,2)]*0+[(4,2,1)]*1""#, [[4, 2, 1]]),
      (#"[[8, 3, 2], [4, 2, 1]]"#, [[8, 3, 2], [4, 2, 1]]),
    ])
  func convolutions(json: String, expected: [[Int]]) throws {
    let value = try MetadataValue(json: Array(json.utf8), path: "a.pt")
    #expect(try ConvolutionList(value, path: "a.pt").layers == expected)
  }

  @Test(
    "anything else is refused, and nothing is evaluated",
    arguments: [
      #""__import__('os').system('true')""#, #""[(512,10,5)] + ""#, #""[(512,10)]""#, #""[(1,2,3,4)]""#,
      #""[(512,10,5)] * 1000000000""#, #""[(512,10,5)] * 16 + [(512,10,5)]""#, #""[]""#, #""""#, "7",
      #""[(99999999999999999999,1,1)]""#, #""[(512,10,5) (512,3,2)]""#, #""[(512,10,5)] ** 2""#, "[[1, 2]]",
      #""[(-512,10,5)]""#, #""[(512,10,5)]]""#, "[[1, 2, \"3\"]]",
    ])
  func hostileConvolutions(json: String) throws {
    let value = try MetadataValue(json: Array(json.utf8), path: "a.pt")
    let words = message { _ = try ConvolutionList(value, path: "a.pt") }
    #expect(words.contains("conv_feature_layers") && words.contains("a.pt"), "\(words)")
  }

  @Test("references between settings are followed, in a circle too")
  func references() throws {
    let found = try settings(
      #"""
      {"cfg": {"task": {"normalize": "${common.flag}", "sample_rate": 8000}, "common": {"flag": true},
       "model": {"_name": "hubert", "encoder_layers": "${task.layers}", "encoder_embed_dim": "${model.encoder_embed_dim}"}}}
      """#)
    #expect(found?.normalisesInput == true && found?.samplingRate == 8000)
    #expect(found?.tree?["model_type"]?.string == "hubert")
    #expect(found?.tree?["num_hidden_layers"] == nil && found?.tree?["hidden_size"] == nil)
  }

  @Test("a fine-tuned model without its pretrained one's settings has none, but its normalisation")
  func withoutPretrained() throws {
    let found = try settings(
      #"{"args": {"arch": "wav2vec_ctc", "w2v_path": "/runBlocking/w2v.pt", "normalize": true}}"#)
    #expect(found?.normalisesInput == true && found != nil)
    #expect(found?.tree == nil)
  }

  @Test("families by name and by the settings that only they have")
  func families() throws {
    func family(_ json: String) throws -> String? { try settings(json)?.tree?["model_type"]?.string }
    #expect(try family(#"{"cfg": {"relative_position_embedding": true, "encoder_layers": 2}}"#) == "wavlm")
    #expect(try family(#"{"args": {"encoder_layers": 2, "label_rate": 50}}"#) == "hubert")
    #expect(try family(#"{"model_cfg": {"encoder_layers": 2}, "task_cfg": {}}"#) == "wav2vec2")
    #expect(
      try family(#"{"cfg": {"model": {"_name": "data2vec_audio", "encoder_layers": 2}}}"#)
        == "data2vec-audio")
    #expect(try family(#"{"cfg": {"model": {"_name": "speech_to_text", "encoder_layers": 2}}}"#) == nil)
    #expect(try settings(#"{"epoch": 3}"#) == nil)
    #expect(try settings(#"{"args": {"lr": 0.1}}"#) == nil)
  }

  @Test("what WavLM leaves out has the value of its own program, not of transformers'")
  func defaults() throws {
    let wavlm = try settings(#"{"cfg": {"relative_position_embedding": true, "encoder_layers": 2}}"#)
    #expect(wavlm?.tree?["max_bucket_distance"] == .integer(1280))
    #expect(wavlm?.tree?["num_buckets"] == .integer(320))
    let data2vec = try settings(
      #"{"cfg": {"model": {"_name": "data2vec_audio", "encoder_layers": 2, "conv_pos": 95, "pos_conv_depth": 5}}}"#
    )
    #expect(data2vec?.tree?["conv_pos_kernel_size"] == .integer(19))
    #expect(data2vec?.tree?["num_conv_pos_embeddings"] == .integer(5))
  }

  @Test(
    "settings of models that are none of these",
    arguments: [
      (#""layer_type": "conformer""#, "layer_type is \"conformer\", expected transformer"),
      (#""extractor_mode": "batch""#, "default or layer_norm"),
      (#""activation_fn": "tanh""#, "activation_fn"),
      (#""pos_conv_depth": 4"#, "pos_conv_depth is 4"), (#""activation_fn": 3"#, "activation_fn is 3"),
    ])
  func refusals(setting: String, expected: String) {
    let words = message { _ = try settings(#"{"args": {"encoder_layers": 2, \#(setting)}}"#) }
    #expect(words.contains(expected), "\(words)")
  }
}
