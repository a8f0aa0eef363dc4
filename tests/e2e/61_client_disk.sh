#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A client VM's disks in the emulated machine: a file system on one is what was
# written to it, whoever is killed: the guest, or the process that serves the
# disk; one that is read-only is not changed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"
. "$_repo/machine/guests.sh"
export MACHINE_MEMORY=1024
# More by hand: each takes a minute and a half.
: "${DEATHS:=1}"

cat >disk.conf <<'END'
switch sw0 {
	port bob  { vm bob }
	port host { tap "host" }
}
allow bob <-> host
vm bob {
	kernel "Image"
	initrd "client.cpio.gz"
	memory 96m
	cpus 2
	append "name=bob"
	disk data
	disk "/run/vms/fixed.img" read-only
}
disk data { file "/run/vms/data.img"; size 64m; sparse }
END
guests_folder add disk.conf
in_machine add

# ready [TIMES]: a condition: bob has started.
ready()
{
	[ "$(grep -c 'bob: guest: bob is ready' "$WEIR_LOG")" -ge "${1-1}" ]
}
# disk NAME KEY: from `show disks`.
disk()
{
	inside weir show -j disks |
		jq -r ".[] | select(.disk == \"$1\") | .$2"
}
# more KEY THAN: a condition: the count of bob's first disk is beyond that.
more()
{
	[ "$(disk bob.disk0 "$1")" -gt "$2" ]
}
pid_of()
{
	inside weir show -j system |
		jq --arg pd "$1" '.pds[] | select(.name == $pd).pid'
}
# mounted: mount it, as ext4 finds it.
mounted()
{
	guest bob "mount -t ext4 /dev/vda /mnt && echo mounted"
}

inside "mkdir -p /run/vms && cd /run/vms &&
	dd if=/dev/urandom of=fixed.img bs=64k count=16 && md5sum fixed.img \
	>fixed.sum" >/dev/null 2>&1
guests_run disk.conf
ok "bob starts" wait_for 240 ready

# --- what the guest sees ----------------------------------------------------

is "it has two disks" "$(guest bob "cat /sys/block/vd?/size" | xargs)" \
	"131072 2048"
is "the second is read-only" "$(guest bob "cat /sys/block/vd?/ro" | xargs)" "0 1"
is "a disk has a queue for each processor" \
	"$(guest bob "ls /sys/block/vda/mq | wc -l")" 2
is "a disk is shown with its size" "$(disk bob.disk0 size)" $((64 << 20))
is "and whose it is" "$(disk bob.disk1 'vm, .read_only' | xargs)" "bob true"
is "the VM is shown with its disks" \
	"$(inside weir show -j vms | jq -r '.[0].disks | join(" ")')" \
	"bob.disk0 bob.disk1"

is "what is on the second is what the file has" \
	"$(guest bob "md5sum /dev/vdb | cut -c1-32")" \
	"$(inside "cut -c1-32 /run/vms/fixed.sum")"
is "nothing can be written to it" \
	"$(guest bob "echo x >/dev/vdb || echo refused" 2>&1 | tail -n 1)" refused
ok "and the file is as it was" inside "cd /run/vms && md5sum -c fixed.sum"

# --- the guest is killed ----------------------------------------------------

is "a file system is made on the first" \
	"$(guest bob "mkfs.ext4 -q /dev/vda && echo made" | tail -n 1)" made
like "and mounted" "$(mounted)" mounted
for round in $(seq "$DEATHS"); do
	sums=$(guest bob "for i in 1 2 3 4 5 6; do dd if=/dev/urandom \
		of=/mnt/$round.\$i bs=64k count=\$i conv=fsync 2>/dev/null ||
		echo failed; done; md5sum /mnt/$round.*")
	is "round $round: six files are written and synced" \
		"$(grep -c " /mnt/$round\\." <<<"$sums")" 6
	# What is written meanwhile, without a sync, may be lost.
	written=$(disk bob.disk0 written_bytes)
	guest bob "{ while :; do dd if=/dev/urandom of=/mnt/loose bs=64k \
		count=32; sync; done; } >/dev/null 2>&1 & true"
	ok "it writes on" wait_for 60 more written_bytes $((written + 4194304))
	inside kill -KILL "$(pid_of bob)"
	ok "it is killed, and starts again" wait_for 240 ready $((round + 1))
	like "the file system can be mounted" "$(mounted)" mounted
	is "every file that was synced is what it was" \
		"$(guest bob "md5sum /mnt/$round.*")" "$sums"
done
is "and so are those of all rounds" \
	"$(guest bob "ls /mnt | grep -cF .")" $((6 * DEATHS))

# --- the disk's process is killed -------------------------------------------

guest bob "{ n=0; while [ ! -e /tmp/stop ]; do n=\$((n + 1)); dd \
	if=/dev/urandom of=/mnt/big\$((n % 4)) bs=64k count=64 conv=fsync ||
	touch /tmp/failed; done; touch /tmp/over; } >/dev/null 2>&1 & true"
for round in $(seq "$DEATHS"); do
	written=$(disk bob.disk0 written_bytes)
	ok "it writes" wait_for 60 more written_bytes "$written"
	inside kill -KILL "$(pid_of bob.disk0)"
	ok "the disk's process is killed, and comes back" \
		wait_for 60 more restarts $((round - 1))
done
guest bob "touch /tmp/stop"
ok "the guest stops writing" wait_for 120 guest bob "test -e /tmp/over"
sums=$(guest bob "md5sum /mnt/big?")
is "and reads the same from the disk" \
	"$(guest bob "echo 3 >/proc/sys/vm/drop_caches; md5sum /mnt/big?")" "$sums"
is "every write was good" \
	"$(guest bob "test -e /tmp/failed || echo yes" | tail -n 1)" yes
is "it saw no error" "$(guest bob "dmesg | grep -c \"I/O error\"")" 0
is "and was not started again" \
	"$(inside weir show -j vms | jq '.[0].restarts')" "$DEATHS"
note "$(disk bob.disk0 taken_again) requests were taken again by the last"
is "the file system is whole" \
	"$(guest bob "umount /mnt && e2fsck -fn /dev/vda >/dev/null 2>&1 &&
		echo whole" | tail -n 1)" whole

# --- the disk comes with the VM ---------------------------------------------

guest bob "{ sleep 1; reboot -f; } & true"
ok "bob reboots" wait_for 240 ready $((DEATHS + 2))
like "its disk is there" "$(mounted)" mounted
is "with what was written" "$(guest bob "ls /mnt | grep -cF .")" \
	$((6 * DEATHS))
ok "weir ends when told to" inside weir stop
gone()
{
	! inside pidof weir
}
ok "no process of it is left" wait_for 30 gone
finish
