#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# two-switches.conf in an arm64 machine that QEMU emulates: Linux VMs on both of
# two chained switches. Takes about two minutes and leaves nothing behind.
#
#	[KEEP=1] examples/two-switches/run.sh
#
# KEEP=1 gives a shell in the machine before it is turned off.
here=$(cd "$(dirname "$0")" && pwd) || exit
. "$here/../vms.sh"

clients=(ann=10.0.3.1=02:00:00:00:01:01 bea=10.0.3.2=02:00:00:00:01:02
	cal=10.0.3.3=02:00:00:00:01:03 dan=10.0.3.4=02:00:00:00:01:04)

vms_begin two-switches.conf "Virtual machines on two chained switches."
vms_ready ann bea cal dan

step "who reaches whom; those that are refused know the other's address"
matrix 'ann-bea cal-dan ann-cal' "${clients[@]}"

step "which rules decide"
check "weir trace ann dst=cal" "deliver none" traced ann dst=02:00:00:00:01:03
check "weir trace bea dst=cal" "drop not_allowed" \
	traced bea dst=02:00:00:00:01:03
vms_show
vms_end
