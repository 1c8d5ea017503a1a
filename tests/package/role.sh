#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# role.sh BUILD: the Ansible role of packaging/ansible on a machine with a systemd of its own (machine.sh): the second
# run changes nothing, a mistake in the configuration changes nothing either, and a newer package is installed. Needs
# root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"
. "$here/earlier.sh"

# ansible-playbook takes some minutes on a busy machine.
MACHINE_SECONDS=400

needs_root "the Ansible role"

. "$here/booted.sh"

# play PACKAGE [EXTRA VARIABLE]...
play() {
	package=$1
	shift
	set -- -e "portclash_package=$package" "$@"
	in_machine env HOME=/root ANSIBLE_ROLES_PATH=/run/tree/packaging/ansible/roles ANSIBLE_NOCOWS=1 ANSIBLE_PIPELINING=1 LC_ALL=C.UTF-8 \
		ANSIBLE_LOCALHOST_WARNING=false ansible-playbook -i 'host,' -c local \
		-e ansible_python_interpreter=/usr/bin/python3 "$@" /mnt/playbook.yml >"$folder/said" 2>&1
}
recap() { sed -n 's/^host .*\(changed=[0-9]*\).*\(failed=[0-9]*\).*/\1 \2/p' "$folder/said"; }
# plays NAME RECAP PACKAGE [EXTRA VARIABLE]...
plays() {
	title=$1 wanted=$2
	shift 2
	play "$@"
	if [ "$wanted" = "$(recap)" ]; then pass "$title"; else fail "$title" "$(tail -30 "$folder/said")"; fi
}

is_provisioned() {
	in_machine rm -f /usr/sbin/policy-rc.d
	holds "the earlier package on a bare machine" play /mnt/portclash_1_earlier.deb
	same "its program runs" "portclash $EARLIER active enabled" \
		"$(in_machine portclash --version) $(property ActiveState) $(property UnitFileState)"
	same "the guard does not" inactive "$(property ActiveState portclash-guard)"
	holds "the configuration says what the role says" in_shell "grep -qx 'interval: 2s' $config"
	plays "a second run changes nothing" "changed=0 failed=0" /mnt/portclash_1_earlier.deb
}

is_changed() {
	before=$(starts)
	plays "another setting" "changed=2 failed=0" /mnt/portclash_1_earlier.deb -e interval=3s
	holds "it is in the file" in_shell "grep -qx 'interval: 3s' $config"
	same "the agent was started anew, once" "$((before + 1))" "$(starts)"
	sum=$(in_shell "md5sum <$config")
	play /mnt/portclash_1_earlier.deb -e interval=yesterday && fail "a mistake ends the play"
	same "a mistake leaves the file as it was" "$sum" "$(in_shell "md5sum <$config")"
	same "and the agent alone" "active $((before + 1))" "$(property ActiveState) $(starts)"
}

is_upgraded() {
	stand_in_for_guard
	holds "the new package, with guard and alert rules" play /mnt/portclash_2_new.deb -e interval=3s \
		-e portclash_guard=true -e portclash_rules=/etc/prometheus/rules.d/portclash.yml
	same "the new program runs, and the guard" "portclash $version active active enabled" \
		"$(in_machine portclash --version) $(property ActiveState) $(property ActiveState portclash-guard) $(
			property UnitFileState portclash-guard)"
	same "the configuration is kept" "$sum" "$(in_shell "md5sum <$config")"
	same "Prometheus has the rules of the package" "$(in_shell 'md5sum </usr/share/portclash/prometheus-rules.yml')" \
		"$(in_shell 'md5sum </etc/prometheus/rules.d/portclash.yml')"
	plays "again a second run changes nothing" "changed=0 failed=0" /mnt/portclash_2_new.deb -e interval=3s \
		-e portclash_guard=true -e portclash_rules=/etc/prometheus/rules.d/portclash.yml
	in_shell 'systemctl disable --now portclash-guard; dpkg -P portclash; rm -rf /etc/portclash' >/dev/null 2>&1
}

# Another distribution: the archive with the static program.
is_unpacked() {
	archive=$(ls "$build"/dist/portclash-*-linux-"$(dpkg --print-architecture)".tar.gz 2>/dev/null)
	[ -n "$archive" ] || {
		skip "the archive of the static program" "make dist has not run"
		return
	}
	cp "$archive" "$folder/portclash.tar.gz"
	holds "the archive of the static program" play /mnt/portclash.tar.gz
	same "it runs from /usr/local" "/usr/local/bin/portclash active" \
		"$(in_machine readlink "/proc/$(property MainPID)/exe") $(property ActiveState)"
	plays "there, too, a second run changes nothing" "changed=0 failed=0" /mnt/portclash.tar.gz
}

build=$1
deb=$(ls "$build"/deb/portclash_*.deb)
cp "$deb" "$folder/portclash_2_new.deb"
earlier_deb "$deb" "$folder/portclash_1_earlier.deb"
cat >"$folder/playbook.yml" <<-'END'
	- hosts: all
	  gather_facts: false
	  roles:
	    - role: portclash
	      vars:
	        portclash_settings:
	          log: /var/log/portclash/events.jsonl
	          textfile: /var/lib/prometheus/node-exporter/portclash.prom
	          interval: "{{ interval | default('2s') }}"
	          protect: [30000-32767, 10250]
END
boot "$here/collide.py"
is_provisioned
is_changed
is_upgraded
is_unpacked
finish
