#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lwip.sh DIR: fetch the sources of lwIP, the TCP/IP stack, into DIR, unless
# they are there.
#
# They come from Debian's source package, because Debian's library has threads
# and no DHCP. Debian's patches are left out: they concern sockets, threads and
# PPP, which are not used here. apt-get fetches it and checks the archive's
# signature, with lists and caches of its own: this machine's apt is not changed
# and no privileges are needed. The mirror is the one this machine uses.
set -u
export LC_ALL=C

to=$(readlink -m "$1") || exit
keep=$to/.complete
[ ! -e "$keep" ] || exit 0

die()
{
	echo "weir: $*" >&2
	exit 1
}

command -v apt-get >/dev/null || die \
	"lwIP is fetched from Debian, and there is no apt-get here. Put lwIP 2.1" \
	"or newer into $to yourself (so that there is $to/src), then: touch $keep"
command -v xz >/dev/null ||
	die "lwIP comes packed with xz, which is not here: install xz-utils"

mkdir -p "$(dirname "$to")" || exit
work=$(mktemp -d "$to.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" \
	"$work/unpacked"
: >"$work/status"

# This machine's Debian release and mirrors.
# shellcheck disable=SC1091
suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' |
	awk -v suite="$suite" '$1 ~ /^(https?|mirror|file|copy):/ &&
		$2 == suite && $3 == "main" { print $1; exit }')

# fetch MIRROR SUITE: download and unpack; 1 if it is not available there.
fetch()
{
	key=
	for ring in /usr/share/keyrings/debian-archive-keyring.*; do
		[ ! -e "$ring" ] || key="[signed-by=$ring]"
	done
	echo "deb-src $key $1 $2 main" >"$work/sources.list"
	set -- -q -o Dir::State="$work/state" \
		-o Dir::State::status="$work/status" \
		-o Dir::Cache="$work/cache" \
		-o Dir::Etc::sourcelist="$work/sources.list" \
		-o Dir::Etc::sourceparts=/nonexistent \
		-o APT::Sandbox::User=
	(cd "$work" && apt-get "$@" --error-on=any update &&
		apt-get "$@" --download-only source lwip) >"$work/log" 2>&1 &&
		set -- "$work"/lwip_*.orig.tar.* && [ -e "$1" ] &&
		tar -xf "$1" -C "$work/unpacked" --strip-components=1 \
			2>>"$work/log"
}

echo "weir: fetching the sources of lwIP"
{ [ -n "$mirror" ] && fetch "$mirror" "$suite"; } ||
	fetch http://deb.debian.org/debian bookworm || {
	cat "$work/log" >&2
	die "cannot fetch Debian's source package lwip (see above): check the" \
		"network and /etc/apt/sources.list, then try again."
}
[ -e "$work/unpacked/src/core/ipv4/dhcp.c" ] ||
	die "Debian's source package lwip is not what it used to be"
touch "$work/unpacked/.complete"

# In one step; another process may have been quicker.
rm -rf "$to.old"
mv -T "$work/unpacked" "$to" 2>/dev/null || [ -e "$keep" ] || {
	mv -T "$to" "$to.old" && mv -T "$work/unpacked" "$to" &&
		rm -rf "$to.old"
}
