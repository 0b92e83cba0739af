#!/usr/bin/env bash
# Builds what is missing or stale in pkg/: the crate as a wasm module with its JavaScript glue, the
# models (MODEL first, then those shipped), and the list of the page's files. Expects the tools
# that setup.sh installs.
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

[ -z "${MODEL:-}" ] || [ -f "$MODEL" ] || fail "$MODEL is missing"
# The first is the one that the page opens with.
node scripts/models.mjs ${MODEL:+"$MODEL"} models/default.safetensors models/*.safetensors
node scripts/file-list.mjs
