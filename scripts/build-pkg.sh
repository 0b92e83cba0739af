#!/usr/bin/env bash
# Builds the missing and stale files of pkg/:
# - the crate as wasm modules, for the CPU alone (karyolens_cpu) and with WebGPU (karyolens_webgpu), each
#   for any browser and for browsers with relaxed SIMD; the two modules of a kind share their glue
# - the models, MODEL first, then those that ship
# - the list of the page's files, and their compressed copies
# With KARYOLENS_WARNINGS=deny the compiler's warnings are errors. Expects the tools that setup.sh
# installs.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

toolchain=$(find_wasm_toolchain) || fail "no compiler for the browser was found. Please run: make setup"
bindgen=$(find_bindgen) || fail "wasm-bindgen $(bindgen_version) was not found. Please run: make setup"
case ${KARYOLENS_WARNINGS:-} in
  deny) lints=(-D warnings) ;;
  "") lints=() ;;
  *) fail "KARYOLENS_WARNINGS is '$KARYOLENS_WARNINGS'; it can only be 'deny'" ;;
esac

# A checksum of everything that the modules are made from.
inputs() {
  {
    echo "$toolchain"
    case $toolchain in cargo) rustc --version ;; debian) /usr/bin/rustc --version ;; esac
    echo "$bindgen"
    find .cargo Cargo.toml Cargo.lock src scripts/build-pkg.sh -type f | LC_ALL=C sort | xargs cksum
  } | cksum
}

# Without LLVM's "loop strength reduction", see docs/browser-cpu.md.
codegen=(-C llvm-args=-disable-lsr)

# compile KIND FEATURES NAME FLAGS…: writes the module karyolens_KIND_bg.wasm and its glue into the folder
# NAME of $made. The flags are for this crate alone, so that the modules of a kind share the compiled
# dependencies.
compile() {
  local kind=$1 features=$2 name=$3
  shift 3
  local build=(rustc --profile web --lib --no-default-features --features "$features" --target "$WASM_TARGET")
  local flags=("${lints[@]+"${lints[@]}"}" "${codegen[@]}" "$@")
  case $toolchain in
    cargo) cargo "${build[@]}" -- "${flags[@]}" ;;
    debian)
      # Only Debian's cargo may see these: another RUSTC would build every native crate anew.
      # RUSTC_BOOTSTRAP lets a stable compiler build the standard library, from Debian's sources.
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(find_debian_wasm_linker) \
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
        /usr/bin/cargo "${build[@]}" -Zbuild-std=std,panic_abort -- "${flags[@]}"
      ;;
  esac
  local made_by_cargo=${CARGO_TARGET_DIR:-target}/$WASM_TARGET/web/karyolens.wasm
  # With this export every call would run all constructors again, see start() in src/web/mod.rs.
  ! grep -q '\.command_export' "$made_by_cargo" || fail "the linker did not see that start() calls the constructors"
  "$bindgen" --target web --remove-name-section --remove-producers-section \
    --out-dir "$made/$name" --out-name "karyolens_$kind" \
    "$made_by_cargo"
  # Removes comments with a function's place in this one module.
  sed -i.bak '/^ *\/\/ Cast intrinsic for /d' "$made/$name/karyolens_$kind.js"
  rm "$made/$name/karyolens_$kind.js.bak"
}

# make_kind KIND FEATURES: pkg/karyolens_KIND* in both its builds.
make_kind() {
  local kind=$1 features=$2
  compile "$kind" "$features" plain
  compile "$kind" "$features" relaxed -C target-feature=+relaxed-simd
  cmp "$made"/{plain,relaxed}/"karyolens_$kind.js" || fail "the glue of one module does not fit the other"
  mv "$made/relaxed/karyolens_${kind}_bg.wasm" "pkg/karyolens_${kind}_relaxed_bg.wasm"
  mv "$made/plain/karyolens_$kind"* pkg/
}

# Cargo keeps only one of the modules, so without this stamp it would make all of them each time.
stamp=target/pkg.stamp
state=$(inputs)
known=$(cat "$stamp" 2>/dev/null) || known=
if [ "$known" != "$state deny" ] && [ "$known" != "$state ${KARYOLENS_WARNINGS:-}" ] ||
  [ ! -f pkg/karyolens_cpu_bg.wasm ] || [ ! -f pkg/karyolens_cpu_relaxed_bg.wasm ] ||
  [ ! -f pkg/karyolens_webgpu_bg.wasm ] || [ ! -f pkg/karyolens_webgpu_relaxed_bg.wasm ]; then
  rm -f "$stamp"
  mkdir -p target
  made=$(mktemp -d target/pkg.XXXXXX)
  trap 'rm -rf "$made"' EXIT
  # Modules of other versions go too: every file there becomes a part of the page.
  rm -f pkg/karyolens_*
  make_kind webgpu webgpu
  # Last, since benches/browser/profile.js reads the module that cargo made last.
  make_kind cpu ""
  echo "$state ${KARYOLENS_WARNINGS:-}" >"$stamp"
fi

[ -z "${MODEL:-}" ] || [ -f "$MODEL" ] || fail "$MODEL is missing"
# The page opens with the first.
node scripts/models.mjs ${MODEL:+"$MODEL"} models/default.safetensors models/*.safetensors
node scripts/builds.mjs
node scripts/file-list.mjs
node scripts/compress.mjs
