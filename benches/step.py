"""The peer of benches/step.rs: the same networks, steps and numbers in PyTorch on the CPU."""

import statistics
import sys
import time

import timm
import torch

BATCH, CLASSES = 16, 9


def network(name, side):
    if name == "vit-small":
        return timm.create_model("vit_small_patch16_224", num_classes=CLASSES, img_size=side)
    if name == "vit-tiny":
        return timm.create_model("vit_tiny_patch16_224", num_classes=CLASSES, img_size=side)
    return timm.create_model(name.replace("-", "_").replace("resnet_", "resnet"), num_classes=CLASSES)


def median(seconds, step):
    step()
    step()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 5:
        step_start = time.perf_counter()
        step()
        times.append(time.perf_counter() - step_start)
    return statistics.median(times)


def train(name, seconds):
    model = network(name, 112).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
    images = torch.randn(BATCH, 3, 112, 112)
    targets = torch.bernoulli(torch.full((BATCH, CLASSES), 0.3))

    def step():
        optimiser.zero_grad()
        logits = model(images)
        torch.nn.functional.binary_cross_entropy_with_logits(logits, targets).backward()
        optimiser.step()

    return BATCH / median(seconds, step)


def infer(name, seconds):
    model = network(name, 224).eval()
    image = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        return 1e3 * median(seconds, lambda: model(image))


mode = sys.argv[1] if len(sys.argv) > 1 else "train"
names = (sys.argv[2] if len(sys.argv) > 2 else "resnet-18,convnext-atto,vit-small").split(",")
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 6.0
torch.set_float32_matmul_precision(sys.argv[4] if len(sys.argv) > 4 else "highest")
torch.set_num_threads(1 if mode == "infer" else 2)
for name in names:
    result = infer(name, seconds) if mode == "infer" else train(name, seconds)
    print(f"{mode} {name} {result:.2f}", flush=True)
