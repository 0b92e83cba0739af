#!/bin/sh
# Makes the networks that both sides of the browser bench run, in FOLDER: see peers.py for the arguments. PyTorch,
# timm and ONNX go to target/torch, through pip as it is configured.
set -eu
cd "$(dirname "$0")/../.."

python=target/torch/bin/python
if ! "$python" -c 'import onnx, safetensors, timm, torch, torchvision' 2>/dev/null; then
    [ -x "$python" ] || python3 -m venv target/torch
    target/torch/bin/pip install --quiet --disable-pip-version-check torch torchvision timm onnx onnxscript safetensors
fi
exec "$python" benches/browser/peers.py "$@"
