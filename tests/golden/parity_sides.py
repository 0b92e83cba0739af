"""References at input sides that are no multiple of 32, for the small networks of
`tests/fixtures/parity`: torchvision's ResNets and ConvNeXt with the weights that lie there, and a
ConvNeXt of timm's, which this script also makes.

    pip install torch torchvision timm safetensors
    python tests/golden/parity_sides.py tests/fixtures/parity

Writes `io_SIDE.safetensors` (`input` in f16, `logits`) into each network's folder.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from timm.models.convnext import ConvNeXt as TimmConvNeXt
from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

FEATURES = 9
# An even side whose last map is odd, and a side that is odd from the first layer on.
SIDES = [112, 75]


def depth(weights, prefix):
    """How many modules `prefix.0`, `prefix.1`, … the weights are of."""
    parts = (name[len(prefix) + 1 :].split(".")[0] for name in weights if name.startswith(prefix + "."))
    return len(set(parts))


def resnet(weights):
    """torchvision's network, as narrow as the weights; its own sizes all begin with 64 channels."""
    block = Bottleneck if "layer1.0.conv3.weight" in weights else BasicBlock
    width = weights["conv1.weight"].shape[0]
    depths = [depth(weights, f"layer{stage}") for stage in range(1, 5)]
    model = ResNet(block, depths, num_classes=FEATURES)
    model.inplanes = width
    model.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
    model.bn1 = nn.BatchNorm2d(width)
    for stage, blocks in enumerate(depths):
        layer = model._make_layer(block, width << stage, blocks, stride=1 if stage == 0 else 2)
        setattr(model, f"layer{stage + 1}", layer)
    model.fc = nn.Linear(model.inplanes, FEATURES)
    return model


def convnext(weights):
    """torchvision's network of the sizes that the weights have."""
    widths = [weights[f"features.{i}.0.block.0.weight"].shape[0] for i in (1, 3, 5, 7)]
    depths = [depth(weights, f"features.{i}") for i in (1, 3, 5, 7)]
    stages = [
        CNBlockConfig(width, after, blocks)
        for width, after, blocks in zip(widths, [*widths[1:], None], depths)
    ]
    return ConvNeXt(stages, num_classes=FEATURES)


def timm_convnext(folder):
    """A small ConvNeXt of timm's with random weights, exact in f16, saved into `folder`."""
    model = TimmConvNeXt(depths=(1, 1, 2, 1), dims=(8, 16, 24, 40), num_classes=FEATURES)
    generator = torch.Generator().manual_seed(3)
    for name, tensor in model.state_dict().items():
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("norm.weight"):
            noise = 1 + 0.1 * noise
        elif tensor.ndim > 1:
            noise *= tensor[0].numel() ** -0.5
        else:
            noise *= 0.3
        tensor.copy_(noise.half())
    folder.mkdir(exist_ok=True)
    weights = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    return model


@torch.no_grad()
def answer(model, images):
    return model.eval()(images).contiguous()


def main():
    parity = Path(sys.argv[1])
    models = {"timm_convnext": timm_convnext(parity / "timm_convnext")}
    for folder, build in [
        ("torchvision_convnext", convnext),
        ("torchvision_resnet_narrow", resnet),
        ("torchvision_resnet_narrow_bottleneck", resnet),
    ]:
        weights = load_file(parity / folder / "weights.safetensors")
        model = build(weights)
        model.load_state_dict(weights)
        known = load_file(parity / folder / "io.safetensors")
        torch.testing.assert_close(answer(model, known["input"]), known["logits"], atol=1e-5, rtol=1e-5)
        models[folder] = model
    for folder, model in models.items():
        for side in SIDES:
            generator = torch.Generator().manual_seed(side)
            images = torch.randn(1, 3, side, side, generator=generator).half()
            logits = answer(model, images.float())
            save_file({"input": images, "logits": logits}, parity / folder / f"io_{side}.safetensors")
            print(folder, side, float(logits.abs().max()))


main()
