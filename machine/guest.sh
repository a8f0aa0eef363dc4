#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# guest.sh SYSROOT OUT: the file system of client VMs in the machine, an
# initramfs for the kernel of SYSROOT: busybox, the drivers of virtio devices
# and the files in guest/.
set -eu -o pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

sysroot=$1 out=$2
root=$out.root
trap 'rm -rf "$root" "$out.new"' EXIT
trap 'exit 130' INT TERM HUP

modules=(virtio_mmio virtio_console virtio-rng virtio_net)

rm -rf "$root"
mkdir -p "$root"/{bin,dev,proc,sys,tmp}
cp -R "$here/guest/." "$root"
chmod -R a+rX "$root"
install -m 755 "$sysroot/bin/busybox" "$root/bin/busybox"
# As in root.sh.
. "$here/modules.sh"
copy_modules "$sysroot" "$root" "${modules[@]}"
(cd "$root" && find . -mindepth 1 | sort | cpio -o -H newc -R 0:0 --quiet) |
	gzip -9n >"$out.new"
mv "$out.new" "$out"
