#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# install.sh BUILD: make install and uninstall with DESTDIR and PREFIX: which files, with which
# modes; what was changed stays. Needs no root.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../report.sh"

build=$1
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

# install_as TARGET [VARIABLE=VALUE...]
install_as() { make -s BUILD="$build" DESTDIR="$dest" "$@"; }
files() { (cd "$dest" && find . -type f -printf '%m %P\n' | sort -k 2); }

check_list() {
	holds "make install" install_as install PREFIX=/opt/portclash
	same "these files, with these modes" "$(
		sort -k 2 <<-END
			644 etc/portclash/portclash.yaml
			755 opt/portclash/bin/portclash
			644 opt/portclash/lib/systemd/catalog/portclash.catalog
			644 opt/portclash/lib/systemd/system/portclash-guard.service
			644 opt/portclash/lib/systemd/system/portclash.service
			644 opt/portclash/share/bash-completion/completions/portclash
			644 opt/portclash/share/doc/portclash/CHANGELOG.md
			644 opt/portclash/share/doc/portclash/ARCHITECTURE.md
			644 opt/portclash/share/doc/portclash/CONTRIBUTING.md
			644 opt/portclash/share/doc/portclash/README.md
			644 opt/portclash/share/doc/portclash/README.zh-CN.md
			644 opt/portclash/share/doc/portclash/SECURITY.md
			$(for page in docs/*.* docs/badges/*; do
				echo "644 opt/portclash/share/doc/portclash/$page"
			done)
			644 opt/portclash/share/fish/vendor_completions.d/portclash.fish
			644 opt/portclash/share/portclash/grafana-dashboard.json
			644 opt/portclash/share/portclash/prometheus-rules.yml
			$(cd packaging/man && for page in *.in; do
				name=${page%.in}
				echo "644 opt/portclash/share/man/man${name##*.}/$name"
			done)
			644 opt/portclash/share/zsh/site-functions/_portclash
		END
	)" "$(files)"
	same "the unit runs what was installed" "ExecStart=/opt/portclash/bin/portclash agent" \
		"$(grep ^ExecStart= "$dest/opt/portclash/lib/systemd/system/portclash.service")"
	same "what was installed runs" \
		"$(sed -n 's/.*PC_VERSION "\(.*\)"/portclash \1/p' user/version.h)" \
		"$("$dest/opt/portclash/bin/portclash" --version)"
	holds "the configuration has no mistake" "$dest/opt/portclash/bin/portclash" agent \
		--check-config --config "$dest/etc/portclash/portclash.yaml"
	same "a man page names a file as it was installed" \
		"/opt/portclash/share/portclash/prometheus-rules.yml" \
		"$(mandoc -T utf8 "$dest/opt/portclash/share/man/man5/portclash-metrics.5" | col -b |
			grep -o '[^ ]*rules\.yml' | grep -v '^/etc/prometheus/' | sort -u)"
	same "a link to a file of docs/ that is no man page names it as it was installed" \
		"/opt/portclash/share/doc/portclash/docs/decisions.md" \
		"$(mandoc -T utf8 "$dest/opt/portclash/share/man/man5/portclash-metrics.5" | col -b |
			grep -o '[^ ]*decisions\.md' | sort -u)"
}

# targets FILE...: files in docs/ to which they lead, as links or runbooks
targets() { grep -ohE '\]\(docs/[^)#]*|runbook_url: [^ #]*' "$@" | sed 's/.*docs/docs/' | sort -u; }

check_links() {
	share=$dest/opt/portclash/share
	nothing "each alert leads to an absolute address" \
		"$(grep runbook_url: "$share/portclash/prometheus-rules.yml" | grep -v ' https://')"
	same "the address is from one place in the build" "https://docs.example/a?b&c/docs/metrics.md" "$(
		make -s BUILD="$dest/address" DOC_URL='https://docs.example/a?b&c' rules &&
			grep -o 'runbook_url: [^#]*' "$dest/address/prometheus-rules.yml" | cut -d ' ' -f 2 | sort -u
		rm -rf "$dest/address"
	)"
	same "the alerts' runbooks" docs/metrics.md "$(targets "$share/portclash/prometheus-rules.yml")"
	holds "the README has links, too" test -n "$(targets "$share/doc/portclash/README.md")"
	nothing "what they lead to was installed" "$(
		targets "$share/doc/portclash/README.md" "$share/portclash/prometheus-rules.yml" |
			while read -r file; do
				[ -e "$share/doc/portclash/$file" ] || echo "$file"
			done
	)"
}

check_uninstall() {
	echo "# mine" >>"$dest/etc/portclash/portclash.yaml"
	holds "make install, once more" install_as install PREFIX=/opt/portclash
	same "a changed configuration is not overwritten" "# mine" \
		"$(tail -1 "$dest/etc/portclash/portclash.yaml")"
	holds "make uninstall" install_as uninstall PREFIX=/opt/portclash
	same "only what was changed is left" "644 etc/portclash/portclash.yaml" "$(files)"
	rm "$dest/etc/portclash/portclash.yaml"
	install_as install PREFIX=/usr && install_as uninstall PREFIX=/usr
	nothing "else nothing is left" "$(files)"
	nothing "nor a folder of documents" "$(find "$dest" -path '*/doc/portclash*')"
}

check_folders() {
	holds "make install without a unit, elsewhere" install_as install PREFIX=/usr UNITDIR= \
		SYSCONFDIR=/conf MANDIR=/man
	nothing "there is no unit" "$(find "$dest" -name '*.service')"
	holds "the configuration is there" test -e "$dest/conf/portclash/portclash.yaml"
	holds "the man pages are there" test -e "$dest/man/man8/portclash.8"
}

check_list
check_links
check_uninstall
check_folders
finish
