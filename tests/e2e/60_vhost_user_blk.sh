#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Disks in files of the host, of a guest of stock QEMU without KVM: a file
# system, both sides killed while it is written to, a disk that is read-only,
# discarded blocks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$_repo/machine/lib.sh"
. "$_repo/machine/vm.sh"
export VM_DIR=${VM_DIR:-$_repo/build/vm} PATH=$PATH:/sbin:/usr/sbin

! why=$(vm_missing) || skip_all "$why"
command -v debugfs >/dev/null || skip_all "e2fsprogs is not installed"
trap '[ -n "$_ended" ] && [ "$_failed" = 0 ] ||
	tail -q -n 20 "$W"/*.vm/*.log | sed "s/^/# log: /"; _on_exit' EXIT

head -c 1M /dev/urandom >ro.img
weir_start - <<END
disk data { file "$W/data.img"; size 96m; sparse; vhost-user "$W/data.sock"; mode 0600 }
disk ro { file "$W/ro.img"; read-only; vhost-user "$W/ro.sock" }
END
is "a file that is missing is made, all of it a hole" \
	"$(stat -c '%s %b' data.img)" "$((96 << 20)) 0"
is "the socket has the mode it is given" "$(stat -c %a data.sock)" 600

pid_of()
{
	"$WEIR" show -j system | jq -r --arg name "$1" \
		'.pds[] | select(.name == $name).pid'
}
begin()
{
	vm_start guest - "disk=$W/data.sock" "disk=$W/ro.sock" &&
		vm_ready guest
}
blocks()
{
	stat -c %b data.img
}

ok "a guest with two disks starts" begin
is "it reads their sizes" \
	"$(vm guest "cat /sys/block/vd[ab]/size" | xargs)" "196608 2048"
is "and the names" "$(vm guest "cat /sys/block/vda/serial")" data
is "it sees that one is read-only" "$(vm guest "cat /sys/block/vd[ab]/ro" |
	xargs)" "0 1"
is "it reads what is in the file" \
	"$(vm guest "sha256sum </dev/vdb" | cut -d ' ' -f 1)" \
	"$(sha256sum <ro.img | cut -d ' ' -f 1)"
nok "it cannot write there" vm guest \
	"blockdev --setrw /dev/vdb; dd if=/dev/zero of=/dev/vdb count=1 conv=fsync"

ok "ext4 is made and mounted" vm guest "mkfs.ext4 -q /dev/vda &&
	mkdir /mnt && mount -o discard /dev/vda /mnt"

# What the guest writes until it is killed. Once a file is on the disk, its sum
# is said on the console.
write_on()
{
	vm guest "n=$1; while dd if=/dev/urandom of=/mnt/\$n bs=4k count=64 \
		conv=fsync 2>/dev/null; do
		echo \"synced \$n \$(sha256sum </mnt/\$n)\" >/dev/console
		n=\$((n + 1)); [ \$n -lt $2 ] || break
	done >/dev/null 2>&1 &"
}
synced()
{
	sed -n 's/^.*synced \([0-9]*\) \([0-9a-f]\{64\}\) .*$/\1 \2/p' \
		guest.vm/console.log
}
synced_at_least()
{
	[ "$(synced | wc -l)" -ge "$1" ]
}
# in_guest FILE..., in_file FILE...: the sums, as the guest reads them from the
# disk, as they are in the file of a guest that is gone.
in_guest()
{
	vm guest "sync; echo 3 >/proc/sys/vm/drop_caches
		for n in $*; do set -- \$(sha256sum </mnt/\$n); echo \$n \$1; done"
}
in_file()
{
	local n

	for n; do
		echo "$n $(debugfs -R "cat /$n" data.img 2>/dev/null |
			sha256sum | cut -d ' ' -f 1)"
	done
}

# --- the disk's process is killed ------------------------------------------

write_on 100 130
old=
for round in 1 2 3; do
	wait_for 30 synced_at_least $((round * 6))
	old=$(pid_of data)
	kill -KILL "$old"
	again()
	{
		local new
		new=$(pid_of data)
		[ -n "$new" ] && [ "$new" != null ] && [ "$new" != "$old" ]
	}
	ok "the disk's process is killed while it is written to ($round)" \
		wait_for 10 again
done
ok "the guest writes on" wait_for 60 synced_at_least 30
# shellcheck disable=SC2046 # one word a file
is "all of it is on the disk" "$(in_guest $(synced | cut -d ' ' -f 1))" \
	"$(synced)"
nok "the guest has seen no error" grep -E "I/O error|EXT4-fs error" \
	guest.vm/console.log

# --- what is discarded ------------------------------------------------------

had=$(blocks)
vm guest "rm /mnt/1*; sync; fstrim /mnt" >/dev/null
shrunk()
{
	[ "$(blocks)" -lt $((had - 2000)) ]
}
ok "what is removed in the guest becomes a hole in the file" wait_for 10 shrunk

# --- the guest is killed ----------------------------------------------------

: >guest.vm/console.log
write_on 200 900
ok "a guest writes" wait_for 30 synced_at_least 8
vm_kill guest
synced >before
ok "it is killed while it does, and the file system is sound" \
	sh -c "e2fsck -fy data.img >fsck.log 2>&1; [ \$? -le 1 ]"
# shellcheck disable=SC2046 # one word a file
is "all that was synced is in the file" \
	"$(in_file $(cut -d ' ' -f 1 before))" "$(cat before)"
ok "the next guest starts" begin
ok "and mounts it" vm guest "mkdir /mnt && mount /dev/vda /mnt"
# shellcheck disable=SC2046 # one word a file
is "and finds all of it" "$(in_guest $(cut -d ' ' -f 1 before))" \
	"$(cat before)"
vm_kill guest

# --- who else may have the file ---------------------------------------------

cat >second.conf <<END
disk other { file "$W/data.img"; vhost-user "$W/other.sock" }
END
refused()
{
	! "$WEIR" run "$1.conf" >"$1.log" 2>&1
}
ok "a second instance does not get a file that is used" refused second
like "it says so" "$(cat second.log)" "is used by another process"
cat >fifo.conf <<END
disk other { file "$W/pipe"; size 1m; vhost-user "$W/other.sock" }
END
mkfifo pipe
ok "a FIFO is no disk, and is not waited for" refused fifo
like "it says so, too" "$(cat fifo.log)" "pipe"
finish
