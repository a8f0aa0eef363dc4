#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# disk.conf with a guest of stock QEMU, Debian's kernel in it. It needs no KVM.
# Everything is private to this script and gone when it ends.
#
#	WEIR=PATH VM_DIR=FOLDER examples/qemu-disk/run.sh
. "$(dirname "$0")/../lib.sh"
. "$_root/machine/lib.sh"
. "$_root/machine/vm.sh"
export VM_DIR=${VM_DIR:-$_root/build/vm}
export MACHINE_TIMEOUT=60

! why=$(vm_missing) || _die "$why"
echo "A virtual machine of stock QEMU with a disk of Weir's, by vhost-user."
begin disk.conf

started()
{
	outcome vm_ready guest
	tail -q -n 5 guest.vm/*.log >&2
}
step "a guest starts"
vm_start guest - disk=/run/example/data.sock
check "the guest starts" yes started
check "it sees a disk of 64 MiB" 131072 vm guest "cat /sys/block/vda/size"
in_guest()
{
	outcome vm guest "$@"
}
check "it makes a file system" yes in_guest \
	"mkfs.ext4 -q /dev/vda && mkdir /mnt && mount -o discard /dev/vda /mnt"

step "it writes, while the disk's process is killed"
pid_of_disk()
{
	"$WEIR" show -j system | jq -r '.pds[] | select(.name == "data").pid'
}
old=$(pid_of_disk)
vm guest "(for n in 1 2 3 4 5 6 7 8; do
	dd if=/dev/urandom of=/mnt/\$n bs=64k count=32 conv=fsync; done;
	touch /tmp/done) >/tmp/dd.log 2>&1 &" >/dev/null
until_ok 20 vm guest "test -s /mnt/2"
kill -KILL "$old"
check "all is written" yes outcome until_ok 30 vm guest "test -e /tmp/done"
check "by another process than at first" yes outcome \
	test "$(pid_of_disk)" != "$old"
sums()
{
	vm guest "cd /mnt && sha256sum [1-8]"
}
sums >before

step "the guest is killed, and starts again"
vm_kill guest
until_ok 10 grep -q "data: .*the peer has closed" weir.log
vm_start guest - disk=/run/example/data.sock
check "the guest starts" yes started
check "it finds the file system" yes in_guest \
	"mkdir /mnt && mount -o discard /dev/vda /mnt"
sums >after
check "and all that was written" yes outcome cmp before after

step "it removes what it has written"
blocks()
{
	stat -c %b data.img
}
had=$(blocks)
vm guest "rm /mnt/[1-8]; sync; fstrim /mnt" >/dev/null
shrunk()
{
	[ "$(blocks)" -lt $((had / 2)) ]
}
check "which leaves holes in the file" yes outcome until_ok 10 shrunk

step "weir show disks"
"$WEIR" show disks | aligned
vm_kill guest
verdict
