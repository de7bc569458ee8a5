"""Two wav2vec 2.0 models of random weights, in the sizes that are published: 12 layers of 768 and 24 of 1024."""
import os
import sys

import torch
import transformers

SIZES = {
    "base-12": {},
    "large-24": dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096,
                     feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True),
}

for name, size in SIZES.items():
    torch.manual_seed(0)
    folder = os.path.join(sys.argv[1], name)
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(mask_time_prob=0.0, **size)).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
