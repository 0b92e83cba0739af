#!/usr/bin/env bash
# Trains the networks of models/: a teacher from the pretrained DINOv2, small networks that learn from it,
# and their model cards.
#
#     experiments/models.sh [RUNS]         # RUNS: where the runs go, runs by default
#
# Everything is trained twice: on the study's split, and on a split by field, whose figures go into the
# cards too. (Of models/, only the default has had its sibling by field so far.) A finished run is left
# alone; an interrupted one goes on. Data and pretrained weights are read from KARYOLENS_SHARED (default
# ../shared). It takes some ten hours on two cores; experiments/README.md has the results.
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

# distil NAME OPTIONS…: learns from the labels and, with more weight, from the teacher's answers, which
# the first network asks for and the others reuse.
distil() {
  local name=$1 ask=(--answers "$runs/resnet$split/answers.safetensors")
  shift
  [ "$name" != resnet ] || ask=(--teacher "$runs/teacher$split")
  train "$name$split" "$@" "${ask[@]}" --teacher-share 0.7 --unlabelled "$runs/nuclei" \
    --ema 0.998 --seed 1 "${on_split[@]}"
}

# The pretrained network, for 9×9 patches.
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
  # The file that ships.
  "$karyolens" quantise "$runs/$name-f16.safetensors" --data "$shared/thyroid/cells" \
    -o "$runs/$name.safetensors"
done
