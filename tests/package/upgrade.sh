#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# upgrade.sh BUILD: the package of an earlier version under a systemd of its own (machine.sh), and the package in
# BUILD/deb over it: the service is restarted once, and the configuration is kept. Needs root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"
. "$here/earlier.sh"

needs_root "an upgrade under systemd"

. "$here/booted.sh"
runs() { in_shell '/proc/$(systemctl show -P MainPID portclash.service)/exe --version'; }
# A line "ready" for each start
ready_lines() { in_shell 'grep -c "\"type\":\"ready\"" /var/log/portclash/events.jsonl'; }
install_deb() { in_shell "dpkg --force-confold -i /mnt/$1"; }

# is_upgraded NAME: the new package over the earlier one
is_upgraded() {
	before=$(starts) lines=$(ready_lines) pid=$(property MainPID)
	holds "$1: dpkg installs the new version" install_deb new.deb
	same "$1: the new program runs" "portclash $version" "$(runs)"
	same "$1: it was started once more, no more" "$((before + 1)) $((lines + 1))" "$(starts) $(ready_lines)"
	same "$1: it is another process, active and enabled" "yes active enabled" \
		"$([ "$(property MainPID)" = "$pid" ] || echo yes) $(property ActiveState) $(property UnitFileState)"
	same "$1: it did not fail meanwhile" 0 "$(property NRestarts)"
}

untouched_configuration() {
	in_machine rm -f /usr/sbin/policy-rc.d
	holds "dpkg installs the earlier version" install_deb earlier.deb
	same "the earlier program runs" "portclash $EARLIER" "$(runs)"
	is_upgraded "with the package's configuration"
	same "the new version brings its own" "$(md5sum <packaging/portclash.yaml)" "$(in_shell "md5sum <$config")"
	in_shell 'dpkg -P portclash && rm -rf /var/log/portclash'
}

edited_configuration() {
	install_deb earlier.deb >/dev/null 2>&1
	in_shell "sed -i 's/^#interval:.*/interval: 0.3s/' $config && systemctl restart portclash"
	edited=$(in_shell "md5sum <$config")
	stand_in_for_guard
	in_machine systemctl enable --now portclash-guard.service 2>/dev/null
	guard=$(property MainPID portclash-guard)
	is_upgraded "with a changed configuration"
	same "it is kept to the byte" "$edited" "$(in_shell "md5sum <$config")"
	same "the new one is beside it" "$(md5sum <packaging/portclash.yaml)" "$(in_shell "md5sum <$config.dpkg-dist")"
	same "the guard that was enabled runs on, anew" "active yes" "$(
		in_machine systemctl is-active portclash-guard.service) $(
		[ "$(property MainPID portclash-guard)" = "$guard" ] || echo yes)"
	in_machine systemctl disable --now portclash-guard.service 2>/dev/null
}

# A service that somebody disabled stays disabled.
disabled_service() {
	in_shell 'dpkg -P portclash' >/dev/null 2>&1
	install_deb earlier.deb >/dev/null 2>&1
	in_machine systemctl disable --now portclash.service 2>/dev/null
	holds "dpkg upgrades it where it is disabled" install_deb new.deb
	same "it stays disabled" "disabled" "$(property UnitFileState)"
}

deb=$(ls "$1"/deb/portclash_*.deb)
cp "$deb" "$folder/new.deb"
earlier_deb "$deb" "$folder/earlier.deb"
boot "$here/collide.py"
untouched_configuration
edited_configuration
disabled_service
finish
