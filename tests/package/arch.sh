#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# For which architectures does portclash refuse to be built, and does it say so? Needs clang.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

# says NAME SENTENCE COMMAND...: the command fails and prints the sentence
says() {
	name=$1 sentence=$2
	shift 2
	! out=$("$@" 2>&1) && echo "$out" | grep -qF "$sentence"
	result "$name" $? "$out"
}

refuses() { says "make refuses ARCH=$1" "not $1" env -u MAKEFLAGS -u MAKELEVEL make -n all "ARCH=$1"; }

# includes HEADER COMPILER...: compiles that header alone
includes() {
	header=$1
	shift
	echo "#include \"$header\"" | "$@" -Iinclude -Ivmlinux -Ibpf -fsyntax-only -x c -
}

for arch in i386 armv7l s390x ppc64 riscv64; do
	refuses "$arch"
done
values="portclash supports 64-bit little-endian machines only"
says "a 32-bit compiler is refused" "$values" \
	includes portclash/values.h clang -target i386-linux-gnu
says "a big-endian compiler is refused" "$values" \
	includes portclash/values.h clang -target aarch64_be-linux-gnu
says "big-endian programs are refused" "$values" includes portclash/values.h clang -target bpfeb
says "programs for another architecture are refused" "bpf/arch.bpf.h knows x86-64 and arm64 only" \
	includes arch.bpf.h clang -target bpf -D__TARGET_ARCH_riscv
says "so are the types of its kernel" "vmlinux/registers.h has the registers of" \
	includes vmlinux.h clang -target bpf -D__TARGET_ARCH_riscv
for arch in amd64 x86_64 arm64 aarch64; do
	env -u MAKEFLAGS -u MAKELEVEL make -n all "ARCH=$arch" >/dev/null
	result "make knows ARCH=$arch" $?
done
finish
