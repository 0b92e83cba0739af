"""The networks that both sides of the browser bench run, as their own libraries make them, with
random weights from a seed: FOLDER/<file>.onnx for onnxruntime-web, <file>.safetensors (the state
dict) for `karyolens import`, and <file>_io.safetensors with one input and its logits."""

import sys
from pathlib import Path

import timm
import torch
import torchvision
from safetensors.torch import save_file

FEATURES = 9
NETWORKS = {
    "resnet18": lambda: torchvision.models.resnet18(num_classes=FEATURES),
    "convnext_atto": lambda: timm.create_model("convnext_atto", num_classes=FEATURES),
    "vit_tiny": lambda: timm.create_model("vit_tiny_patch16_224", num_classes=FEATURES),
}


def randomise(model):
    """Fresh networks have layer scales near 0 and norms of 1 and 0, which would hide mistakes."""
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(1 + 0.1 * torch.randn_like(tensor).abs())
        elif tensor.is_floating_point() and (tensor.ndim <= 1 or name.endswith("gamma")):
            tensor.add_(0.1 * torch.randn_like(tensor))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, make in NETWORKS.items():
        torch.manual_seed(1)
        model = make().eval()
        randomise(model)
        image = torch.randn(1, 3, 224, 224)
        with torch.no_grad():
            logits = model(image)
        state = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(state, folder / f"{file}.safetensors")
        save_file({"input": image, "logits": logits.contiguous()}, folder / f"{file}_io.safetensors")
        # Last: where it is missing, the bench makes all anew.
        names = {"input_names": ["input"], "output_names": ["logits"]}
        axes = {"input": {0: "n"}, "logits": {0: "n"}}
        torch.onnx.export(model, (image,), folder / f"{file}.onnx", dynamic_axes=axes, dynamo=False, **names)
        print(file, "logits up to", float(logits.abs().max()), flush=True)


main()
