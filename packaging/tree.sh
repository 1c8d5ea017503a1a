#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tree.sh [OPTION OF TAR...]: writes a tar archive of the files that git would take to standard output, in the order
# of their names.
set -eu

# Files that were deleted and not committed are in git's list, too.
git ls-files -z --cached --others --exclude-standard | LC_ALL=C sort -zu |
	tar -c --null --no-recursion --files-from=- --ignore-failed-read "$@" 2>/dev/null
