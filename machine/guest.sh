#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# guest.sh SYSROOT OUT: the file system of client VMs in the machine, an
# initramfs for the kernel of SYSROOT: busybox, the tools of ext4, the drivers of
# virtio devices and the files in guest/.
set -eu -o pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

sysroot=$1 out=$2
root=$out.root
trap 'rm -rf "$root" "$out.new"' EXIT
trap 'exit 130' INT TERM HUP

modules=(virtio_mmio virtio_console virtio-rng virtio_net virtio_blk ext4
	crc32c_generic)

rm -rf "$root"
mkdir -p "$root"/{bin,lib,dev,proc,sys,tmp,mnt}
cp -R "$here/guest/." "$root"
chmod -R a+rX "$root"
install -m 755 "$sysroot/bin/busybox" "$root/bin/busybox"
. "$here/programs.sh"
# By these names: busybox has a mke2fs of its own.
for name in mkfs.ext4=mke2fs e2fsck=e2fsck; do
	program "$sysroot/sbin/${name#*=}" "/bin/${name%=*}"
done
loader
# As in root.sh.
. "$here/modules.sh"
copy_modules "$sysroot" "$root" "${modules[@]}"
(cd "$root" && find . -mindepth 1 | sort | cpio -o -H newc -R 0:0 --quiet) |
	gzip -9n >"$out.new"
mv "$out.new" "$out"
