# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# copy_modules SYSROOT ROOT NAME...: kernel modules, and what they need, from
# the one file system into the other. To be sourced.
#
# modules.dep says what a module needs; depmod then makes one for these only.
copy_modules()
{
	local sysroot=$1 root=$2 kernel dir name file
	shift 2

	kernel=$(readlink "$sysroot/boot/vmlinuz")
	dir=lib/modules/${kernel#vmlinuz-}
	for name; do
		grep -E "/${name//[-_]/[-_]}\.ko:" \
			"$sysroot/$dir/modules.dep" || {
			echo "weir: the kernel has no module $name" >&2
			exit 1
		}
	done | tr -d : | tr ' ' '\n' | sort -u | while read -r file; do
		install -D -m 644 "$sysroot/$dir/$file" "$root/$dir/$file"
	done
	cp "$sysroot/$dir"/modules.{builtin,builtin.modinfo,order} "$root/$dir"
	depmod -b "$root" "${kernel#vmlinuz-}"
}
