#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What portclash costs in instructions: one guest a kernel, emulated by QEMU with a clock that
# counts them (one instruction is a nanosecond), so that a run repeats to the digit.
set -eu

KERNELS="bullseye bookworm trixie trixie-backports/6.18 sid"
BACKENDS="fentry kprobe tracepoint"
OWN="none floor portclash portclash-stopped"
PEERS="tcpconnect tcptracer tcplife tcpstates bindsnoop bpftrace-state bpftrace-kprobe"
LOADS="connect4 connect6 udp-connect udp-send bind refused-1 refused-16 refused-10000 getppid"

usage() {
	cat <<-END
		usage: instructions.sh [OPTION…] STATIC_FOLDER
		  --kernel LIST   SUITE or SUITE/VERSION of Debian ($KERNELS)
		  --backend LIST  ($BACKENDS)
		  --setup LIST    ($OWN, and the peers
		                  $PEERS)
		  --load LIST     ($LOADS)
		  --rounds N      of each load (3000 connections, 300 refusals, …)
		  --write         the table to tests/bench/RESULTS.md as well
		  --jobs N        guests at a time (one a processor)
		  --timeout N     seconds for one guest (1800)
		portclash-stopped is portclash with its process stopped: what the kernel does alone.
		STATIC_FOLDER has portclash, floor and loads, static; what is left of a run goes to its
		sibling folder "instructions". Lists have commas or blanks.
	END
}

list() { echo "$1" | tr ',' ' '; }
name_of() { echo "$folder/$(echo "$1" | tr / -)"; }

# plan KERNEL: lines "SETUP BACKEND LOAD…". What has no back end of ours is measured once.
plan() {
	for setup in $setups; do
		case $setup in
		floor | portclash*)
			for backend in $backends; do
				echo "$setup $backend $loads"
			done
			;;
		*) echo "$setup - $loads" ;;
		esac
	done
}

# closure PROGRAM…: the files that it needs, itself included
closure() {
	for program; do
		path=$(PATH=$PATH:/usr/sbin command -v "$program")
		echo "$path"
		ldd "$path" | grep -o '/[^ ]*'
	done | sort -u
}

# An archive for all guests, not packed: unpacking is slow where it is emulated.
pack_peers() {
	wanted=$(echo "$setups" | tr ' ' '\n' | grep -vx -e none -e floor -e 'portclash.*' |
		sed 's/^bpftrace-.*/bpftrace/' | sort -u)
	: >"$folder/peers.cpio"
	[ -n "$wanted" ] || return 0
	root=$(mktemp -d)
	for file in $(closure $wanted); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$folder/peers.cpio"
	rm -rf "$root"
}

# pack OUT KERNEL_FOLDER PLAN
pack() {
	root=$(mktemp -d)
	mkdir -m 755 "$root/bin" "$root/dev" "$root/proc" "$root/sys"
	mkdir -m 1777 "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$static/portclash" "$static/floor" "$static/loads" "$here/init" \
		"$here/../kernels/mounts.sh" "$root/"
	cp "$3" "$root/plan"
	echo "${rounds:+--rounds $rounds}" >"$root/load-options"
	cp -r "$2/modules" "$root/"
	chmod 755 "$root" "$root/bin/busybox" "$root/init" "$root/portclash" "$root/floor" \
		"$root/loads"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | cat - "$folder/peers.cpio" >"$1"
	rm -rf "$root"
}

# Chance is the same each time: addresses, ports and hashes with it. An idle guest's clock jumps
# to its next timer (sleep=off).
boot() {
	timeout "$timeout" qemu-system-x86_64 -accel tcg,thread=single -icount shift=0,sleep=off \
		-cpu max -seed 1 -smp 1 -m 2048 -rtc base=2026-01-01,clock=vm \
		-display none -monitor none -nic none -no-reboot \
		-serial "file:$1.console" -serial "file:$1.results" \
		-kernel "$2/vmlinuz" -initrd "$1.cpio" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0 norandmaps \
tsc=reliable rcupdate.rcu_expedited=1" >"$1.qemu" 2>&1
}

guest() {
	name=$(name_of "$1")
	if ! image=$(sh "$here/../kernels/fetch.sh" "$1" 2>"$name.fetch"); then
		echo "cannot all - $(tail -n 1 "$name.fetch")" >"$name.results"
		return
	fi
	plan >"$name.plan"
	pack "$name.cpio" "$image" "$name.plan"
	boot "$name" "$image" || true
	rm -f "$name.cpio"
	grep -q '^end' "$name.results" ||
		echo "cannot all - the guest did not come to its end" >>"$name.results"
}

report() {
	files=$(for kernel in $kernels; do echo "$(name_of "$kernel").results"; done)
	# shellcheck disable=SC2086 # a list of words
	awk -v backends="$backends" -v peers="$PEERS" -v loads="$loads" \
		-f "$here/instructions.awk" $files
}

# The lines at the head of the table: what was measured with what
heading() {
	echo "* \`make bench-instructions${flags:+ BENCH_FLAGS=\"$flags\"}\`, $(date -u +%F)"
	echo "* portclash $(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)"
	echo "* $(qemu-system-x86_64 --version | sed -n '1s/QEMU emulator version/QEMU/p'):" \
		"-icount shift=0,sleep=off -smp 1"
	dpkg-query -W -f '* ${Package} ${Version}\n' libbpf-tools bpftrace 2>/dev/null || true
}

kernels=$KERNELS backends=$BACKENDS setups="$OWN $PEERS" loads=$LOADS
rounds='' write=''
jobs=$(nproc)
timeout=1800
flags=$*
single=''

while [ $# -gt 1 ]; do
	case $1 in
	--kernel) kernels=$(list "$2") && shift 2 ;;
	--backend) backends=$(list "$2") && shift 2 ;;
	--setup) setups=$(list "$2") && shift 2 ;;
	--load) loads=$(list "$2") && shift 2 ;;
	--rounds) rounds=$2 && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--guest) single=$2 && shift 2 ;;
	--write) write=1 && shift ;;
	*) break ;;
	esac
done
if [ $# -ne 1 ] || [ ! -x "$1/loads" ]; then
	usage >&2
	exit 2
fi
static=$1
flags=${flags% *}
here=$(dirname "$0")
folder=$(dirname "$static")/instructions
mkdir -p "$folder"

if [ -n "$single" ]; then
	guest "$single"
	exit
fi
pack_peers
for kernel in $kernels; do
	rm -f "$(name_of "$kernel")".*
	echo "$kernel"
done | xargs -P "$jobs" -I KERNEL sh "$0" --guest KERNEL --backend "$backends" --setup "$setups" \
	--load "$loads" ${rounds:+--rounds "$rounds"} --timeout "$timeout" "$static"
report
