#!/usr/bin/env bash
# Imports and verifies each reference that parity.py wrote into FOLDER, from .safetensors and from
# .pth. Prints a line each; fails if any is not the same.
set -euo pipefail
folder=$1
karyolens=${KARYOLENS_BIN:-target/release/karyolens}
model=$(mktemp --suffix .safetensors)
trap 'rm -f "$model"' EXIT

size() { # karyolens' name for a network of torchvision or timm
  case $1 in
    resnet*) echo "resnet-${1#resnet}" ;;
    convnext_*) echo "convnext-${1#convnext_}" ;;
    vit_b_16 | vit_base_*) echo vit-base ;;
    vit_tiny_*) echo vit-tiny ;;
    *dinov2) echo vit-small-14 ;;
    vit_small_*) echo vit-small ;;
  esac
}

failed=0
for io in "$folder"/*.io_*.safetensors; do
  reference=${io##*/}
  side=${reference##*.io_}
  reference=${reference%%.io_*}
  name=${reference#*-}
  for weights in "$folder/$reference.safetensors" "$folder/$reference.pth"; do
    if "$karyolens" import --from "${reference%%-*}" --arch "$(size "$name")" --weights "$weights" -o "$model" >/dev/null &&
      answer=$("$karyolens" verify --model "$model" --against "$io"); then
      echo "${weights##*/}, ${side%.safetensors} px: ${answer//$'\n'/, }"
    else
      echo "${weights##*/}, ${side%.safetensors} px: NOT THE SAME"
      failed=1
    fi
  done
done
exit $failed
