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

  /// torchaudio's Wav2Vec2Model, of which wav2vec 2.0, HuBERT and WavLM are: the names of its transformer and of what
  /// comes before and behind it.
  public static let torchaudio: NameTable = [
    "encoder.feature_projection.**": "feature_projection.**",
    // WavLM's blocks have PyTorch's own attention inside, with one matrix for queries, keys and values.
    "encoder.transformer.layers.*.attention.attention.**": "encoder.layers.*.attention.**",
    "encoder.transformer.**": "encoder.**",
    "aux.**": "lm_head.**",
  ]

  /// Omnilingual ASR's encoder as transformers has it.
  public static let omniASR: NameTable = [
    "subsampling.conv_layers.**": "feature_extractor.conv_layers.**",
    "subsampling.layer_norm.**": "feature_projection.layer_norm.**",
    "subsampling.projection.**": "feature_projection.projection.**",
    "encode_positions.conv.**": "encoder.pos_conv_embed.conv.**",
    "layers.**": "encoder.layers.**",
    "layer_norm.**": "encoder.layer_norm.**",
    "ctc_head.**": "lm_head.**",
  ]

  /// fairseq2's wav2vec 2.0, which Omnilingual ASR's own checkpoints have.
  public static let fairseq2: NameTable = [
    "encoder_frontend.feature_extractor.layers.*.group_norm.**":
      "feature_extractor.conv_layers.*.layer_norm.**",
    "encoder_frontend.feature_extractor.layers.**": "feature_extractor.conv_layers.**",
    "encoder_frontend.post_extract_layer_norm.**": "feature_projection.layer_norm.**",
    "encoder_frontend.model_dim_proj.**": "feature_projection.projection.**",
    "encoder_frontend.pos_encoder.layers.*.conv.**": "encoder.pos_conv_embed.layers.*.conv.**",
    "encoder_frontend.pos_encoder.conv.**": "encoder.pos_conv_embed.conv.**",
    "encoder_frontend.layer_norm.**": "encoder.layer_norm.**",
    "encoder_frontend.masker.temporal_mask_embed": "masked_spec_embed",
    "masker.temporal_mask_embed": "masked_spec_embed",
    "encoder.layers.*.self_attn_layer_norm.**": "encoder.layers.*.layer_norm.**",
    "encoder.layers.*.self_attn.output_proj.**": "encoder.layers.*.attention.out_proj.**",
    "encoder.layers.*.self_attn.**": "encoder.layers.*.attention.**",
    "encoder.layers.*.ffn_layer_norm.**": "encoder.layers.*.final_layer_norm.**",
    "encoder.layers.*.ffn.inner_proj.**": "encoder.layers.*.feed_forward.intermediate_dense.**",
    "encoder.layers.*.ffn.output_proj.**": "encoder.layers.*.feed_forward.output_dense.**",
    "encoder.layer_norm.**": "encoder.layer_norm.**",
    "final_proj.**": "lm_head.**",
  ]

  /// GLM-ASR's encoder, whose block differs from Whisper's in its positions alone, under Whisper's names.
  public static let glmASR: NameTable = [
    "encoder.layers.*.self_attn.o_proj.**": "encoder.layers.*.self_attn.out_proj.**",
    "encoder.layers.*.input_layernorm.**": "encoder.layers.*.self_attn_layer_norm.**",
    "encoder.layers.*.post_attention_layernorm.**": "encoder.layers.*.final_layer_norm.**",
    "encoder.layers.*.mlp.**": "encoder.layers.*.**",
    "encoder.norm.**": "encoder.layer_norm.**",
  ]

  /// SpeechT5's speech encoder, whose parts stand in two modules.
  public static let speechT5: NameTable = [
    "encoder.prenet.feature_encoder.**": "feature_extractor.**",
    "encoder.prenet.feature_projection.**": "feature_projection.**",
    "encoder.prenet.pos_conv_embed.**": "encoder.pos_conv_embed.**",
    "encoder.prenet.masked_spec_embed": "masked_spec_embed",
    "encoder.wrapped_encoder.**": "encoder.**",
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
