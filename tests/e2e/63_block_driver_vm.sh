#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A disk in a driver VM, in the emulated machine: two client VMs, each with a
# partition of it. What each sees and changes, no exit on the path of data, and
# the driver VM killed under writes: nothing that was synced is lost, and no data
# gets to the other client.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"
. "$_repo/machine/guests.sh"
: "${DEATHS:=3}"

# Sectors of the two partitions, and of the disk.
first=(2048 34816) size=(32768 30720) sectors=71680

# le32 NUMBER: its bytes, for printf.
le32()
{
	printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# fill LETTER FIRST COUNT: sectors of the disk, and its text.
fill()
{
	head -c $(($3 * 512)) /dev/zero | tr '\0' "$1" |
		dd of=disk bs=512 seek="$2" conv=notrunc status=none
}
make_disk()
{
	local i entry

	fill z 0 "$sectors"
	fill b "${first[0]}" "${size[0]}"
	fill e "${first[1]}" "${size[1]}"
	head -c 512 /dev/zero | dd of=disk conv=notrunc status=none
	for i in 0 1; do
		entry='\x00\xff\xff\xff\x83\xff\xff\xff'
		entry+=$(le32 "${first[i]}")$(le32 "${size[i]}")
		# shellcheck disable=SC2059 # the format is the data
		printf "$entry" | dd of=disk bs=1 seek=$((446 + 16 * i)) \
			conv=notrunc status=none
	done
	printf '\x55\xaa' | dd of=disk bs=1 seek=510 conv=notrunc status=none
}
# part N: its bytes, on the disk
part()
{
	dd if=disk bs=512 skip="${first[$1]}" count="${size[$1]}" status=none
}
# is_all LETTER: standard input is this letter and nothing else
is_all()
{
	[ "$(tr -d "$1" | wc -c)" = 0 ]
}

cat >block.conf <<'END'
switch sw0 {
	port bob { vm bob }
	port eve { vm eve }
}
vm storevm {
	kernel "driver.gz"
	initrd "driver.cpio.gz"
	memory 32m
	storage pci "0000:02:00.0"
}
disk store { driver-vm storevm }
vm bob {
	kernel "Image"
	initrd "client.cpio.gz"
	memory 96m
	append "name=bob"
	disk store partition 1
}
vm eve {
	kernel "Image"
	initrd "client.cpio.gz"
	memory 96m
	append "name=eve"
	disk store partition 2
}
allow bob <-> eve
END
ok "there is a disk with two partitions" make_disk
guests_folder add block.conf
export MACHINE_MEMORY=1536
export MACHINE_QEMU="-device pcie-root-port,id=port1,addr=4,chassis=2
	-drive if=none,id=disk0,format=raw,file=$PWD/disk
	-device nvme,drive=disk0,serial=S0123,bus=port1"
MACHINE_QEMU=${MACHINE_QEMU//[$'\n\t']/ }
in_machine add
storage=/sys/bus/pci/devices/0000:02:00.0
ok "the disk's controller is with vfio-pci" inside \
	"echo vfio-pci >$storage/driver_override
	echo ${storage##*/} >/sys/bus/pci/drivers_probe; test -e $storage/driver"

# --- it starts -------------------------------------------------------------

guests_run block.conf
# about VM KEY: from `show vms`.
about()
{
	inside weir show -j vms | jq -r ".[] | select(.vm == \"$1\") | .$2"
}
about_is()
{
	[ "$(about "$1" "$2")" = "$3" ]
}
up()
{
	grep -q "$1: guest: $1 is ready" "$WEIR_LOG"
}
ok "the driver VM reports its disk ready" wait_for 120 about_is storevm state \
	ready
is "it has the blocks that the disk has" "$(about storevm disk.blocks)" \
	$((sectors / 8))
for name in bob eve; do
	ok "$name starts" wait_for 120 up $name
done

# --- each has its part -----------------------------------------------------

for name in bob eve; do
	n=0
	[ $name = bob ] || n=1
	is "$name's disk is its partition" \
		"$(guest $name 'cat /sys/block/vda/size' | tr -d '\r')" \
		"${size[n]}"
	is "and all it reads is its own" "$(guest $name \
		"tr -d ${name:0:1} </dev/vda | wc -c" | tr -d '\r')" 0
done
exits=$(about storevm exits)
ok "bob writes the first MiB of its disk" guest bob \
	"yes BBBBBBB | dd of=/dev/vda bs=64k count=16 iflag=fullblock \
	conv=fsync 2>/dev/null"
ok "which is there" is_all 'B\n' < <(part 0 | head -c 1048576)
ok "and the rest is as it was" is_all b < <(part 0 | tail -c +1048577)
ok "and nothing of eve's is" is_all e < <(part 1)
is "needs no exit of the driver VM to user space" \
	$(($(about storevm exits) - exits)) 0
is "nor a copy there" "$(about storevm disk.copied)" 0
is "the disk has failed nothing" "$(about storevm disk.errors)" 0
is "and nothing impossible was asked of it" \
	"$(about storevm disk.bad_requests)" 0

# --- it dies ---------------------------------------------------------------

# Each writes blocks of numbers, and says which were synced.
writer()
{
	guest "$1" "(i=0; while [ \$i -lt 3000 ]; do
		yes $1-\$i | dd of=/dev/vda bs=4096 count=1 iflag=fullblock \
		seek=\$i conv=fsync 2>/dev/null && echo \$i >/tmp/synced; i=\$((i + 1));
		[ ! -e /tmp/stop ] || break; done; touch /tmp/over) & :"
}
synced()
{
	guest "$1" 'cat /tmp/synced' | tr -dc 0-9
}
more_than()
{
	[ "$(synced "$1")" -gt "$2" ]
}
storevm()
{
	inside weir show -j system |
		jq '.pds[] | select(.name == "storevm").pid'
}
back()
{
	about_is storevm state ready && about_is storevm restarts "$1"
}
for name in bob eve; do
	ok "$name writes and syncs" writer $name
	ok "and gets on" wait_for 60 more_than $name 3
done
for ((death = 1; death <= DEATHS; death++)); do
	inside kill -KILL "$(storevm)"
	ok "killed under writes, it comes back ($death)" \
		wait_for 120 back $death
	for name in bob eve; do
		before=$(synced $name)
		ok "$name goes on ($death)" \
			wait_for 60 more_than $name "$before"
	done
done
for name in bob eve; do
	ok "$name stops" guest $name 'touch /tmp/stop'
	ok "$name has stopped" wait_for 60 guest $name 'test -e /tmp/over'
done
# kept NAME N: how many of the synced blocks are not on the disk
kept()
{
	local i wrong=0 last text

	last=$(synced "$1")
	for ((i = 0; i <= last; i++)); do
		text=$(dd if=disk bs=512 skip=$((first[$2] + 8 * i)) count=8 \
			status=none | head -n 10 | sort -u)
		[ "$text" = "$1-$i" ] || wrong=$((wrong + 1))
	done
	echo $wrong
}
is "nothing that bob synced is lost" "$(kept bob 0)" 0
is "nor what eve did" "$(kept eve 1)" 0
note "bob synced $(synced bob) blocks, eve $(synced eve)"
ok "bob has none of eve's" test "$(part 0 | grep -ac eve)" = 0
ok "eve has none of bob's" test "$(part 1 | grep -ac bob)" = 0
ok "between and behind them nothing was written" is_all z < <(
	dd if=disk bs=512 skip=1 count=2047 status=none
	dd if=disk bs=512 skip=$((first[1] + size[1])) status=none)
is "nobody else was restarted" "$(inside weir show -j system |
	jq '[.pds[] | select(.name != "storevm").restarts] | add')" 0
nok "no guest has seen an error" grep -qE 'I/O error|Buffer I/O' "$WEIR_LOG"
inside weir stop
finish
