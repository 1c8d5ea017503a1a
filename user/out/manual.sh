#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# manual.sh FILE: the page of the manual as C string literals, a line each, for manual.c.
set -eu

sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/"/' -e 's/$/\\n"/' "$1"
