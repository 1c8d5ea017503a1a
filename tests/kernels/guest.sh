#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boots one kernel under emulation and runs its plan:
#     guest.sh FOLDER STATIC_FOLDER SECONDS KERNEL [LIVE_OPTION…]
# Reads FOLDER/KERNEL.plan and leaves in FOLDER/KERNEL.results what init says, or one line
# "unavailable REASON"; in FOLDER/KERNEL.console what the kernel printed. ("/" in a kernel's
# name is "-" in those of files.)
set -u

here=$(dirname "$0")
folder=$1 static=$2 seconds=$3 kernel=$4
shift 4
name=$folder/$(echo "$kernel" | tr / -)

# One emulating thread for both processors: with a thread for each, QEMU 7.2 sometimes runs an
# instruction that the other has just patched ("Oops: int3" when a tracepoint is switched on).
# Expedited RCU, because each detaching waits for a grace period.
boot() {
	timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=single -cpu max -smp 2 -m 1024 \
		-display none -monitor none -nic none -no-reboot \
		-serial "file:$name.console" -serial "file:$name.results" \
		-kernel "$1/vmlinuz" -initrd "$name.cpio.gz" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off rcupdate.rcu_expedited=1"
}

# How a run ended that did not come to its end
explain() {
	panic=$(grep -o -m 1 -e 'Kernel panic.*' -e 'BUG: .*' -e 'Oops: .*' "$name.console" | tr -d '\r')
	if [ -n "$panic" ]; then
		echo "died $panic"
	elif [ "$1" -eq 124 ]; then
		echo "died no end within $seconds s"
	else
		echo "died QEMU ended with $1: $(tail -n 1 "$name.qemu")"
	fi
}

if ! image=$(sh "$here/fetch.sh" "$kernel" 2>"$name.fetch"); then
	echo "unavailable $(tail -n 1 "$name.fetch")" >"$name.results"
	exit 0
fi
sh "$here/initramfs.sh" "$name.cpio.gz" "$image" "$static" "$name.plan" "$@" || exit 1
rm -f "$name.results" "$name.console"
boot "$image" >"$name.qemu" 2>&1
status=$?
[ ! -s "$name.fetch" ] || echo "note $(tail -n 1 "$name.fetch")" >>"$name.results"
grep -qx end "$name.results" || explain "$status" >>"$name.results"
rm -f "$name.cpio.gz"
