#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# kernel_sizes.sh DIR: are driver VMs' kernels as small as docs/driver-vm.md says?
# A setting that pulls in a subsystem is noticed here. Says what the sizes are.
set -u
status=0

# small FILE OCTETS
small()
{
	size=$(stat -c %s "$1") || { status=1; return; }
	printf '%-24s %8d of %8d bytes\n' "${1#"$dir"/}" "$size" "$2"
	[ "$size" -le "$2" ] || {
		echo "$1 is larger than it may be" >&2
		status=1
	}
}

dir=$1
mib=$((1024 * 1024))
small "$dir/pci/Image" $((5 * mib))
small "$dir/pci/Image.gz" $((19 * mib / 8))
small "$dir/odroidc4/Image" $((5 * mib))
small "$dir/odroidc4/Image.gz" $((9 * mib / 4))
exit $status
