#!/usr/bin/env bash
# Trains the network that finds nuclei, models/segmenter.safetensors: once for each of five folds of
# neighbouring fields, which tells how well it finds the nuclei of fields that it has not seen, and once on
# all fields.
#
#     experiments/segmenter.sh [RUNS]      # RUNS: where the runs go, runs by default
#
# A finished run is left alone; an interrupted one goes on. Data is read from KARYOLENS_SHARED (default
# ../shared). PYTHON (default python3) needs numpy, Pillow and scikit-image, for the fields as other
# microscopes and files would show them. It takes some three hours on two cores; experiments/README.md has
# the results.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-runs}
shared=${KARYOLENS_SHARED:-../shared}
karyolens=${KARYOLENS:-target/release/karyolens}
folds=5
mkdir -p "$runs"

# train NAME OPTIONS…
train() {
  local name=$1
  shift
  if [ -e "$runs/$name/config.json" ]; then
    "$karyolens" train-segmenter --plain --resume "$runs/$name" | tee -a "$runs/$name.log"
    return
  fi
  "$karyolens" train-segmenter --plain --run "$runs/$name" --matmul medium "$@" | tee "$runs/$name.log"
}

# On another stain, where every nucleus is outlined.
train segmenter-start --data "$shared/nuclei/dsb2018" --folds 1 --smallest 0.4 --epochs 36 --views-each 8 \
  --data-name "brightfield images of the 2018 Data Science Bowl" --data-licence "CC0"

# That network also outlines red cells, smudges and platelets. Its outlines that no pathologist drew too are
# the objects that the next networks learn to leave out.
"$karyolens" segment --model "$runs/segmenter-start/model.safetensors" --enlarged 1 \
  -o "$runs/segmenter-left-out" "$shared"/thyroid/fields/images/*.jpg

on_thyroid=(--data "$shared/thyroid/fields" --init "$runs/segmenter-start/model.safetensors"
  --left-out "$runs/segmenter-left-out" --epochs 100
  --data-name "thyroid fields of PLOS Digital Health 4(12) e0001120, all of one slide"
  --data-licence "not stated by the release; research and teaching only")

for ((fold = 0; fold < folds; fold++)); do
  train "segmenter-$fold" "${on_thyroid[@]}" --folds $folds --fold $fold
done

# score NAME FIELDS [OPTIONS…]: every field by the network that has not seen it, all fields pooled.
score() {
  local name=$1 data=$2 fold
  shift 2
  local fields=("$data"/images/*)
  for ((fold = 0; fold < folds; fold++)); do
    local unseen=()
    for i in "${!fields[@]}"; do
      ((i * folds / ${#fields[@]} != fold)) || unseen+=("${fields[$i]}")
    done
    "$karyolens" segment --model "$runs/segmenter-$fold/model.safetensors" --jobs 2 "$@" \
      -o "$runs/unseen/$name" "${unseen[@]}" >"$runs/unseen-$name.log"
  done
  "$karyolens" score-contours --predicted "$runs/unseen/$name" --truth "$data/contour" | tee "$runs/unseen-$name.txt"
}

score plain "$shared/thyroid/fields"
"${PYTHON:-python3}" experiments/disturbed.py "$shared/thyroid/fields" "$runs/disturbed"
score smaller "$runs/disturbed/smaller" --enlarged 0.6
score larger "$runs/disturbed/larger" --enlarged 1.6
for change in redder bluer blurred jpeg; do
  score $change "$runs/disturbed/$change"
done

# The network that ships has seen every field.
train segmenter "${on_thyroid[@]}"
"$karyolens" quantise "$runs/segmenter/model.safetensors" --data "$shared/thyroid/fields" \
  -o "$runs/segmenter.safetensors"
