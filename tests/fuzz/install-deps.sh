#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what the fuzz targets need beyond packaging/install-deps.sh (Debian, Ubuntu), if it is
# missing: libFuzzer and the sanitizers of this clang. Prints nothing when nothing is.
set -eu

CLANG=${CLANG:-clang}
runtime() { "$CLANG" -fsanitize=fuzzer,address -print-file-name="libclang_rt.$1.a"; }

# With a path when it is there, else the bare name. clang 14 and older, and those of Debian, name
# the processor in it, newer ones not.
have() {
	for name in "$1-$(uname -m)" "$1"; do
		case $(runtime "$name") in /*) return 0 ;; esac
	done
	return 1
}

! have fuzzer || ! have asan || exit 0

major=$("$CLANG" -dumpversion | cut -d . -f 1)
package=libclang-rt-$major-dev
if ! command -v apt-get >/dev/null 2>&1; then
	echo "portclash: missing: clang's libFuzzer ($package); this script installs with apt-get" >&2
	exit 1
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -q || echo "portclash: apt-get update had errors; going on" >&2
# Up to clang 13 it was a part of this package.
apt-cache show "$package" >/dev/null 2>&1 || package=libclang-common-$major-dev
echo "portclash: installing $package"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package"
