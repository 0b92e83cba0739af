#!/usr/bin/env bash
# Packs target/dist/karyolens-VERSION.zip, which runs without an installation, for instance from a USB
# stick: the built page with its models, the page's server for this kind of machine, scripts that
# start it, the model cards and licences. The same parts give the same zip. Expects the files that
# `make pkg build` makes.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "$0")/tools.sh"

program=${KARYOLENS_BIN:-target/release/karyolens}
server=$program-serve
command -v zip >/dev/null || fail "zip is missing. Please install it and try again."
[ -x "$server" ] || fail "$server is missing. Please run: make build"
[ -f pkg/files.json ] || fail "pkg/ is not built. Please run: make pkg"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
platform=$(uname -s)-$(uname -m)
name=karyolens-$version
folder=target/dist/$name

rm -rf target/dist
mkdir -p "$folder/cards"
cp -R www pkg "$folder/"
rm -f "$folder"/pkg/*.tgz "$folder"/pkg/.gitignore
strip -o "$folder/karyolens-$platform" "$server"
cp scripts/dist/start.sh scripts/dist/start.command LICENSE-MIT LICENSE-APACHE "$folder/"
# Windows ends lines with a carriage return.
awk '{ printf "%s\r\n", $0 }' scripts/dist/start.bat >"$folder/start.bat"
sed "s/@VERSION@/$version/; s/@PLATFORM@/$platform/" scripts/dist/README.txt |
  awk '{ printf "%s\r\n", $0 }' >"$folder/README.txt"
# By the names of pkg/models.json.
node -p 'require("./pkg/models.json").map(({ id, file }) => `${id} ${file}`).join("\n")' |
  while read -r id file; do
    "$program" card "$folder/pkg/$file" >"$folder/cards/$id.json"
  done
node scripts/third-parties.mjs >"$folder/THIRD-PARTY.txt"

# All files get the time of the commit; names are sorted; owners are left out.
find "$folder" -exec chmod u=rwX,go=rX {} +
chmod 755 "$folder"/start.sh "$folder"/start.command "$folder/karyolens-$platform"
time=$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M.%S --format=%cd 2>/dev/null) || time=198001010000.00
TZ=UTC find "$folder" -exec touch -t "$time" {} +
(
  cd target/dist
  find "$name" -type f | LC_ALL=C sort | TZ=UTC zip -q -X -9 "$name.zip" -@
)
echo "target/dist/$name.zip: $(du -h "target/dist/$name.zip" | cut -f1)"
