#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boots one kernel under emulation and runs what is planned for one back end:
#     guest.sh FOLDER STATIC_FOLDER SECONDS LIVE_OPTIONS KERNEL BACKEND
# Reads from FOLDER KERNEL.plan, KERNEL.image (what fetch.sh printed: nothing if there is none)
# and KERNEL.fetch (what it complained of). Leaves there in KERNEL.BACKEND.results what init
# says, or one line "unavailable REASON"; in KERNEL.BACKEND.console what the kernel printed. Prints
# how many tests it ran, in which time.
# ("/" in a kernel's name is "-" in those of files.)
set -u

here=$(dirname "$0")
folder=$1 static=$2 seconds=$3 options=$4 kernel=$5 backend=$6
files=$folder/$(echo "$kernel" | tr / -)
name=$files.$backend

# The machine, its processor and both of its serial ports, by architecture. The TSC as clock of a PC, because
# reading the HPET leaves the emulated processor each time. Without ERMS and FSRM the kernel copies and clears memory
# by eight bytes at a time: QEMU goes round once for each byte of a `rep movsb`. The processor of arm64 has all that QEMU
# knows (BTI, atomics), but a quick algorithm for pointer authentication, and no addresses of 52 bits, with which 5.10
# does not boot.
machine() {
	case $1 in
	amd64)
		echo "qemu-system-x86_64 -cpu max,-erms,-fsrm -serial file:$name.console -serial file:$name.results"
		;;
	arm64)
		echo "qemu-system-aarch64 -machine virt -cpu ${PORTCLASH_CPU:-max,pauth-impdef=on,lpa2=off}" \
			"-serial file:$name.console" \
			"-chardev file,id=results,path=$name.results -device pci-serial,chardev=results"
		;;
	esac
}

# The check of the timer waits for ticks: on a busy machine 5.10 sees none in time, and panics.
ports() {
	case $1 in
	amd64) echo "console=ttyS0 portclash_results=ttyS1 tsc=reliable no_timer_check" ;;
	arm64) echo "console=ttyAMA0 portclash_results=ttyS0" ;;
	esac
}

# One processor: a second one would share the emulating thread, and only wait. (With a thread
# for each, QEMU 7.2 sometimes runs an instruction that the other has just patched: "Oops: int3"
# when a tracepoint is switched on.) Expedited RCU, because each detaching waits for a grace
# period. (timeout --foreground: in the process group of the run, with which QEMU is to end.)
boot() {
	arch=$(cat "$1/arch" 2>/dev/null || echo amd64)
	# shellcheck disable=SC2046 # lists of words
	timeout --foreground "$seconds" $(machine "$arch") -accel tcg,thread=single \
		-smp 1 -m 1024 -display none -monitor none -nic none -no-reboot \
		-kernel "$1/vmlinuz" -initrd "$name.cpio.gz" \
		-append "$(ports "$arch") quiet panic=-1 mitigations=off init_on_alloc=0 \
rcupdate.rcu_expedited=1 portclash.guest ${PORTCLASH_KERNEL_OPTIONS:-}"
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

image=$(cat "$files.image")
if [ -z "$image" ]; then
	echo "unavailable $(tail -n 1 "$files.fetch")" >"$name.results"
	exit 0
fi
grep "^$backend " "$files.plan" >"$name.plan" || exit 0
# shellcheck disable=SC2086 # a list of words
sh "$here/initramfs.sh" "$name.cpio.gz" "$image" "$static" "$name.plan" $options || exit 1
begin=$(date +%s)
boot "$image" >"$name.qemu" 2>&1
status=$?
[ ! -s "$files.fetch" ] || echo "note $(tail -n 1 "$files.fetch")" >>"$name.results"
grep -q '^end' "$name.results" || explain "$status" >>"$name.results"
rm -f "$name.cpio.gz" "$name.plan"
tests=$(grep -c -e '^ok ' -e '^FAIL ' -e '^skip ' "$name.results")
echo "guest $kernel $backend: $tests tests ($(($(date +%s) - begin)) s)"
