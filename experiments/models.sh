#!/usr/bin/env bash
# From the pretrained DINOv2 to a teacher, to the small networks that learn from it, and to the cards
# of models/:
#
#     experiments/models.sh [RUNS]         # RUNS: where the runs go, runs by default
#
# Everything is trained twice, on the study's split and on one by field, whose figures the cards tell
# beside the others. (Of models/, the default alone has had its sibling by field so far.) A run that is done is left alone, one that was interrupted goes on. Data and
# pretrained weights are read from KARYOLENS_SHARED (default ../shared). It takes some ten hours on two
# cores; what each run gave stands in experiments/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-runs}
shared=${KARYOLENS_SHARED:-../shared}
karyolens=${KARYOLENS:-target/release/karyolens}
mkdir -p "$runs"

# train NAME OPTIONS…
train() {
  local name=$1
  shift
  if [ -e "$runs/$name/config.json" ]; then
    "$karyolens" train --plain --resume "$runs/$name" | tee -a "$runs/$name.log"
    return
  fi
  "$karyolens" train --plain --run "$runs/$name" --data "$shared/thyroid/cells" --crop 96 \
    --matmul medium \
    --data-name "thyroid cell images of PLOS Digital Health 4(12) e0001120" \
    --data-licence "not stated by the release; research and teaching only" \
    "$@" | tee "$runs/$name.log"
}

# distil NAME OPTIONS…: learns from the labels and, more, from what the teacher said to the first.
distil() {
  local name=$1 ask=(--answers "$runs/resnet$split/answers.safetensors")
  shift
  [ "$name" != resnet ] || ask=(--teacher "$runs/teacher$split")
  train "$name$split" "$@" "${ask[@]}" --teacher-share 0.7 --unlabelled "$runs/nuclei" \
    --ema 0.998 --seed 1 "${on_split[@]}"
}

# The pretrained network, at 9×9 patches.
[ -e "$runs/dinov2.safetensors" ] ||
  "$karyolens" import --from dinov2 --arch vit-small-14 --input-size 126 \
    --weights "$shared/parity/dinov2_vits14/weights.safetensors" -o "$runs/dinov2.safetensors"

# Nuclei that nobody labelled.
if [ ! -e "$runs/nuclei" ]; then
  rm -rf "$runs/nuclei.part"
  "$karyolens" data crop --fields "$shared/thyroid/fields" -o "$runs/nuclei.part"
  mv "$runs/nuclei.part" "$runs/nuclei"
fi

for split in "" -by-field; do
  on_split=()
  [ -z "$split" ] || on_split=(--split by-field --fold 0)

  train "teacher$split" --arch vit-small-14 --init "$runs/dinov2.safetensors" --input-size 126 \
    --epochs 20 --lr 5e-4 --layer-decay 0.75 --drop-path 0.2 --ema 0.995 --seed 3 "${on_split[@]}"

  distil resnet --arch resnet-18 --width 38 --input-size 96 --epochs 40 --lr 1e-3
  # A sixth of the teacher.
  distil vit --arch vit --init "$runs/teacher$split/model.safetensors" \
    --keep-blocks 0,1,2,4,5,7,8,10 --keep-heads 3 --keep-neurons 192 --input-size 126 \
    --epochs 24 --lr 5e-4 --layer-decay 0.8
  distil convnext --arch convnext-atto --input-size 96 --epochs 30 --lr 2e-3 --drop-path 0.05
done

for name in resnet convnext vit; do
  "$karyolens" card "$runs/$name/model.safetensors" \
    --by-field "$runs/$name-by-field/model.safetensors" --unsure-from "$shared/thyroid/cells" \
    -o "$runs/$name-f16.safetensors" >"$runs/$name.json"
  # What ships.
  "$karyolens" quantise "$runs/$name-f16.safetensors" --data "$shared/thyroid/cells" \
    -o "$runs/$name.safetensors"
done
