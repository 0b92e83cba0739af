#!/bin/sh
# From the pretrained DINOv2 to a teacher, and to small networks that learn from it, in the order in
# which they need each other:
#
#     experiments/models.sh [RUNS]         # RUNS: where the runs go, runs by default
#
# A run that is done is left alone, one that was interrupted goes on. Data and pretrained weights are
# read from KARYOLENS_SHARED (default ../shared). On two cores with AMX it takes some hours; what each
# run gave stands in experiments/README.md.
set -eu
cd "$(dirname "$0")/.."

runs=${1:-runs}
shared=${KARYOLENS_SHARED:-../shared}
karyolens=${KARYOLENS:-target/release/karyolens}
mkdir -p "$runs"

# train NAME OPTIONS…
train() {
    name=$1
    shift
    if [ -e "$runs/$name/config.json" ]; then
        "$karyolens" train --plain --resume "$runs/$name" | tail -n 12
        return
    fi
    "$karyolens" train --plain --run "$runs/$name" --data "$shared/thyroid/cells" --crop 96 \
        --matmul medium \
        --data-name "thyroid cell images of PLOS Digital Health 4(12) e0001120" \
        --data-licence "not stated by the release; research and teaching only" \
        "$@" | tee "$runs/$name.log"
}

# The pretrained network, at 9×9 patches.
[ -e "$runs/dinov2.safetensors" ] ||
    "$karyolens" import --from dinov2 --arch vit-small-14 --input-size 126 \
        --weights "$shared/parity/dinov2_vits14/weights.safetensors" -o "$runs/dinov2.safetensors"

# The teacher.
train teacher --arch vit-small-14 --init "$runs/dinov2.safetensors" --input-size 126 --epochs 20 \
    --lr 5e-4 --layer-decay 0.75 --drop-path 0.2 --ema 0.995 --seed 3

# Nuclei that nobody labelled.
[ -e "$runs/nuclei" ] ||
    "$karyolens" data crop --fields "$shared/thyroid/fields" -o "$runs/nuclei"

# A quarter of the teacher.
train vit --arch vit --init "$runs/teacher/model.safetensors" --keep-blocks 0,4,8 --input-size 126 \
    --epochs 16 --lr 5e-4 --layer-decay 0.8 --ema 0.998 --seed 1 \
    --teacher "$runs/teacher" --teacher-share 0.7 --unlabelled "$runs/nuclei"
