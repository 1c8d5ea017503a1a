# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A machine with a systemd of its own (machine.sh), which ends with the script that sources this. $here is
# this folder; tests/report.sh is sourced already.

# A boot takes 2 seconds, on a busy machine 10.
BOOT_SECONDS=60

folder=$(mktemp -d)
machine=
leave() {
	[ -z "$machine" ] || {
		kill "$machine" 2>/dev/null
		wait "$machine"
	}
	rm -rf --one-file-system "$folder"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

# in_machine COMMAND...: for MACHINE_SECONDS at most
in_machine() {
	timeout -k 5 "${MACHINE_SECONDS:-60}" nsenter -t "$(cat "$folder/pid")" -a -w \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C "$@"
}
# in_shell SCRIPT
in_shell() { in_machine sh -c "$1"; }
# property NAME [UNIT]: of the service of portclash, or of another one
property() { in_machine systemctl show -P "$1" "${2:-portclash}.service"; }
ended() { ! kill -0 "$machine"; }

booted() {
	[ -s "$folder/pid" ] || return 1
	case $(in_machine systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

# boot FILE...: with these files in /mnt
boot() {
	cp "$@" "$folder/"
	sh "$here/machine.sh" "$folder" >"$folder/machine.log" 2>&1 &
	machine=$!
	within "$BOOT_SECONDS" eval 'booted || ended'
	booted && return
	fail "systemd boots" "$(cat "$folder/machine.log")"
	finish
}
