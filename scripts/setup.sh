#!/usr/bin/env bash
# Installs the missing tools: with apt on Debian as root, else with rustup, cargo, npm and pip. Where it may
# not install a tool, it fails with the command that the person should run. The argument names a part:
# `pkg` (the page), `dist` (the page and its archive), `test` (the tests, the default) or `bench` (the page
# and its bench). Where nothing is missing it takes a second.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

# A download of a target takes seconds, or never ends. (macOS has no timeout.)
briefly() {
  if command -v timeout >/dev/null; then timeout 120 "$@"; else "$@"; fi
}

may_use_apt() {
  [ "$(id -u)" = 0 ] && grep -qs '^ID=debian$' /etc/os-release
}

apt_install() {
  echo "setup: apt-get install $*"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  # On a new machine the package lists are missing or old.
  "${install[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null; "${install[@]}" >/dev/null; }
}

# need PROGRAM PACKAGE: installs Debian's PACKAGE, or fails with advice.
need() {
  command -v "$1" >/dev/null && return
  may_use_apt || fail "$1 is missing. Please install it (on Debian: sudo apt-get install $2) and try again."
  apt_install "$2"
}

prepare_rust() {
  local wanted
  wanted=$(rust_version)
  command -v cargo >/dev/null || fail "cargo is missing. Please install Rust $wanted or later with rustup and try again."
  is_recent "$(rustc --version)" || fail "Rust $wanted or later is needed, this is $(rustc --version). Please run: rustup update stable"
}

prepare_wasm_toolchain() {
  find_wasm_toolchain >/dev/null && return
  if command -v rustup >/dev/null; then
    echo "setup: rustup target add $WASM_TARGET"
    if briefly rustup target add "$WASM_TARGET" && find_wasm_toolchain >/dev/null; then
      return
    fi
    echo "setup: rustup cannot add the target"
  fi
  local llvm
  if may_use_apt; then
    apt_install rustc-web cargo-web rust-web-src
    llvm=$(/usr/bin/rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    apt_install "lld-$llvm"
    find_wasm_toolchain >/dev/null && return
  fi
  fail "this Rust cannot compile for the browser. Please run: rustup target add $WASM_TARGET
  or, on Debian 12 with its security suite: sudo apt-get install rustc-web cargo-web rust-web-src lld-22"
}

prepare_bindgen() {
  find_bindgen >/dev/null && return
  echo "setup: cargo install wasm-bindgen-cli (some three minutes)"
  cargo install --quiet wasm-bindgen-cli --version "$(bindgen_version)" --root "$(bindgen_home)"
}

prepare_lints() {
  local part
  for part in clippy fmt; do
    cargo "$part" --version >/dev/null 2>&1 && continue
    command -v rustup >/dev/null && rustup component add clippy rustfmt && return
    fail "cargo $part is missing. Please run: rustup component add clippy rustfmt"
  done
}

prepare_browser() {
  if ! find_chromium >/dev/null; then
    may_use_apt || fail "no Chromium was found. Please install it (on Debian: sudo apt-get install chromium), or say where it is with CHROMIUM=…, and try again."
    apt_install chromium
  fi
  prepare_npm tests/browser
}

# prepare_npm FOLDER: installs the packages of its lock file.
prepare_npm() {
  # npm writes a lock file of the installed packages; if it is older, the list has changed since.
  local installed=$1/node_modules/.package-lock.json
  [ ! "$installed" -nt "$1/package-lock.json" ] || return 0
  echo "setup: npm ci in $1"
  npm --prefix "$1" ci --ignore-scripts --no-audit --no-fund --loglevel=error
  touch "$installed"
}

prepare_python() {
  find_python >/dev/null && return
  # Debian's python3 comes without the modules that make an environment.
  if ! python3 -c "import venv, ensurepip" 2>/dev/null; then
    may_use_apt || fail "python3 with its module venv is missing. Please install them (on Debian: sudo apt-get install python3-venv) and try again."
    apt_install python3-venv
  fi
  echo "setup: pip install ${PYTHON_PACKAGES[*]}"
  python3 -m venv --clear "$(python_home)"
  "$(python_home)/bin/python" -m pip install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
}

part=${1:-test}
case $part in pkg | dist | test | bench) ;; *) fail "there is no part '$part' to prepare: pkg, dist, test, bench" ;; esac
need cc gcc
need node nodejs
prepare_rust
prepare_wasm_toolchain
prepare_bindgen
case $part in
  dist) need zip zip ;;
  test)
    need zip zip
    need unzip unzip
    need npm npm
    prepare_lints
    prepare_browser
    prepare_npm benches/browser
    prepare_python
    ;;
  bench)
    need npm npm
    prepare_browser
    prepare_npm benches/browser
    ;;
esac
