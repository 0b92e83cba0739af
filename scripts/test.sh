#!/usr/bin/env bash
# Runs the checks, stage by stage, the quick ones first; the first failure ends it. The argument says how
# many:
#   quick   for every change: format, lints, unit tests, and one test of the page in a browser
#   most    before a change is offered: all but the checks that take long and rarely fail
#   all     before a release
# A test that finds no shared data writes a line into the file that KARYOLENS_SKIP_LOG names; the end shows
# these lines.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

export KARYOLENS_SHARED=${KARYOLENS_SHARED:-$(dirname "$PWD")/shared}
export KARYOLENS_SKIP_LOG=$PWD/target/skipped.txt
export KARYOLENS_BIN=$PWD/target/release/karyolens
export KARYOLENS_WARNINGS=deny

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

# beside COMMAND…: starts the command in the background, beside the stages that follow.
beside() {
  "$@" >target/beside.log 2>&1 &
  background_process=$!
}

# join_background: waits for that command and shows its output.
join_background() {
  local status=0
  wait "$background_process" || status=$?
  background_process=
  cat target/beside.log
  return "$status"
}

# A failure ends the background command too; its shell would otherwise wait for the compiler first.
finish() {
  [ "$1" != 0 ] || return 0
  echo "make $goal failed: $current" >&2
  [ -n "$background_process" ] || return 0
  pkill -P "$background_process" 2>/dev/null || true
  kill "$background_process" 2>/dev/null || true
}

lints() {
  cargo fmt --check
  cargo clippy --release --locked --all-targets -- -D warnings
}

quick() {
  stage "format and lints" lints
  stage "unit tests" cargo test --release --lib --test architecture
  stage "native binary" cargo build --release --bin karyolens
  stage "wasm for the CPU" scripts/build-pkg.sh cpu_relaxed
  stage "one browser test" npm --prefix tests/browser run --silent smoke
}

most() {
  # The compiler makes a wasm module on one core. The native stages have the other one meanwhile.
  beside scripts/build-pkg.sh
  stage "format and lints" lints
  # No other stage compiles this feature: its tests would need a graphics card.
  stage "lints for native GPUs" cargo clippy --release --locked --features gpu -- -D warnings
  stage "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps
  # The example reads the shaders of a browser test.
  stage "native programs" cargo build --release --bins --examples
  stage "native tests" cargo test --release --tests "$@"
  stage "examples in the documentation" cargo test --release --doc
  # The page's part of the crate is compiled for wasm alone, where clippy does not look.
  stage "wasm and package" join_background
  stage "types" npm --prefix tests/browser run --silent check
  stage "browser tests" npm --prefix tests/browser test --silent
}

all() {
  export KARYOLENS_LONG=1
  most -- --include-ignored
}

checks=${1:-most}
case $checks in
  quick) goal=quick ;;
  most) goal=test ;;
  all) goal=test-all ;;
  *) fail "there are no '$checks' checks: quick, most, all" ;;
esac
current=start
background_process=
trap 'finish $?' EXIT

stage "tools" scripts/setup.sh test
CHROMIUM=$(find_chromium)
export CHROMIUM
"$checks"

skipped=$(wc -l <"$KARYOLENS_SKIP_LOG")
if [ "$skipped" -gt 0 ]; then
  echo "$skipped checks were skipped because they need the shared data and $KARYOLENS_SHARED has it not:"
  sed -E 's/^(SKIPPED \(KARYOLENS_SHARED\):? *)?/SKIPPED (KARYOLENS_SHARED): /' "$KARYOLENS_SKIP_LOG"
fi
echo "make $goal passed in $SECONDS s"
