#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# initrd.sh INIT MODULE OUT: a driver VM's file system: one static program and
# one kernel module, "" for none. The kernel brings /dev/console itself, so no device node is
# needed here, and nobody has to be root.
set -eu
export LC_ALL=C

[ $# = 3 ] || { echo "usage: initrd.sh INIT MODULE OUT" >&2; exit 2; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-initrd.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/root/dev" "$dir/root/proc" "$dir/root/sys"
cp "$1" "$dir/root/init"
[ -z "$2" ] || cp "$2" "$dir/root/weir_shared.ko"
chmod 755 "$dir/root/init"
# The same bytes whoever builds it and whenever.
find "$dir/root" -exec touch -h -d @0 {} +
(cd "$dir/root" && find . | sort |
	cpio -o -H newc -R 0:0 --reproducible --quiet) >"$dir/cpio"
gzip -9n <"$dir/cpio" >"$3"
