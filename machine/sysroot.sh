#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# sysroot.sh DIR: Debian's packages for arm64, unpacked in DIR: headers and
# libraries to build with, a kernel, and the programs the machine runs.
#
# They come from the repositories this system uses, with its keys and proxies,
# but apt's state is a separate one in DIR.apt: the system's architectures,
# package lists and packages stay as they are. Root is not needed.
#
# DIR appears complete or not at all. If the same version of this script made
# it, it is left alone; remove it to get newer packages.
set -u -o pipefail
export LC_ALL=C

packages=(linux-image-arm64 busybox-static iproute2 ethtool iperf3 tcpdump
	e2fsprogs
	libc6-dev libcap-ng-dev libfdt-dev libjansson-dev libpcap-dev
	libseccomp-dev libxdp-dev libbpf-dev liburing-dev zlib1g-dev)

# What apt should treat as installed: packages that the above need only for
# installation or start, and that nothing links with.
assumed=(adduser debconf dpkg initramfs-tools install-info kmod
	linux-base perl perl-base pkg-config sgml-base systemd xml-core)

die()
{
	printf 'weir: %s\n' "$@" >&2
	exit 1
}

[ $# = 1 ] || die "usage: sysroot.sh DIR"
mkdir -p "$(dirname "$1")" || exit
sysroot=$(realpath -m "$1")
apt=$sysroot.apt
new=$sysroot.new

for tool in apt-get dpkg-deb; do
	command -v $tool >/dev/null ||
		die "$tool is missing: arm64 packages are fetched with Debian's tools"
done

# One at a time in this folder.
mkdir -p "$apt" && exec 9>"$apt/lock" && flock 9 || exit
# What this script decides about the content of DIR.
stamp=$(sha256sum <"${BASH_SOURCE[0]}") || exit
if [ "$(cat "$sysroot/.stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP
rm -rf "$new" "$apt"/{archives,log} &&
	mkdir -p "$new" "$apt"/{lists,archives}/partial "$apt/log" || exit

for name in "${assumed[@]}"; do
	printf '%s\n' "Package: $name" "Status: install ok installed" \
		"Version: 9999:0" "Architecture: arm64" "Multi-Arch: foreign" \
		"Maintainer: nobody" "Description: taken for installed" ""
done >"$apt/status"

# Read after the system's own configuration, whose hooks are for changes of the
# system.
cat >"$apt/apt.conf" <<END
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Log "$apt/log";
END

# get ARGS...: apt-get; its output is kept, and shown if it fails.
get()
{
	apt-get -q -y -c "$apt/apt.conf" "$@" >"$apt/said" 2>&1 </dev/null
}

said()
{
	grep -E '^(E|W|Err)' "$apt/said" || tail -n 20 "$apt/said"
}

echo "  APT     $1"
# A repository that has nothing for arm64, or is unreachable, may not be needed:
# what counts is whether the packages are found afterwards.
get update
grep -E '^(E|W|Err)' "$apt/said" >"$apt/update-said"
if ! get --print-uris install "${packages[@]}"; then
	head -n 10 "$apt/update-said" >&2
	said >&2
	die "apt cannot find Debian's packages for arm64; the lines above say why." \
	    "They are looked for in /etc/apt/sources.list and sources.list.d:" \
	    "is the network there, and do those allow arm64 (no [arch=amd64])?"
fi
if ! get --download-only install "${packages[@]}"; then
	said >&2
	die "apt could not fetch the packages for arm64 (see above);" \
	    "check the network and the space in $(dirname "$sysroot")," \
	    "then try again"
fi

echo "  UNPACK  $1"
for deb in "$apt"/archives/*.deb; do
	dpkg-deb -x "$deb" "$new" || die "cannot unpack $deb"
done
rm -rf "$new"/usr/share/{doc,man,locale}

# An absolute link would point out of the folder.
find "$new" -type l -lname '/*' -printf '%P\t%l\n' |
	while IFS=$'\t' read -r link target; do
		ln -sfnr "$new$target" "$new/$link" || exit
	done || die "cannot repair links in $new"

for file in "$new"/boot/vmlinuz-*; do
	[ -s "$file" ] || die "there is no kernel in the packages for arm64"
	release=${file##*/vmlinuz-}
done
ln -s "vmlinuz-$release" "$new/boot/vmlinuz" &&
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$new" "$release" ||
	die "depmod failed; it is in the package kmod"

(cd "$apt/archives" && ls ./*.deb) >"$new/.packages"
printf '%s\n' "$stamp" >"$new/.stamp"
rm -rf "$sysroot" && mv -T "$new" "$sysroot" || exit
rm -f "$apt"/archives/*.deb
