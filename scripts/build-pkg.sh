#!/usr/bin/env bash
# Builds the missing and stale files of pkg/:
# - the crate as wasm modules: with WebGPU (karyolens_webgpu), and for the CPU alone (karyolens_cpu). Where
#   the CPU runs the network, browsers with relaxed SIMD get a faster build (karyolens_cpu_relaxed), which
#   shares the glue of the other one
# - the models, MODEL first, then those that ship
# - the list of the page's files, and their compressed copies
# The arguments are the modules to build; without one it builds all three. With KARYOLENS_WARNINGS=deny the
# compiler's warnings are errors. Expects the tools that setup.sh installs.
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

# The modules that src/lib.rs declares for native programs alone.
native_modules() {
  sed -n '/^#\[cfg(not(target_family = "wasm"))\]$/ { n; s/^.*mod \([a-z_]*\);$/\1/p; }' src/lib.rs
}

# A checksum of everything that the modules are made from.
inputs() {
  local native
  native=$(native_modules | paste -sd '|' -)
  {
    echo "$toolchain"
    case $toolchain in cargo) rustc --version ;; debian) /usr/bin/rustc --version ;; esac
    echo "$bindgen"
    find .cargo Cargo.toml Cargo.lock src scripts/build-pkg.sh -type f |
      grep -Ev "^src/($native)(/|\.rs$)" | LC_ALL=C sort | xargs cksum
  } | cksum
}

# Without LLVM's "loop strength reduction", see docs/browser-cpu.md.
codegen=(-C llvm-args=-disable-lsr)

# compile KIND FEATURES FLAGS…: writes the module karyolens_KIND_bg.wasm and its glue into $made. The flags
# are for this crate alone, so that the modules share the compiled dependencies.
compile() {
  local kind=$1 features=$2
  shift 2
  local build=(rustc --profile web --lib --crate-type cdylib --no-default-features --features "$features" --target "$WASM_TARGET")
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
    --out-dir "$made" --out-name "karyolens_$kind" \
    "$made_by_cargo"
  # Removes comments with a function's place in this one module.
  sed -i.bak '/^ *\/\/ Cast intrinsic for /d' "$made/karyolens_$kind.js"
  rm "$made/karyolens_$kind.js.bak"
}

# build MODULE: makes pkg/karyolens_MODULE_bg.wasm, and the glue of its kind beside it.
build() {
  made=$(mktemp -d target/pkg.XXXXXX)
  trap 'rm -rf "$made"' EXIT
  case $1 in
    webgpu) compile webgpu webgpu ;;
    cpu) compile cpu "" ;;
    cpu_relaxed) compile cpu "" -C target-feature=+relaxed-simd ;;
  esac
  if [ "$1" = cpu_relaxed ]; then
    mv "$made/karyolens_cpu_bg.wasm" "$made/karyolens_cpu_relaxed_bg.wasm"
    [ ! -f pkg/karyolens_cpu_bg.wasm ] || cmp "$made/karyolens_cpu.js" pkg/karyolens_cpu.js ||
      fail "the glue of the plain module does not fit the relaxed one"
  fi
  mv "$made"/karyolens_* pkg/
  rm -r "$made"
}

# Cargo keeps only one of the modules, so each has a stamp of the sources that it was made from.
all=(webgpu cpu cpu_relaxed)
mkdir -p target
state=$(inputs)
is_fresh() {
  local known
  known=$(cat "target/pkg.$1.stamp" 2>/dev/null) && [ -f "pkg/karyolens_$1_bg.wasm" ] &&
    { [ "$known" = "$state deny" ] || [ "$known" = "$state ${KARYOLENS_WARNINGS:-}" ]; }
}
# A stale module, or one of another version, would become a part of the page.
for file in pkg/karyolens_*_bg.wasm; do
  module=${file#pkg/karyolens_}
  is_fresh "${module%_bg.wasm}" || rm -f "$file"
done
# The last is the relaxed one, since benches/browser/profile.js reads the module that cargo made last.
[ $# -gt 0 ] || set -- "${all[@]}"
for module; do
  is_fresh "$module" && continue
  [[ " ${all[*]} " = *" $module "* ]] || fail "there is no module '$module': ${all[*]}"
  build "$module"
  echo "$state ${KARYOLENS_WARNINGS:-}" >"target/pkg.$module.stamp"
done

[ -z "${MODEL:-}" ] || [ -f "$MODEL" ] || fail "$MODEL is missing"
# The page opens with the first.
node scripts/models.mjs ${MODEL:+"$MODEL"} models/default.safetensors models/*.safetensors
node scripts/builds.mjs
node scripts/file-list.mjs
node scripts/compress.mjs
