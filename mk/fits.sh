#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# fits.sh ARCHIVE LIMIT [CROSS-PREFIX]: how large is a switch that is linked from
# the library?  Prints the bytes of its code and constants and fails if they are
# more than LIMIT.
set -eu

archive=$1 limit=$2 cross=${3-}
elf=$archive.switch.elf
trap 'rm -f "$elf"' EXIT

# What a platform calls.
roots='vswitch_size vswitch_stats_size vswitch_init vswitch_add_port
	vswitch_set_policy vswitch_run vswitch_arm vswitch_ports
	vswitch_faulted vswitch_due vswitch_ctl'

# shellcheck disable=SC2046,SC2086 # one -u for each
"${cross}ld" --gc-sections --unresolved-symbols=ignore-all -e vswitch_run \
	$(printf ' -u %s' $roots) -o "$elf" "$archive"
bytes=$("${cross}size" -A "$elf" |
	awk '$1 ~ /^\.(text|rodata)/ { sum += $2 } END { print sum }')
echo "  $bytes bytes of code and constants, limit $limit  $archive"
[ "$bytes" -le "$limit" ]
