#!/usr/bin/env bash
# Builds what is missing or stale in pkg/: the crate as a wasm module with its JavaScript glue, the
# model (MODEL, else the shipped one), and the list of the page's files. Expects the tools that
# setup.sh installs.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

build=(build --profile web --lib --no-default-features --target "$WASM_TARGET")
case $(find_wasm_toolchain) in
  cargo) cargo "${build[@]}" ;;
  debian)
    # Only Debian's cargo may see these: another RUSTC would build every native crate anew.
    # RUSTC_BOOTSTRAP lets a stable compiler build the standard library, from Debian's sources.
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(find_debian_wasm_linker) \
      RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo "${build[@]}" -Zbuild-std=std,panic_abort
    ;;
  *) fail "no compiler for the browser was found. Please run: make setup" ;;
esac

module=${CARGO_TARGET_DIR:-target}/$WASM_TARGET/web/karyolens.wasm
if [ ! pkg/karyolens_wasm_bg.wasm -nt "$module" ]; then
  glue=$(mktemp -d target/glue.XXXXXX)
  trap 'rm -rf "$glue"' EXIT
  bindgen=$(find_bindgen) || fail "wasm-bindgen $(bindgen_version) was not found. Please run: make setup"
  "$bindgen" --target web --remove-name-section --remove-producers-section \
    --out-dir "$glue" --out-name karyolens_wasm "$module"
  # The module last: as long as it is old, the glue counts as stale.
  mv "$glue"/*.js "$glue"/*.d.ts pkg/
  mv "$glue"/*.wasm pkg/
fi

model=${MODEL:-models/default.safetensors}
if [ -f "$model" ]; then
  cmp -s "$model" pkg/model.safetensors || cp "$model" pkg/model.safetensors
elif [ -n "${MODEL:-}" ]; then
  fail "$model is missing"
else
  echo "warning: $model is missing, the page has no model to open with" >&2
fi

node scripts/file-list.mjs
