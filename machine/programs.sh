# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Programs for a root file system, with the libraries they need. To be sourced
# where $sysroot and $root are set, the packages for arm64 and what is made.
#
#	program FILE TARGET	copy it
#	loader			what starts programs with libraries
# shellcheck disable=SC2154 # they are the caller's

# library NAME: where it is in the sysroot.
library()
{
	local dir

	for dir in {,usr/}lib/aarch64-linux-gnu lib; do
		[ ! -e "$sysroot/$dir/$1" ] || {
			echo "$sysroot/$dir/$1"
			return
		}
	done
	echo "weir: $1 is not among the packages for arm64" >&2
	return 1
}

needed()
{
	readelf -d "$1" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# with_libraries FILE: copy the libraries it needs, directly or not, to /lib.
with_libraries()
{
	local name path

	for name in $(needed "$1"); do
		[ ! -e "$root/lib/$name" ] || continue
		path=$(library "$name")
		install -m 755 "$path" "$root/lib/$name"
		with_libraries "$path"
	done
}

# program FILE TARGET
program()
{
	install -D -m 755 "$1" "$root$2"
	with_libraries "$1"
}

loader()
{
	install "$(library ld-linux-aarch64.so.1)" \
		"$root/lib/ld-linux-aarch64.so.1"
}
