#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The cost of portclash in instructions: one guest a kernel, emulated by QEMU with a clock that
# counts them (one instruction is a nanosecond), so that a run repeats to the digit.
set -eu

KERNELS="bullseye bookworm trixie trixie-backports/6.18 sid"
BACKENDS="fentry kprobe tracepoint"
OWN="none floor portclash portclash-stopped portclash-idle"
# Only on request: with the flight recorder, in a tmpfs
ON_REQUEST=portclash-flight
PEERS="tcpconnect tcptracer tcplife tcpstates bindsnoop bpftrace-state bpftrace-kprobe"
# Memory of a guest: 100,000 sockets or 5,000 processes, and bpftrace with its compiler, have room.
MIB=4096
# The things that a growth run has more and more of
SCALES="holders:1,10,100,1000,10000 sockets:100,1000,10000,100000 \
namespaces:1,10,100,1000 processes:10,100,1000,5000"
# Only on request: a request to a server as Debian has it, and the programs that it needs (asks.c)
REAL="real-nginx real-haproxy real-redis"
LOADS="connect4 connect6 udp-connect udp-send resolver bind refused-1 refused-16 refused-10000 getppid"

usage() {
	cat <<-END
		usage: instructions.sh [OPTION…] STATIC_FOLDER
		  --kernel LIST   SUITE or SUITE/VERSION of Debian ($KERNELS)
		  --backend LIST  ($BACKENDS)
		  --setup LIST    ($OWN, and the peers
		                  $PEERS;
		                  on request $ON_REQUEST)
		  --load LIST     ($LOADS;
		                  on request $REAL)
		  --scale LIST    instead: what it costs with more and more of this on the machine, or all
		                  ($SCALES)
		  --rounds N      of each load (3000 connections, 300 refusals, …)
		  --seed N        of the guest's chance (1): ports, addresses, hashes
		  --write FILE    the tables into its section "Instructions", "Scale", or "Requests"
		  --into FOLDER   what is left of a run (the folder "instructions" beside STATIC_FOLDER)
		  --jobs N        guests at a time (one a processor)
		  --timeout N     seconds for one guest (1800)
		portclash-stopped is portclash with its process stopped: what the kernel does alone;
		portclash-idle is what its process takes in a second in which nothing happens.
		STATIC_FOLDER has portclash, floor and loads, static. Lists have commas or blanks.
	END
}

list() { echo "$1" | tr ',' ' '; }
name_of() { echo "$folder/$(echo "$1" | tr / -)"; }

# plan KERNEL: lines "SETUP BACKEND LOAD…". What has no back end of ours is measured once.
plan() {
	for setup in $setups; do
		case $setup in
		portclash-idle)
			for backend in $backends; do
				echo "$setup $backend idle"
			done
			;;
		floor | portclash*)
			for backend in $backends; do
				echo "$setup $backend $loads"
			done
			;;
		*) echo "$setup - $loads" ;;
		esac
	done
}

# scale_plan: as plan, for the first back end
scale_plan() {
	for scale in $scales; do
		kind=${scale%%:*}
		numbers=$(echo "${scale#*:}" | tr ',' ' ')
		if [ "$kind" = holders ]; then
			# shellcheck disable=SC2086 # a list of words
			loads=$(printf 'refused-%s ' $numbers)
			printf 'stage - 0\nnone - %s\nportclash %s %s\n' "$loads" "${backends%% *}" "$loads"
			continue
		fi
		for number in $numbers; do
			printf 'stage %s %s\n' "$kind" "$number"
			printf 'none - connect4 refused-1\n'
			printf 'portclash %s connect4 refused-1\n' "${backends%% *}"
		done
	done
}

# closure PROGRAM…: the files that it needs, itself included
closure() {
	for program; do
		path=$(PATH=$PATH:/usr/sbin command -v "$program")
		echo "$path"
		ldd "$path" | grep -o '/[^ ]*'
		# Headers that bpftrace's compiler includes first
		[ "$program" != bpftrace ] ||
			gcc -M -include linux/types.h -x c /dev/null | grep -o '/usr/include/[^ ]*'
	done | sort -u
}

# archive FOLDER: moves it into an archive. The same files make the same archive: what a guest finds
# in it, times and numbers of files too, changes what it does by a few instructions, and then its
# chance. Not packed: unpacking is slow where it is emulated.
archive() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0)
	rm -rf "$1"
}

pack_peers() {
	wanted=$(echo "$setups" | tr ' ' '\n' | grep -vx -e none -e floor -e 'portclash.*' |
		sed 's/^bpftrace-.*/bpftrace/' | sort -u)
	for load in $loads; do
		case $load in
		real-redis) wanted="$wanted redis-server" ;;
		real-haproxy) wanted="$wanted haproxy nginx" ;;
		real-*) wanted="$wanted ${load#real-}" ;;
		esac
	done
	: >"$folder/peers.cpio"
	[ -n "$wanted" ] || return 0
	root=$(mktemp -d)
	# shellcheck disable=SC2086 # a list of words
	for file in $(closure $wanted); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	archive "$root" >"$folder/peers.cpio"
}

# pack OUT KERNEL_FOLDER PLAN
pack() {
	root=$(mktemp -d)
	mkdir -m 755 "$root/bin" "$root/dev" "$root/proc" "$root/sys"
	mkdir -m 1777 "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$static/portclash" "$static/floor" "$static/loads" "$static/asks" "$static/stage" "$here/init" \
		"$here/../kernels/mounts.sh" "$root/"
	mkdir -m 755 "$root/etc"
	cp "$here/nginx.conf" "$here/haproxy.cfg" "$root/etc/"
	echo root:x:0:0::/:/bin/sh >"$root/etc/passwd"
	echo root:x:0: >"$root/etc/group"
	cp "$3" "$root/plan"
	echo "${rounds:+--rounds $rounds}" >"$root/load-options"
	cp -r "$2/modules" "$root/"
	chmod 755 "$root" "$root/bin/busybox" "$root/init" "$root/portclash" "$root/floor" \
		"$root/loads" "$root/asks" "$root/stage"
	archive "$root" | cat - "$folder/peers.cpio" >"$1"
}

# QEMU 7.2 sometimes forgets that the clock of an idle guest is to jump, and sleeps for good, until
# something wakes it: an empty line to its monitor.
wake() {
	while sleep 0.1 && echo; do
		:
	done 2>/dev/null
}

# Chance is the same each time: addresses, ports and hashes with it. An idle guest's clock jumps
# to its next timer (sleep=off).
boot() {
	wake | timeout "$timeout" qemu-system-x86_64 -accel tcg,thread=single -icount shift=0,sleep=off \
		-cpu max -seed "$seed" -smp 1 -m "$MIB" -rtc base=2026-01-01,clock=vm \
		-display none -monitor stdio -nic none -nodefaults -no-user-config -no-reboot \
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
	if [ -n "$scales" ]; then
		scale_plan >"$name.plan"
	else
		plan >"$name.plan"
	fi
	pack "$name.cpio" "$image" "$name.plan"
	boot "$name" "$image" || true
	rm -f "$name.cpio"
	grep -q '^end' "$name.results" ||
		echo "cannot all - the guest did not come to its end" >>"$name.results"
}

# The commit; the results that are being written are no change of what is measured.
version() {
	commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null) || commit="of no commit"
	git -C "$here" diff --quiet HEAD -- :/ ':(top,exclude)tests/bench/RESULTS.md' 2>/dev/null ||
		commit="$commit, changed"
	echo "$commit"
}

# The lines at the head of the tables: what was measured with what
heading() {
	cat <<-END
		Made by \`make $target${flags:+ BENCH_FLAGS="$flags"}\` on $(date -u +%F).
		portclash $(version);
		$(dpkg-query -W -f '${Package} ${Version}, ' libbpf-tools bpftrace 2>/dev/null | sed 's/, $//');
		$(qemu-system-x86_64 --version | sed -n '1s/ emulator version//p').
		One instruction is one nanosecond (\`-icount shift=0,sleep=off -smp 1\`): µs here are thousands
		of instructions. The monitor's process runs on the same processor as the load; what it does
		later for the load is included, what it does anyhow is not. The first row is what a round
		takes, the others what they add. tests/bench/README.md says what each load and setup is.
	END
}

report() {
	files=$(for kernel in $kernels; do echo "$(name_of "$kernel").results"; done)
	heading
	# shellcheck disable=SC2086 # a list of words
	if [ -n "$scales" ]; then
		awk -f "$here/scale.awk" $files
	else
		awk -v backends="$backends" -v loads="$(echo " $loads " | sed 's/ fill / /')" -f "$here/instructions.awk" $files
	fi
}

kernels=$KERNELS backends=$BACKENDS setups="$OWN $PEERS" loads=$LOADS
rounds='' write='' scales='' folder=''
jobs=$(nproc)
seed=1
timeout=1800
flags=$*
single=''

while [ $# -gt 1 ]; do
	case $1 in
	--kernel) kernels=$(list "$2") && shift 2 ;;
	--backend) backends=$(list "$2") && shift 2 ;;
	--setup) setups=$(list "$2") && shift 2 ;;
	--load) loads=$(list "$2") && shift 2 ;;
	--scale) scales=$2 && shift 2 && [ "$scales" != all ] || scales=$SCALES ;;
	--rounds) rounds=$2 && shift 2 ;;
	--seed) seed=$2 && shift 2 ;;
	--into) folder=$2 && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--guest) single=$2 && shift 2 ;;
	--write) write=$2 && flags='' && shift 2 ;;
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
folder=${folder:-$(dirname "$static")/instructions}
mkdir -p "$folder"

if [ -n "$single" ]; then
	guest "$single"
	exit
fi
title=Instructions target=bench-instructions
case " $loads " in *" real-"*) title=Requests target=bench-requests ;; esac
if [ -n "$scales" ]; then
	title=Scale target=bench-scale
	setups=none
fi
pack_peers
for kernel in $kernels; do
	rm -f "$(name_of "$kernel")".*
	echo "$kernel"
done | xargs -P "$jobs" -I KERNEL sh "$0" --guest KERNEL --backend "$backends" --setup "$setups" \
	--load "$loads" --scale "$scales" ${rounds:+--rounds "$rounds"} --seed "$seed" --timeout "$timeout" \
	--into "$folder" "$static"
status=0
report >"$folder/tables" || status=$?
cat "$folder/tables"
[ -z "$write" ] || sh "$here/section.sh" "$write" "$title" <"$folder/tables"
exit $status
