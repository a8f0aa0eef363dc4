#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# block.conf in an arm64 machine that QEMU emulates, with an NVMe disk: two Linux
# VMs on partitions of it, behind a driver VM, and one whose disk is a file. Each
# makes a file system and writes to it; the driver VM is killed while they do,
# and a VM. Takes about three minutes and leaves nothing behind.
#
#	[KEEP=1] examples/block/run.sh
#
# KEEP=1 gives a shell in the machine before it is turned off.
here=$(cd "$(dirname "$0")" && pwd) || exit
. "$here/../vms.sh"

# The disk, in sectors: where the partitions are, and all of it.
first=(2048 36864) size=(32768 32768) sectors=71680

# le32 NUMBER: its bytes, for printf.
le32()
{
	printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# fill FIRST COUNT: sectors with a pattern.
fill()
{
	head -c $(($2 * 512)) /dev/zero | tr '\0' z |
		dd of=disk bs=512 seek="$1" conv=notrunc status=none
}
# What is in front of the partitions, between them and behind them is z.
make_disk()
{
	local table='' i

	fill 0 $sectors
	for i in 0 1; do
		dd if=/dev/zero of=disk bs=512 seek="${first[i]}" \
			count="${size[i]}" conv=notrunc status=none
		table+='\x00\xff\xff\xff\x83\xff\xff\xff'
		table+=$(le32 "${first[i]}")$(le32 "${size[i]}")
	done
	# shellcheck disable=SC2059 # the format is the data
	{ head -c 446 /dev/zero; printf "$table"; head -c 32 /dev/zero
		printf '\x55\xaa'; } | dd of=disk conv=notrunc status=none
}
# others: bytes outside of the partitions that are not z any more.
others()
{
	local behind=$((first[0] + size[0])) end=$((first[1] + size[1]))

	{ dd if=disk bs=512 skip=1 count=$((first[0] - 1)) status=none
		dd if=disk bs=512 skip="$behind" count=$((first[1] - behind)) \
			status=none
		dd if=disk bs=512 skip="$end" count=$((sectors - end)) status=none
	} | tr -d z | wc -c
}

make_disk || exit
MACHINE_QEMU="-device pcie-root-port,id=port1,addr=4,chassis=2 \
-drive if=none,id=disk0,format=raw,file=$PWD/disk \
-device nvme,drive=disk0,serial=W1,bus=port1"
export MACHINE_QEMU
# The disk's controller is for a driver VM.
vms_prepare()
{
	inside 'dev=/sys/bus/pci/devices/0000:02:00.0
		echo vfio-pci >$dev/driver_override
		echo 0000:02:00.0 >/sys/bus/pci/drivers_probe'
}

vms_begin block.conf "Three virtual machines with disks, and a driver VM."
vms_ready alice bob carol

# pid PD: of its process.
pid()
{
	inside weir show -j system |
		jq --arg pd "$1" '.pds[] | select(.name == $pd).pid'
}
# sectors VM: as many its disk has.
sectors()
{
	guest "$1" "cat /sys/block/vda/size"
}
# written VM: bytes.
written()
{
	inside weir show -j disks |
		jq ".[] | select(.vm == \"$1\").written_bytes"
}
writes_on()
{
	[ "$(written "$1")" -gt "$2" ]
}
mounted()
{
	guest "$1" "mount -t ext4 /dev/vda /mnt && echo mounted"
}
# sums VM: of all it has written.
sums()
{
	guest "$1" "md5sum /mnt/file* | md5sum"
}
driver()
{
	inside weir show -j vms |
		jq -r ".[] | select(.vm == \"storevm\").$1"
}
again()
{
	[ "$(driver state)" = ready ] && [ "$(driver restarts)" -gt "$restarts" ]
}

step "each VM has a disk"
check "alice's has the size of partition 1" "${size[0]}" sectors alice
check "bob's that of partition 2" "${size[1]}" sectors bob
check "carol's that of her file" 131072 sectors carol
for name in alice bob carol; do
	check "$name makes a file system" made guest $name \
		"mkfs.ext4 -q /dev/vda && echo made"
	check "and mounts it" mounted mounted $name
	guest $name "for i in 1 2 3 4; do dd if=/dev/urandom of=/mnt/file\$i \
		bs=64k count=16 conv=fsync; done" >/dev/null 2>&1
done
declare -A sum
for name in alice bob carol; do
	sum[$name]=$(sums $name | tail -n 1)
done

step "the driver VM is killed while bob writes"
guest bob "{ dd if=/dev/urandom of=/mnt/big bs=64k count=96 conv=fsync &&
	echo finished >/mnt/over; } >/dev/null 2>&1 & true"
check "bob writes" yes outcome until_ok 60 writes_on bob "$(written bob)"
restarts=$(driver restarts)
inside kill -KILL "$(pid storevm)"
check "the driver VM comes back" yes outcome until_ok 120 again
check "bob gets to the end" finished eval \
	'until_ok 120 guest bob "cat /mnt/over | grep finished"; guest bob \
	"cat /mnt/over"'
check "bob saw no error" 0 guest bob "dmesg | grep -c \"I/O error\""

step "alice is killed"
inside kill -KILL "$(pid alice)"
check "alice has started again" yes outcome until_ok 120 _readies alice 2
check "and mounts her disk" mounted mounted alice
for name in alice bob carol; do
	guest $name "echo 3 >/proc/sys/vm/drop_caches" >/dev/null
	check "$name has what $name wrote" "${sum[$name]}" sums $name
done
for name in alice bob carol; do
	guest $name "umount /mnt" >/dev/null
	check "$name's file system is whole" whole guest $name \
		"e2fsck -fn /dev/vda >/dev/null 2>&1 && echo whole"
done
check "bytes changed outside of the partitions" 0 others
step "weir show disks"
inside 'weir show --table disks' | sed 's/^/   /'
vms_end
