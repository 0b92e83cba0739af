"""Reference networks of full size: torchvision and timm make them with random weights. Each is saved as
`.safetensors` and `.pth`, with an input and the logits.

    pip install torch torchvision timm safetensors
    python tests/golden/parity.py FOLDER
    tests/golden/parity.sh FOLDER

The last command imports and verifies each. The files are too large to keep in the repository.
"""

import sys
from pathlib import Path

import timm
import torch
import torchvision
from safetensors.torch import save_file

FEATURES = 9
# Sides that are no multiple of 32, for the networks that take any.
OTHER_SIDES = [112, 299]
TORCHVISION = ["resnet18", "resnet34", "resnet50", "resnet101", "convnext_tiny", "vit_b_16"]
TIMM = [
    "resnet18", "resnet50", "convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano",
    "convnext_tiny", "convnext_small", "convnext_base", "vit_tiny_patch16_224",
    "vit_small_patch16_224", "vit_base_patch16_224", "vit_small_patch14_dinov2",
]


def randomise(model):
    """Gives every weight an effect: fresh networks have layer scales near 0 and norms of 1 and 0."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim > 1 and not tensor.any():
            tensor.add_(0.02 * noise)  # torchvision's transformers start with a head of zeros.
        elif name.endswith("running_var"):
            tensor.copy_(1 + 0.1 * noise.abs())
        elif tensor.ndim <= 1 or name.endswith(("layer_scale", "gamma")):
            tensor.add_(0.1 * noise)


def save(folder, library, name, model, side):
    randomise(model)
    model.eval()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / f"{library}-{name}.safetensors")
    torch.save(model.state_dict(), folder / f"{library}-{name}.pth")
    sides = [side] if "vit" in name else [side, *OTHER_SIDES]
    for side in sides:
        torch.manual_seed(2)
        images = torch.randn(2, 3, side, side)
        with torch.no_grad():
            logits = model(images)
        io = {"input": images, "logits": logits.contiguous()}
        save_file(io, folder / f"{library}-{name}.io_{side}.safetensors")
        print(library, name, side, float(logits.abs().max()), flush=True)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in TORCHVISION:
        model = getattr(torchvision.models, name)(num_classes=FEATURES)
        save(folder, "torchvision", name, model, 224)
    for name in TIMM:
        side = 518 if "dinov2" in name else 224
        save(folder, "timm", name, timm.create_model(name, num_classes=FEATURES), side)
    # A backbone for other classes, nested as training scripts do.
    model = torchvision.models.resnet18(num_classes=1000)
    torch.save({"epoch": 3, "state_dict": model.state_dict()}, folder / "nested-resnet18.pth")


main()
