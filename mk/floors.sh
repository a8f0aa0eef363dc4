#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# floors.sh: does every file include only what is below it?
#
#	cli	client/pd, client/echo		the command; programs that are PDs
#	vmm	driver_vm			what PDs run on, what runs in VMs
#	config		client			the compiler; the client's side
#	vswitch policy virt			the ground floor
#
# A folder may include itself and what stands below it in this picture, with two
# tighter rules on the ground: the switch asks the policy through its one public
# header, and policy and virtualisers know frames, queues and links but not the
# switch. (What the ground floor may include in <> the compiler sees to.)
set -u

ground='vswitch/.*|policy/.*|virt/.*'
bad=0

# check FOLDER WHAT-IT-MAY-INCLUDE [FILES-LEFT-OUT]
check()
{
	[ -d "$1" ] || return
	found=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' \
		--include='*.[chly]' "$1" | grep -v "${3:-^$}" |
		grep -vE "include[[:space:]]*\"($1/.*|$2)\"")
	[ -n "$found" ] || return
	bad=1
	echo "$found"
	echo "  ... but files in $1/ may include $1/ and only: $2"
}

check vswitch 'policy/(policy|packet)\.h'
check policy 'vswitch/(queue|frame|link|reason|mem|bits|errno)\.h'
check virt 'vswitch/(queue|frame|link|reason|mem)\.h'
check client 'vswitch/.*' '^client/\(pd\|echo\)[./]'
check client/pd 'vswitch/.*|client/.*|vmm/linux/.*'
check client/echo 'vswitch/.*|client/.*|vmm/linux/.*|lwip/.*|netif/.*'
check config "$ground"
check vmm "$ground|config/.*|client/.*|driver_vm/abi\.h"
check driver_vm "vswitch/(queue|frame|link)\.h|vmm/linux/ports/.*"
check cli "$ground|config/.*|client/.*|vmm/.*|driver_vm/abi\.h"
exit $bad
