# Finds each tool of the build; setup.sh installs the missing ones. The other scripts source this file,
# which also moves them to the repository's root.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

WASM_TARGET=wasm32-unknown-unknown

fail() {
  echo "error: $*" >&2
  exit 1
}

# The wasm-bindgen program must be of the very version of the crate in the lock file.
bindgen_version() {
  awk '$1 == "name" { name = $3 } $1 == "version" && name == "\"wasm-bindgen\"" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# The folder into which setup.sh installs wasm-bindgen: beside the compiled dependencies
# (.cargo/config.toml), so that every checkout finds it.
bindgen_home() {
  echo "${CARGO_HOME:-$HOME/.cargo}/build/karyolens-tools/wasm-bindgen-$(bindgen_version)"
}

find_bindgen() {
  local program
  for program in wasm-bindgen "$(bindgen_home)/bin/wasm-bindgen"; do
    if [ "$("$program" --version 2>/dev/null)" = "wasm-bindgen $(bindgen_version)" ]; then
      command -v "$program"
      return
    fi
  done
  return 1
}

# pip packages that read the page's exports in the tests, as a user would.
PYTHON_PACKAGES=(pandas==2.3.3 pypdf==6.0.0)

# The folder into which setup.sh installs them, also beside the compiled dependencies.
python_home() {
  local IFS=-
  echo "${CARGO_HOME:-$HOME/.cargo}/build/karyolens-tools/python-${PYTHON_PACKAGES[*]//==/-}"
}

# A Python that has them. Importing them proves that the installation is complete.
find_python() {
  local program
  program=$(python_home)/bin/python
  "$program" -c "import pandas, pypdf" 2>/dev/null && echo "$program"
}

# The linker of Debian's lld, of the LLVM version that built Debian's rustc or a later one.
find_debian_wasm_linker() {
  compgen -G '/usr/bin/wasm-ld-[0-9]*' | sort -V | tail -1 | grep .
}

# The compiler for the browser: `cargo` if the compiler at hand has the target, `debian` if Debian's
# compiler can build the standard library for it.
find_wasm_toolchain() {
  if [ -d "$(rustc --print sysroot)/lib/rustlib/$WASM_TARGET" ]; then
    echo cargo
  elif [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ] &&
    is_recent "$(/usr/bin/rustc --version 2>/dev/null)" && find_debian_wasm_linker >/dev/null; then
    echo debian
  else
    return 1
  fi
}

# The oldest Rust that compiles this crate, from Cargo.toml.
rust_version() {
  sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# Whether `rustc 1.96.0 (…)` is recent enough.
is_recent() {
  local version
  version=$(awk '{ print $2 }' <<<"$1")
  [ -n "$version" ] && [ "$(printf '%s\n' "$(rust_version)" "$version" | sort -V | head -1)" = "$(rust_version)" ]
}

find_chromium() {
  local program
  for program in "${CHROMIUM:-}" chromium chromium-browser google-chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    if [ -n "$program" ] && command -v "$program"; then
      return
    fi
  done
  return 1
}
