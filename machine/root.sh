#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# root.sh SYSROOT BUILD OUT [FILE=TARGET...]: the machine's root file system, an
# initramfs, in OUT: busybox, weir, the examples and loads from BUILD, further
# files, the libraries that these need, kernel modules and the files in root/.
set -eu -o pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

sysroot=$1 build=$2 out=$3
shift 3
root=$out.root
trap 'rm -rf "$root" "$out.new"' EXIT
trap 'exit 130' INT TERM HUP

# For VFIO, the channels to the outside, weir's ports, and comparisons.
modules=(vfio-pci vfio_iommu_type1 virtio_mmio virtio_console tun veth bridge
	8021q e1000e)
programs=(bin/busybox bin/ip sbin/bridge sbin/tc sbin/ethtool usr/bin/iperf3
	usr/bin/tcpdump)

. "$here/programs.sh"
rm -rf "$root"
mkdir -p "$root"/{bin,lib,etc,proc,sys,dev,run,tmp,root}
cp -R "$here/root/." "$root"
chmod -R a+rX "$root"
for name in "${programs[@]}"; do
	program "$sysroot/$name" "/bin/${name##*/}"
done
loader
program "$build/weir" /bin/weir
for name in "$build"/{examples,bench}/*; do
	[ ! -f "$name" ] || program "$name" "/examples/${name##*/}"
done
for pair; do
	program "${pair%%=*}" "${pair#*=}"
done

. "$here/modules.sh"
copy_modules "$sysroot" "$root" "${modules[@]}"

(cd "$root" && find . -mindepth 1 | sort | cpio -o -H newc -R 0:0 --quiet) \
	>"$out.new"
mv "$out.new" "$out"
