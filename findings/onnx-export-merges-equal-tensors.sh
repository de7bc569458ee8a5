#!/usr/bin/env bash
# torch 2.13.0 (onnx 1.23.2, onnxscript 0.7.2, transformers 5.24.0): of parameters that are equal both of torch.onnx.export's
# exporters write one, under the name of one of the modules that have it. A HuBERT as it is initialised has 21 biases, all
# zeros; its graph has 3 initialisers with a bias's name, and one of these is read by the nodes of many modules. One would
# have guessed that initialisers are the parameters by name, as in a state dict: who takes weights out of a graph by name
# finds most biases missing, and with other equal tensors a name that is not their module's. (do_constant_folding=False
# does not change it.)
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is missing: install Debian's python3 (3.11 or newer)"; exit 2; }
python3 -c 'import venv, ensurepip' || { echo "venv is missing: install Debian's python3-venv"; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export PIP_DISABLE_PIP_VERSION_CHECK=1; python3 -m venv v
v/bin/pip install -q --no-compile torch==2.13.0 transformers==5.24.0 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2
export TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1
cat > see.py <<'PY'
import io, warnings
import onnx, torch, transformers

warnings.filterwarnings("ignore")
torch.manual_seed(0)
model = transformers.HubertModel(transformers.HubertConfig(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, conv_dim=[8] * 7,
    num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, attn_implementation="eager")).eval()
biases = {name for name, _ in model.named_parameters() if name.endswith("bias")}
print("biases of the model:", len(biases))
for dynamo, folding in ((True, True), (False, True), (False, False)):
    file = io.BytesIO()
    torch.onnx.export(model, (torch.zeros(1, 1600),), file, dynamo=dynamo, do_constant_folding=folding, input_names=["x"])
    graph = onnx.load_from_string(file.getvalue()).graph
    kept = biases & {tensor.name for tensor in graph.initializer}
    reads = {name: sum(name in node.input for node in graph.node) for name in kept}
    print(f"dynamo={dynamo}, do_constant_folding={folding}: {len(kept)} in the graph,",
          "one of them read by ten nodes or more:", max(reads.values()) >= 10)
PY
v/bin/python see.py 2> errors | grep -v '^\[torch' | tee seen || { tail -3 errors; exit 1; }
diff seen - <<'END'
biases of the model: 21
dynamo=True, do_constant_folding=True: 3 in the graph, one of them read by ten nodes or more: True
dynamo=False, do_constant_folding=True: 3 in the graph, one of them read by ten nodes or more: True
dynamo=False, do_constant_folding=False: 3 in the graph, one of them read by ten nodes or more: True
END
