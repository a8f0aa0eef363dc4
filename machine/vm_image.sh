#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# vm_image.sh DIR: what a guest of stock QEMU is started from: DIR/vmlinuz,
# Debian's kernel for virtual machines, and DIR/root.cpio, an initramfs of
# busybox, iperf3, mkfs.ext4, e2fsck and the drivers of virtio devices
# (vm/init).
#
# The kernel and a static busybox are fetched as packages and unpacked; the
# system stays as it is, and root is not needed.  DIR appears complete or not at
# all.  If the same version of this script made it, it is left alone; remove it
# to get newer packages.
set -u -o pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

die()
{
	printf 'weir: %s\n' "$@" >&2
	exit 1
}

[ $# = 1 ] || die "usage: vm_image.sh DIR"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit
# Elsewhere there are none, and whoever wants one says so (vm.sh).
[ "$(uname -m)" = x86_64 ] || exit 0
for tool in apt-get dpkg-deb cpio depmod; do
	command -v $tool >/dev/null || die "$tool is missing; 'make run' gets it"
done

mkdir -p "$(dirname "$1")" || exit
out=$(realpath -m "$1")
new=$out.new root=$out.new/root
# One at a time.
exec 9>"$out.lock" && flock 9 || exit
stamp=$(cat "${BASH_SOURCE[0]}" "$here/vm/init" "$here/root/bin/agent" |
	sha256sum) || exit
[ "$(cat "$out/.stamp" 2>/dev/null)" != "$stamp" ] || exit 0
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP
rm -rf "$new" && mkdir -p "$new/debs" "$new/tree" "$root"/{bin,lib64} || exit

echo "  APT     $1"
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
	sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p')
(cd "$new/debs" && apt-get -q -o APT::Sandbox::User=root download \
	"${kernel:-linux-image-cloud-amd64}" busybox-static) \
	>"$new/said" 2>&1 </dev/null || {
	tail -n 5 "$new/said" >&2
	die "apt cannot fetch Debian's kernel (see above): is the network there?" \
		"'apt-get update' may help, and this needs a Debian system"
}
for deb in "$new"/debs/*.deb; do
	dpkg-deb -x "$deb" "$new/tree" || die "cannot unpack $deb"
done
for file in "$new"/tree/boot/vmlinuz-*; do
	[ -s "$file" ] || die "there is no kernel in the packages"
	release=${file##*/vmlinuz-}
done
mv "$file" "$new/vmlinuz" && depmod -b "$new/tree" "$release" || exit

# with_libraries FILE: a program of this system, and all it is linked with.
with_libraries()
{
	local lib

	install -D "$1" "$root$1" && ln -s "$1" "$root/bin/" || return
	ldd "$1" | grep -oE '/[^ ]+' | sort -u | while read -r lib; do
		install -D "$lib" "$root$lib" || return
	done
}

echo "  CPIO    $1"
mkdir -p "$root"/{proc,sys,dev,run,tmp,root}
install "$new/tree/bin/busybox" "$here/root/bin/agent" "$root/bin" &&
	install "$here/vm/init" "$root/init" || exit
install "$here/../examples/home/lease.sh" "$root/bin/lease" || exit
for tool in iperf3 mkfs.ext4 e2fsck; do
	file=$(command -v $tool) || die "$tool is missing; 'make run' gets it"
	with_libraries "$file" || die "cannot copy $file"
done
install -D -m 644 /etc/mke2fs.conf "$root/etc/mke2fs.conf" || exit
dir=lib/modules/$release
for name in virtio_pci virtio_console virtio_net virtio_blk; do
	grep -E "/$name\.ko:" "$new/tree/$dir/modules.dep" ||
		die "the kernel has no module $name"
done | tr -d : | tr ' ' '\n' | sort -u | while read -r file; do
	install -D -m 644 "$new/tree/$dir/$file" "$root/$dir/$file" || exit
done
cp "$new/tree/$dir"/modules.{builtin,builtin.modinfo,order} "$root/$dir" &&
	depmod -b "$root" "$release" || exit
(cd "$root" && find . -mindepth 1 | sort |
	cpio -o -H newc -R 0:0 --quiet) >"$new/root.cpio" || exit

rm -rf "$new"/{debs,tree,root,said} && printf '%s\n' "$stamp" >"$new/.stamp" &&
	rm -rf "$out" && mv -T "$new" "$out"
