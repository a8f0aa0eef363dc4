#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# freestanding.sh ARCHIVE [CROSS-PREFIX]: is the library freestanding? Its only
# undefined symbols may be the four memory functions that a freestanding
# compiler relies on. It may have no writable data: all state is in structures
# that the caller owns. (A constant table of pointers is in .data.rel.ro,
# written once by the loader.)
set -eu

archive=$1
cross=${2-}
whole=$archive.whole.o
trap 'rm -f "$whole"' EXIT

"${cross}ld" -r --whole-archive "$archive" -o "$whole"

undefined=$("${cross}nm" -u "$whole" | awk '{ print $2 }' |
	grep -vxE 'memcpy|memset|memmove|memcmp|_GLOBAL_OFFSET_TABLE_' || true)
writable=$("${cross}nm" -f sysv "$whole" | awk -F'|' '
	$3 ~ /^ *[bBdDC] *$/ && $NF !~ /^\.data\.rel\.ro/ { print $1 }' |
	tr -d ' ')

if [ -n "$undefined" ]; then
	echo "$archive needs what a bare system does not have: $undefined" >&2
fi
if [ -n "$writable" ]; then
	echo "$archive keeps writable globals: $writable" >&2
fi
[ -z "$undefined$writable" ]
