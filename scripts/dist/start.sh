#!/bin/sh
# Starts Karyolens: a small server for this machine alone, and the page in the browser.
cd "$(dirname "$0")" || exit
program=karyolens-$(uname -s)-$(uname -m)
if [ ! -f "$program" ]; then
  echo "This folder has no $program: it was made on another kind of computer."
  echo "Run 'make dist' in a checkout of Karyolens on one of this kind, and copy $program here."
  exit 1
fi

if [ -x "$program" ]; then
  exec "./$program" --open "$@"
fi
# Many systems mount a stick so that no program on it may run.
copy=$(mktemp -d) || exit
trap 'kill "$server" 2>/dev/null; rm -rf "$copy"' EXIT
trap 'exit 130' HUP INT TERM
cp "$program" "$copy/karyolens" && chmod +x "$copy/karyolens" || exit
"$copy/karyolens" --root . --open "$@" &
server=$!
wait "$server"
