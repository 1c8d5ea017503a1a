# SPDX-License-Identifier: GPL-2.0-only
# unit.awk makes a unit for one machine: -v bindir=FOLDER says where the program is, -v systemd=VERSION
# which systemd reads the unit. A line "# 254+: KEY=VALUE" is a setting from that version on, and a
# comment before it: systemd complains about keys that it does not know.

{ gsub("/usr/bin/portclash", bindir "/portclash") }

/^# [0-9]+\+: / {
	if (systemd + 0 >= $2 + 0)
		sub(/^# [0-9]+\+: /, "")
}

{ print }
