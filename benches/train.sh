#!/bin/sh
# Our training step and inference against PyTorch's on this machine, in turn: ours, theirs, ours,
# theirs. Best of two each. Training: images per second at 112 px, batch 16, two threads, ViT-Small
# with 16 px patches, at each precision of matrix products that both know (the lower ones differ on
# CPUs with AMX alone). Inference: milliseconds at 224 px, batch 1, one thread, f32.
#
# PyTorch and timm go to target/torch, through pip as it is configured.
set -eu
cd "$(dirname "$0")/.."

python=target/torch/bin/python
if ! "$python" -c 'import torch, timm' 2>/dev/null; then
    python3 -m venv target/torch
    target/torch/bin/pip install --quiet torch torchvision timm
fi
cargo build --release --bench step --message-format=json-render-diagnostics >target/bench.json
ours=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' target/bench.json | tail -n 1)

out=target/bench.txt
: >"$out"
for round in 1 2; do
    for run in "train highest" "train high" "train medium" "infer highest"; do
        mode=${run% *}
        precision=${run#* }
        threads=2
        [ "$mode" = train ] || threads=1
        networks=resnet-18,convnext-atto,vit-small
        OMP_NUM_THREADS=$threads "$python" benches/step.py "$mode" $networks 6 "$precision" |
            sed "s/^/torch $precision /" | tee -a "$out"
        RAYON_NUM_THREADS=$threads "$ours" "$mode" $networks 6 "$precision" |
            sed "s/^/ours $precision /" | tee -a "$out"
    done
done

awk '
    {
        key = $3 " " $2 " " $4
        if (!(($1, key) in best) || ($3 == "train" ? $5 > best[$1, key] : $5 < best[$1, key]))
            best[$1, key] = $5
    }
    !(key in seen) { seen[key] = ++count; order[count] = key }
    END {
        print "\n                                ours    PyTorch   speed of ours over PyTorch"
        for (i = 1; i <= count; i++) {
            key = order[i]; a = best["ours", key]; b = best["torch", key]
            ratio = key ~ /^train/ ? a / b : b / a
            unit = key ~ /^train/ ? "images/s" : "ms"
            printf "%-28s %8.1f %8.1f %s %.2f\n", key, a, b, unit, ratio
        }
    }' "$out"
