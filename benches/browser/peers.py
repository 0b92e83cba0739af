"""The networks that both sides of the browser bench run: FOLDER/<file>.onnx for onnxruntime-web, and
<file>_io.safetensors with one input and its logits.

`peers.py FOLDER` makes classifiers as their own libraries make them, with random weights from a seed, and
<file>.safetensors (the state dict) for `karyolens import`. `peers.py FOLDER CHECKPOINT PICTURE` makes the
network that finds nuclei, with the weights of a checkpoint and a picture as its input."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from segmenter import Segmenter, read_checkpoint

FEATURES = 9


def networks():
    import timm
    import torchvision

    return {
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


def save(folder, file, model, image):
    with torch.no_grad():
        logits = model(image)
    save_file({"input": image, "logits": logits.contiguous()}, folder / f"{file}_io.safetensors")
    # Last: where it is missing, the bench makes all anew.
    names = {"input_names": ["input"], "output_names": ["logits"]}
    axes = {"input": {0: "n"}, "logits": {0: "n"}}
    torch.onnx.export(model, (image,), folder / f"{file}.onnx", dynamic_axes=axes, dynamo=False, **names)
    print(file, "logits up to", float(logits.abs().max()), flush=True)


def save_classifiers(folder):
    for file, make in networks().items():
        torch.manual_seed(1)
        model = make().eval()
        randomise(model)
        image = torch.randn(1, 3, 224, 224)
        state = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(state, folder / f"{file}.safetensors")
        save(folder, file, model, image)


def save_segmenter(folder, checkpoint, picture):
    import numpy
    from PIL import Image

    card, tensors = read_checkpoint(checkpoint)
    pixels = torch.from_numpy(numpy.array(Image.open(picture).convert("RGB"))).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(card["input"][key]).view(3, 1, 1) for key in ("mean", "std"))
    save(folder, "segmenter", Segmenter(tensors).eval(), ((pixels - mean) / std)[None].contiguous())


def main():
    folder, *segmenter = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    if segmenter:
        save_segmenter(Path(folder), *segmenter)
    else:
        save_classifiers(Path(folder))


main()
