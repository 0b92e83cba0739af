"""Writes answers.json: what the shipped models say of twenty drawn cells, to the last digit.

tests/same_answers.rs holds today's code to these values, so they must come from the code before a
change, never from the code after it. In a checkout of that code, built with `make build`:

    python3 tests/golden/answers.py > answers.json
"""

import json
import subprocess
import tempfile
from pathlib import Path

PROGRAM = "target/release/karyolens"
MODELS = ["default", "convnext", "vit"]
# The features that each cell is drawn to show; its seed is its place in this list.
CELLS = [
    [],
    ["Elongation"],
    ["Grooves"],
    ["Inclusion"],
    ["Glassy"],
    ["Crowding"],
    ["Wrinkled"],
    ["Enlargement"],
    ["Irregular"],
    ["Overlapping"],
    ["Grooves", "Inclusion"],
    ["Enlargement", "Glassy"],
    ["Wrinkled", "Irregular"],
    ["Crowding", "Overlapping"],
    ["Elongation", "Grooves", "Glassy"],
    ["Inclusion", "Enlargement"],
    ["Grooves", "Irregular", "Overlapping"],
    ["Elongation", "Crowding", "Wrinkled"],
    ["Glassy", "Inclusion", "Overlapping"],
    [],
]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def commit():
    return subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


with tempfile.TemporaryDirectory() as folder:
    images = []
    for seed, features in enumerate(CELLS):
        image = str(Path(folder) / f"{seed:02}.png")
        chosen = ["--features", ",".join(features)] if features else []
        run("render", *chosen, "--seed", str(seed), "-o", image)
        images.append(image)
    answers = {}
    for model in MODELS:
        rows = json.loads(run("predict", "--json", "--model", f"models/{model}.safetensors", *images))
        answers[model] = [[feature["probability"] for feature in row["features"]] for row in rows]

lines = [
    f'"commit": {json.dumps(commit())}',
    '"cells": [\n  ' + ",\n  ".join(json.dumps(features) for features in CELLS) + "\n ]",
]
for model, rows in answers.items():
    lines.append(f'"{model}": [\n  ' + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]")
print("{\n " + ",\n ".join(lines) + "\n}")
