#!/usr/bin/env bash
# Runs every check, stage by stage, the quick ones first; the first failure ends it. A test that finds no
# shared data writes a line into the file that KARYOLENS_SKIP_LOG names; the end shows these lines.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

export KARYOLENS_SHARED=${KARYOLENS_SHARED:-$(dirname "$PWD")/shared}
export KARYOLENS_SKIP_LOG=$PWD/target/skipped.txt
export KARYOLENS_BIN=$PWD/target/release/karyolens

mkdir -p target
: >"$KARYOLENS_SKIP_LOG"

# stage NAME COMMAND…: runs the command under a header with the time.
stage() {
  local started=$SECONDS
  current=$1
  shift
  echo "== $current  ($(date +%T))"
  "$@"
  echo "   $((SECONDS - started)) s"
}
current=start
trap '[ $? = 0 ] || echo "make test failed: $current" >&2' EXIT

stage "tools" scripts/setup.sh test
CHROMIUM=$(find_chromium)
export CHROMIUM
stage "format" cargo fmt --check
stage "lints" cargo clippy --release --locked --all-targets -- -D warnings
# No other stage compiles this feature: its tests would need a graphics card.
stage "lints for native GPUs" cargo clippy --release --locked --features gpu -- -D warnings
stage "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps
stage "native tests" cargo test --release
stage "native binary" cargo build --release
# The page's part of the crate is compiled for wasm alone, where clippy does not look.
stage "wasm and package" env KARYOLENS_WARNINGS=deny scripts/build-pkg.sh
stage "types" npm --prefix tests/browser run --silent check
stage "browser tests" npm --prefix tests/browser test --silent

skipped=$(wc -l <"$KARYOLENS_SKIP_LOG")
if [ "$skipped" -gt 0 ]; then
  echo "$skipped checks were skipped because they need the shared data and $KARYOLENS_SHARED has it not:"
  sed -E 's/^(SKIPPED \(KARYOLENS_SHARED\):? *)?/SKIPPED (KARYOLENS_SHARED): /' "$KARYOLENS_SKIP_LOG"
fi
echo "make test passed in $SECONDS s"
