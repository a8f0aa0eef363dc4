#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Driver VMs that cannot be: each is an error that says what to do, before
# anything is started.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"

# What a boot loader recognises a kernel for x86 by.
mkdir -p add/echo
head -c 65536 /dev/zero >add/echo/bzImage
printf 'MZ' | dd of=add/echo/bzImage conv=notrunc status=none
printf '\x55\xaaXXHdrS' | dd of=add/echo/bzImage bs=1 seek=510 conv=notrunc \
	status=none
echo "no kernel at all" >add/echo/text
: >add/echo/empty
in_machine add

# topology KERNEL INITRD CARD [STATEMENT]
topology()
{
	inside "printf '%s\n' 'switch sw0 {' \
		'	port uplink { driver-vm netvm }' \
		'	port guest { tap \"guest\" }' '}' \
		'allow guest <-> uplink' 'vm netvm {' \
		'	kernel \"$1\"' '	initrd \"$2\"' \
		'	nic pci \"$3\"' '	${4-}' '}' >/echo/bad.conf"
}

# refused WHAT ERE TOPOLOGY...
refused()
{
	local what=$1 want=$2 status
	shift 2

	topology "$@"
	inside timeout 30 weir run /echo/bad.conf >out 2>&1
	status=$?
	is "$what: refused" $status 1
	like "$what: the error says why" "$(cat out)" "$want"
	unlike "$what: nothing ran" "$(cat out)" 'running'
	is "$what: nothing is left" \
		"$(inside 'pidof weir; find /run/weir -type s; ip -o link' 2>&1 |
			grep -vE ': (lo|eth0):|No such file')" ""
}

good=(Image.gz driver.cpio.gz)
card=0000:01:00.0
refused "no kernel" 'no kernel /echo/nowhere' nowhere "${good[1]}" $card
refused "a kernel for x86" 'bzImage is no arm64 kernel' \
	bzImage "${good[1]}" $card
refused "a file that is not a kernel" 'text is no arm64 kernel' \
	text "${good[1]}" $card
refused "no initrd" 'no initrd /echo/nowhere' "${good[0]}" nowhere $card
refused "an empty initrd" 'empty is empty' "${good[0]}" empty $card
refused "a folder for an initrd" 'is no file' "${good[0]}" /bin $card
refused "too little memory" 'memory' "${good[@]}" $card 'memory 4m'
refused "no such card" 'there is no PCI device 0000:00:1f.0' \
	"${good[@]}" 0000:00:1f.0
refused "a card bound to another driver" \
	'is not bound to vfio-pci|is in use by' "${good[@]}" 0000:00:00.0

inside 'mv /dev/kvm /dev/kvm-away'
refused "no KVM" 'no /dev/kvm' "${good[@]}" $card
inside 'mv /dev/kvm-away /dev/kvm'

ok "the card goes to e1000e" inside nic-driver e1000e
refused "the card is an interface" \
	"$card is in use by e1000e \(interface eth0\)" "${good[@]}" $card
ok "the card is unbound" inside "echo $card \
	>/sys/bus/pci/devices/$card/driver/unbind"
refused "the card has no driver" "$card is not bound to vfio-pci" \
	"${good[@]}" $card
ok "the card goes back to VFIO" inside nic-driver vfio-pci

# Somebody else has it: a VFIO group has one owner.
inside 'sh -c "echo \$\$ >/run/owner; exec sleep 1000" \
	3<>/dev/vfio/0 >/dev/null 2>&1 &'
wait_for 10 inside test -s /run/owner
refused "the card has an owner" '/dev/vfio/0.*in use by another process' \
	"${good[@]}" $card
ok "the owner goes" inside 'kill -KILL $(cat /run/owner)'

topology "${good[@]}" $card
weir_inside /echo/bad.conf
ok "with everything in order it starts" wait_for 120 vm_is state ready
ok "it ends when told to" inside weir stop
finish
