#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# demo_test.sh BUILD_DIR: the demonstration comes to its end, and shows what it promises.
set -u

here=$(dirname "$0")
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
passed=0
failed=0

# check NAME COMMAND…
check() {
	name=$1
	shift
	if "$@"; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "FAIL $name"
		failed=$((failed + 1))
	fi
}

has() { grep -q "$1" "$said"; }

sh "$here/demo.sh" "$1" > "$said" 2>&1
status=$?
check "it ends with 0" [ "$status" -eq 0 ]
check "the theft is explained" has "cause  *ephemeral-client"
check "the client's connection is ended" has "^freed .*1 socket ended in"
check "the server is up after the cure" has "^The server is up on port"
check "the guard reserves its port" has "is reserved for .*(server)"
check "the server is up again under the guard" has "^The server is up again on port"
check "the picture in README.md shows the same" python3 "$here/picture.py" check docs/theft.svg "$said"
version=$(sed -n 's/.*PC_VERSION "\(.*\)"/\1/p' user/version.h)
check "its badge has the version" grep -qF ">$version<" docs/badges/version.svg
[ "$failed" -eq 0 ] || sed 's/^/     /' "$said"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
