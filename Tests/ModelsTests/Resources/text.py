"""Makes the folders bert, clap_text and roberta_variant.

`python3 text.py REFERENCE` (torch, transformers 5.24.0, safetensors), where REFERENCE is the folder of reference
models: bert is copied, of clap the text half is kept. The variant's values are computed in float64 and rounded.
"""

import shutil
import sys
from pathlib import Path

import numpy
import torch
from safetensors.numpy import load_file, save_file
from transformers import RobertaConfig, RobertaForMaskedLM

here = Path(__file__).parent
reference = Path(sys.argv[1])

bert = here / "bert"
bert.mkdir(exist_ok=True)
for path in (reference / "bert").iterdir():
    if path.name != "meta.json":
        shutil.copyfile(path, bert / path.name)

clap = here / "clap_text"
clap.mkdir(exist_ok=True)
shutil.copyfile(reference / "clap/config.json", clap / "config.json")
for name in ["input_ids", "attention_mask"]:
    shutil.copyfile(reference / f"clap/text_{name}.npy", clap / f"{name}.npy")
weights = load_file(reference / "clap/model.safetensors")
save_file({key: value for key, value in weights.items() if key.startswith(("text_", "logit_"))},
          clap / "model.safetensors")
states = load_file(reference / "clap/hidden_states.safetensors")
save_file({key.removeprefix("text."): value for key, value in states.items()
           if key.startswith("text.") and key != "text.embeds"}, clap / "hidden_states.safetensors")

# A head, another nonlinearity and epsilon, a padding token that is not 1.
torch.manual_seed(5)
folder = here / "roberta_variant"
folder.mkdir(exist_ok=True)
config = RobertaConfig(
    vocab_size=60, hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=40,
    hidden_act="gelu_new", layer_norm_eps=1e-5, max_position_embeddings=20, type_vocab_size=1, pad_token_id=3,
    bos_token_id=0, eos_token_id=2, attn_implementation="eager")
model = RobertaForMaskedLM(config).eval()
with torch.no_grad():
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor += 0.2 * torch.rand_like(tensor)
model.save_pretrained(folder)
ids = torch.tensor([[0, 17, 54, 33, 33, 9, 12, 2, 3, 3], [0, 59, 4, 5, 41, 30, 20, 8, 11, 2]])
mask = (ids != 3).long()
with torch.no_grad():
    result = model.double()(ids, attention_mask=mask, output_hidden_states=True, output_attentions=True)
kept = {str(i): state for i, state in enumerate(result.hidden_states)}
kept.update({f"attn.{i}": state for i, state in enumerate(result.attentions)})
save_file({key: value.float().numpy() for key, value in kept.items()}, folder / "hidden_states.safetensors")
numpy.save(folder / "input_ids.npy", ids.numpy().astype(numpy.int32))
numpy.save(folder / "attention_mask.npy", mask.numpy().astype(numpy.int32))
for leftover in folder.glob("generation_config.json"):
    leftover.unlink()
