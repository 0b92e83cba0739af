"""The network of models/segmenter.safetensors in PyTorch, see src/model/segmenter.rs: a ResNet of basic
blocks with four maps, and a decoder from the coarsest map to the finest."""

import json
import struct

import torch
from torch import nn
from torch.nn import functional

DTYPES = {"F32": torch.float32, "F16": torch.float16, "I8": torch.int8}


def read_checkpoint(path):
    """Its card, and its weights as f32: those of 8 bits have a scale for each output channel."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    card = json.loads(header.pop("__metadata__")["karyolens"])
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]])
        tensors[name] = tensor.reshape(entry["shape"]).float()
    scales = {name: tensors.pop(name) for name in list(tensors) if name.endswith(".scale")}
    for name, scale in scales.items():
        tensors[name.removesuffix(".scale")] *= scale.view(-1, 1, 1, 1)
    return card, tensors


class Segmenter(nn.Module):
    """Images `[batch, 3, height, width]`, normalised → `[batch, height / 4, width / 4, channels]`."""

    def __init__(self, tensors):
        super().__init__()
        self.tensors = tensors

    def layer(self, name, x, stride=1):
        """A convolution and its batch norm."""
        weight = self.tensors[f"{name}.conv.weight"]
        x = functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        mean, var, gamma, beta = (
            self.tensors[f"{name}.norm.{part}"] for part in ("running_mean", "running_var", "gamma", "beta")
        )
        return functional.batch_norm(x, mean, var, gamma, beta, eps=1e-5)

    def block(self, name, x, stride):
        is_reduced = f"{name}.shortcut.conv.weight" in self.tensors
        residual = self.layer(f"{name}.shortcut", x, stride) if is_reduced else x
        x = self.layer(f"{name}.branch.0", x, stride).relu()
        return (self.layer(f"{name}.branch.1", x) + residual).relu()

    def forward(self, x):
        x = self.layer("encoder.stem", x, 2).relu()
        x = functional.max_pool2d(x, 3, 2, 1)
        maps = []
        for stage in range(4):
            block = 0
            while f"encoder.stages.{stage}.{block}.branch.0.conv.weight" in self.tensors:
                x = self.block(f"encoder.stages.{stage}.{block}", x, 2 if stage > 0 and block == 0 else 1)
                block += 1
            maps.append(x)
        x = self.layer("top", maps.pop()).relu()
        for step in range(3):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = (self.layer(f"steps.{step}.lateral", maps.pop()) + x).relu()
            x = self.layer(f"steps.{step}.smooth", x).relu()
        x = self.layer("head.hidden", x).relu()
        x = functional.conv2d(x, self.tensors["head.answer.weight"], self.tensors["head.answer.bias"])
        return x.permute(0, 2, 3, 1)
