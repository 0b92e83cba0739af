#!/usr/bin/env bash
# Draws the PNG icons of www/manifest.webmanifest from www/icon.svg, with Chromium. The icons are
# committed: run this after a change of the drawing.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

CHROMIUM=$(find_chromium) || fail "no Chromium was found. Please install it, or say where it is with CHROMIUM=…"
page=$(mktemp "${TMPDIR:-/tmp}/icon.XXXXXX.html")
trap 'rm -f "$page"' EXIT

# draw FILE SIDE SHARE BACKGROUND: the drawing fills SHARE percent of the side of SIDE pixels.
draw() {
  cat >"$page" <<HTML
<!doctype html>
<style>
  html { height: 100%; background: $4; display: grid; place-items: center; }
  body { margin: 0; width: $3%; height: $3%; }
  svg { display: block; width: 100%; height: 100%; }
</style>
$(cat www/icon.svg)
HTML
  "$CHROMIUM" --headless --no-sandbox --hide-scrollbars --force-device-scale-factor=1 \
    --default-background-color=00000000 --window-size="$2,$2" --screenshot="$PWD/www/icons/$1" \
    "file://$page" >/dev/null 2>&1
}

mkdir -p www/icons
draw icon-192.png 192 100 transparent
draw icon-512.png 512 100 transparent
# A maskable icon may be cut to a circle of 80 % of its side.
draw maskable-512.png 512 78 '#f6f5f2'
