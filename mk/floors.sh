#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# floors.sh: does every file include only what is below it?
#
#	cli	examples/echo  client/pd	the command; programs as PDs
#	vmm/linux  vmm/kvm  vmm/microkit	under PDs
#	driver_vm				inside VMs
#	config	client	hostnet			compiler; libweir; interfaces
#	virt	virtio	vswitch			virtualisers; virtqueues; the switch
#	policy					who may send to whom
#	base					what everybody may know
#
# Arrows run down only. Inside vmm/linux a wall stands between what runs with
# privileges (monitor/, control/, ports/*_open.c) and what runs in the sandbox
# (pd/, ports/*.c): nothing in the sandbox includes anything of the monitor's.
# The control socket's code orders work from the monitor's code, which answers
# by callback and does not know control/; only state.h does, which contains its
# state so that monitor.c can start it. In config, check/ and build/ both read
# lang/'s result and do not know each other; compile.c runs the three in turn.
# All other folders see only config.h and system.h. (The compiler checks what
# the ground floor includes in <>.)
set -u

ground='(base|policy|vswitch|virt|virtio)/.*'
shared='vmm/linux/[a-z_]+\.h'
config='config/[a-z]+\.h'
bad=0

# check WHAT-IT-MAY-INCLUDE FILE...: a folder stands for all files in it.
check()
{
	may=$1
	shift
	found=$(find "$@" -name '*.[chly]' -exec grep -HnE \
		'^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} + |
		grep -vE "include[[:space:]]*\"($may)\"")
	[ -n "$found" ] || return 0
	bad=1
	echo "$found"
	echo "  ... but files in $* may include only: $may"
}

check 'base/.*' base
check '(base|policy)/.*' policy
check '(base|vswitch)/.*|policy/policy\.h' vswitch
check '(base|virt)/.*' virt
check '(base|virtio)/.*' virtio
check "$ground|$config|config/lang/.*" config/lang
check "$ground|$config|config/(lang|check)/.*" config/check
check "$ground|$config|config/(lang|build)/.*|config/merge/merge\.h" \
	config/build
check "base/.*|policy/.*|config/lang/arena\.h|config/merge/.*" config/merge
check "$ground|config/.*" config
check '(base|hostnet)/.*' hostnet
check '(base|hostnet|driver_vm)/.*|virt/driver_abi\.h' driver_vm
check '(base|client)/.*|virt/net_client\.h' client/weir* client/attach.h
check "(base|client)/.*|virt/net_client\.h|$shared|vmm/linux/pd/.*" \
	client/pd client/pd.h
check "(base|client|examples/echo|lwip|netif)/.*|$shared|vmm/linux/pd/.*" \
	examples/echo
check "$ground|$config|client/.*|vmm/.*|hostnet/.*" vmm
check "$ground|$config|$shared|vmm/linux/pd/.*|vmm/kvm/.*" vmm/kvm
check "$ground|$config|$shared|vmm/linux/pd/.*" vmm/linux/pd
check "$ground|vmm/microkit/[a-z_]+\.h" vmm/microkit/*.[ch] vmm/microkit/sel4
check "$ground|config/system\.h|vmm/microkit/.*" vmm/microkit/compile
check "(base|virt)/.*|vmm/microkit/client\.h|examples/selftest/.*" \
	examples/selftest
# What both sides of the wall read.
check "$ground|$config|$shared|vmm/linux/pd/pd\.h" vmm/linux/*.h
monitors="$ground|$config|client/.*|hostnet/.*|$shared|vmm/kvm/.*"
monitors="$monitors|vmm/linux/(monitor|pd|ports)/.*"
# shellcheck disable=SC2046 # one word a file
check "$monitors" $(find vmm/linux/monitor -name '*.[ch]' ! -name state.h)
# shellcheck disable=SC2046 # one word a file
check "$ground|$config|client/.*|hostnet/.*|$shared|vmm/linux/(pd|ports)/.*" \
	$(find vmm/linux/ports -name '*.[ch]' ! -name '*_open.*')
exit $bad
