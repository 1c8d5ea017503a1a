#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# version.sh: prints the version of the tree. Fails if a package or the manifest names another one.
set -eu

version=$(sed -n 's/^#define PC_VERSION "\(.*\)"$/\1/p' user/version.h)

# agree FILE EXPRESSION: the expression has sed print the version that the file names
agree() {
	named=$(sed -n "$2" "$1")
	[ "$version" = "$named" ] || {
		echo "version.sh: user/version.h has $version, $1 ${named:-none}" >&2
		exit 1
	}
}
agree packaging/debian/changelog '1s/^portclash (\(.*\)) .*/\1/p'
agree packaging/rpm/portclash.spec 's/^Version: *//p'
agree packaging/kubernetes/base/daemonset.yaml 's/^ *image: portclash:\([^ ]*\).*/\1/p'
echo "$version"
