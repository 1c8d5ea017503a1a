#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches a kernel of a Debian suite with apt, from the mirror that this machine's own apt uses:
#     fetch.sh SUITE[/VERSION] [ARCH]
# VERSION is the beginning of one (6.18), or 16k for the kernel of arm64 with pages of 16 KiB; without it, the
# suite's current kernel is meant. ARCH is amd64
# or arm64. Prints the folder that then holds vmlinuz, modules/*.ko, modules/order, `arch` and `package` (name,
# version); for another architecture than this machine's also a static busybox.
# The kernel is kept, and for a week the network is not asked again; if a newer kernel cannot be had
# then, it serves on. PORTCLASH_KERNELS is where (~/.cache/portclash/kernels),
# PORTCLASH_DEBIAN_MIRROR the address of the mirror.
set -eu

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
KEEP_DAYS=7
# To be loaded in this order. Those that a kernel has built in are not there.
MODULES="inet_diag tcp_diag udp_diag dummy vrf udp_tunnel ip6_udp_tunnel vxlan"

fail() {
	echo "$kernel: $*" >&2
	exit 1
}

# repository RELEASE: where this machine's apt gets that release of Debian from
repository() {
	apt-get indextargets --no-release-info --format "\$(RELEASE) \$(REPO_URI)" \
		'Created-By: Packages' 2>/dev/null | sed -n "s/^$1 //p" | head -n 1
}

sources() {
	# shellcheck source=/dev/null
	host=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || host=none
	main=${PORTCLASH_DEBIAN_MIRROR:-$(repository "$host")}
	security=$(repository "$host-security")
	[ -n "$main" ] || fail "apt on this machine names no Debian mirror;" \
		"set PORTCLASH_DEBIAN_MIRROR to the address of one"
	echo "deb [arch=$arch signed-by=$1] $main $suite main"
	case $suite in
	sid | *-*) ;;
	*) [ -z "$security" ] || echo "deb [arch=$arch signed-by=$1] $security $suite-security main" ;;
	esac
}

# apt with a state of its own: nothing of this machine's is read or changed but its settings.
configure() {
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	: >"$state/status"
	cat >"$state/apt.conf" <<-END
		Dir::Etc::sourcelist "$state/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$state/lists";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		APT::Architecture "$arch";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "2";
	END
}

# The first that apt complained of, without addresses
complaint() { sed -n 's|[a-z+]*://[^ ]*|the mirror|g; s/  */ /g; s/^[EW]: *//p' "$state/log" | head -n 1; }
get() { apt-get -c "$state/apt.conf" -qq "$@"; }
show() { apt-cache -c "$state/apt.conf" show --no-all-versions "$1" 2>/dev/null; }

# update KEYRING: apt's exit status does not tell; that there is a list does
update() {
	sources "$1" >"$state/sources.list"
	get update >"$state/log" 2>&1 || true
	ls "$state"/lists/*_Packages* >/dev/null 2>&1
}

# A suite may be signed with a key that is younger than the installed keyring; the keyring
# of a suite that can be verified has it.
newer_keyring() {
	suite=trixie
	update "$KEYRING" || return 1
	(cd "$state" && get download debian-archive-keyring) >>"$state/log" 2>&1 || return 1
	dpkg-deb -x "$state"/debian-archive-keyring_*.deb "$state/keyring"
	suite=${kernel%%/*}
	update "$state/keyring$KEYRING"
}

look_up() {
	[ -e "$KEYRING" ] || fail "no $KEYRING; install the package debian-archive-keyring"
	update "$KEYRING" && return
	! grep -qE 'NO_PUBKEY|Missing key|not signed' "$state/log" || ! newer_keyring || return 0
	fail "its package lists cannot be downloaded: $(complaint)"
}

choose() {
	flavour=cloud-$arch
	[ "$version" != 16k ] || flavour=$arch-16k version=
	image=$(show "linux-image-$flavour" | grep -o 'linux-image-[0-9][^ ]*' | head -n 1)
	[ -z "$version" ] || image=$(apt-cache -c "$state/apt.conf" pkgnames "linux-image-$version" |
		grep -E -e "^linux-image-${version}([.+-].*[0-9])?-cloud-$arch\$" | sort -V | tail -n 1)
	[ -n "$image" ] || fail "the suite has no kernel ${version:-$flavour}"
}

# The image is in one package with its modules up to 6.18, in several later.
download() {
	parts=$(show "$image" | grep '^Depends:' | grep -oE 'linux-(binary|modules)-[0-9][^ ]*') || true
	for package in $image $parts; do
		(cd "$state" && get download "$package") >>"$state/log" 2>&1 ||
			fail "$package cannot be downloaded: $(complaint)"
		dpkg-deb -x "$state/${package}"_*.deb "$state/root"
		rm "$state/${package}"_*.deb
	done
	show "$image" | sed -n 's/^Version: /'"$image"' /p' >"$state/package"
}

# A guest of another architecture cannot run this machine's busybox. Mirrors drop packages of old
# suites.
download_busybox() {
	[ "$arch" != "$(dpkg --print-architecture)" ] || return 0
	(cd "$state" && get download busybox-static) >>"$state/log" 2>&1 || {
		suite=trixie
		update "$KEYRING" && (cd "$state" && get download busybox-static) >>"$state/log" 2>&1
	} || fail "busybox-static for $arch cannot be downloaded: $(complaint)"
	dpkg-deb -x "$state"/busybox-static_*.deb "$state/busybox"
	cp "$(find "$state/busybox" -name busybox -type f -path '*bin/*' | head -n 1)" "$state/new/"
}

# Unpack what a guest needs of the kernel, into the folder `new`.
take() {
	mkdir -p "$state/new/modules"
	vmlinuz=$(find "$state/root" -name 'vmlinuz*' -type f | head -n 1)
	[ -n "$vmlinuz" ] || fail "no kernel image is in $image"
	cp "$vmlinuz" "$state/new/vmlinuz"
	for module in $MODULES; do
		file=$(find "$state/root" -name "$module.ko*" | head -n 1)
		case $file in
		*.xz) busybox xz -dc "$file" >"$state/new/modules/$module.ko" ;;
		*.ko) cp "$file" "$state/new/modules/" ;;
		*) continue ;;
		esac
		echo "$module" >>"$state/new/modules/order"
	done
	echo "$arch" >"$state/new/arch"
	mv "$state/package" "$state/new/"
}

renew() (
	set -e
	state=$folder.apt
	rm -rf "$state"
	trap 'rm -rf "$state"' EXIT
	configure
	look_up
	choose
	download
	take
	download_busybox
	rm -rf "$folder"
	mv "$state/new" "$folder"
)

kernel=$1
arch=${2:-amd64}
suite=${kernel%%/*}
version=
[ "$suite" = "$kernel" ] || version=${kernel#*/}
folder=${PORTCLASH_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/portclash/kernels}/$(echo "$kernel" | tr / -)
[ "$arch" = amd64 ] || folder=$folder-$arch

if [ -z "$(find "$folder/package" -mtime "-$KEEP_DAYS" 2>/dev/null)" ]; then
	mkdir -p "$(dirname "$folder")"
	set +e # in `renew || …` it would be off in there as well
	renew
	set -e
	[ -e "$folder/package" ] || exit 1
fi
echo "$folder"
