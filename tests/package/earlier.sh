# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Debian package of an earlier version, a stand-in for the guard, and how often the service was started. To be
# sourced before booted.sh.

EARLIER=0.0.9
config=/etc/portclash/portclash.yaml
version=$(sh packaging/version.sh)

starts() { in_machine journalctl -o cat -u portclash.service | grep -c '^Started '; }

# earlier_deb DEB OUT: the package with an earlier version number, another program and other default settings
earlier_deb() {
	parts=$(mktemp -d)
	dpkg-deb -R "$1" "$parts"
	sed -i "s/^Version: .*/Version: $EARLIER/" "$parts/DEBIAN/control"
	sed -i "s/portclash $(echo "$version" | sed 's/[.]/[.]/g')/portclash $EARLIER/" "$parts/usr/bin/portclash"
	sed -i 's/^#interval: 15s/#interval: 14s/' "$parts/etc/portclash/portclash.yaml"
	(cd "$parts" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
	dpkg-deb --root-owner-group -b "$parts" "$2" >/dev/null
	rm -rf "$parts"
}

# stand_in_for_guard: has the guard's unit run another program, because the guard refuses to start in the machine's pid
# namespace
stand_in_for_guard() {
	in_shell 'mkdir -p /run/systemd/system/portclash-guard.service.d
		printf "[Service]\nType=simple\nWatchdogSec=0\nExecStart=\nExecStart=/bin/sleep infinity\n" \
			>/run/systemd/system/portclash-guard.service.d/stand-in.conf
		systemctl daemon-reload'
}
