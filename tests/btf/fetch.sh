#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the types of distributions' kernels: fetch.sh FOLDER KERNEL…
# FOLDER gets NAME.btf of each KERNEL (SUITE or SUITE/VERSION, as tests/kernels/fetch.sh takes it), unless it is there
# already and newer than the kernel. A kernel that cannot be had is left out, and said.
set -u

here=$(dirname "$0")
folder=$1
shift
mkdir -p "$folder"
for kernel in "$@"; do
	name=$(echo "$kernel" | tr / -)
	image=$(sh "$here/../kernels/fetch.sh" "$kernel") || continue
	[ "$folder/$name.btf" -nt "$image/vmlinuz" ] ||
		python3 "$here/extract.py" "$image/vmlinuz" "$folder/$name.btf"
done
