// The names of other libraries' checkpoints, turned into those of Hugging Face's transformers. Facts taken from
// the files themselves: the same weights stand under both names.

extension NameTable {
  /// fairseq's wav2vec 2.0, HuBERT and data2vec, and the original WavLM, without prefix
  /// (`w2v_encoder.w2v_model.` and the like are the caller's to strip).
  public static let fairseq: NameTable = [
    "mask_emb": "masked_spec_embed",
    "layer_norm.**": "feature_projection.layer_norm.**",
    "post_extract_proj.**": "feature_projection.projection.**",
    "feature_extractor.conv_layers.*.0.**": "feature_extractor.conv_layers.*.conv.**",
    // A layer norm lies between two transposes, hence the second index; a group norm does not.
    "feature_extractor.conv_layers.*.2.1.**": "feature_extractor.conv_layers.*.layer_norm.**",
    "feature_extractor.conv_layers.*.2.**": "feature_extractor.conv_layers.*.layer_norm.**",
    // data2vec has several positional convolutions, each in a sequence of its own.
    "encoder.pos_conv.*.0.**": "encoder.pos_conv_embed.layers.*.conv.**",
    "encoder.pos_conv.0.**": "encoder.pos_conv_embed.conv.**",
    "encoder.layers.*.self_attn.grep_a": "encoder.layers.*.attention.gru_rel_pos_const",
    "encoder.layers.*.self_attn.grep_linear.**": "encoder.layers.*.attention.gru_rel_pos_linear.**",
    "encoder.layers.*.self_attn.relative_attention_bias.**": "encoder.layers.*.attention.rel_attn_embed.**",
    "encoder.layers.*.self_attn.**": "encoder.layers.*.attention.**",
    "encoder.layers.*.self_attn_layer_norm.**": "encoder.layers.*.layer_norm.**",
    "encoder.layers.*.fc1.**": "encoder.layers.*.feed_forward.intermediate_dense.**",
    "encoder.layers.*.fc2.**": "encoder.layers.*.feed_forward.output_dense.**",
    "encoder.layers.*.final_layer_norm.**": "encoder.layers.*.final_layer_norm.**",
    "encoder.layer_norm.**": "encoder.layer_norm.**",
    // Beside the model: the head of one that was trained on with CTC.
    "proj.**": "lm_head.**",
  ]

  /// openai-whisper.
  public static let whisper = NameTable(
    ["encoder", "decoder"].flatMap { part in
      let (from, to) = ("\(part).blocks.*", "model.\(part).layers.*")
      var rules = [
        ("\(from).attn_ln.**", "\(to).self_attn_layer_norm.**"),
        ("\(from).cross_attn_ln.**", "\(to).encoder_attn_layer_norm.**"),
        ("\(from).mlp.0.**", "\(to).fc1.**"),
        ("\(from).mlp.2.**", "\(to).fc2.**"),
        ("\(from).mlp_ln.**", "\(to).final_layer_norm.**"),
        ("\(part).positional_embedding", "model.\(part).embed_positions.weight"),
      ]
      for (attention, name) in [("attn", "self_attn"), ("cross_attn", "encoder_attn")] {
        for (projection, newName) in [
          ("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj"), ("out", "out_proj"),
        ] {
          rules.append(("\(from).\(attention).\(projection).**", "\(to).\(name).\(newName).**"))
        }
      }
      return rules
    } + [
      ("encoder.conv1.**", "model.encoder.conv1.**"),
      ("encoder.conv2.**", "model.encoder.conv2.**"),
      ("encoder.ln_post.**", "model.encoder.layer_norm.**"),
      ("decoder.ln.**", "model.decoder.layer_norm.**"),
      ("decoder.token_embedding.**", "model.decoder.embed_tokens.**"),
    ])
}
