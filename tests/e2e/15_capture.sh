#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Captures, read by tcpdump and tshark: interfaces, directions, why a frame was
# refused, filters, rotation, a FIFO, standard output.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
quiet_host c 10.0.0.3/24

mkfifo live.fifo
tcpdump -l -n -r live.fifo >live.txt 2>live.err &

weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port c    { tap "c0" netns "c" }
	port every { capture "all.pcapng" of all; drops }
	port one  { capture "one.pcapng" of a; filter "icmp or ether proto 0x$TEST" }
	port deaf { capture "deaf.pcapng" of b }
	port ring { capture "ring.pcapng" of a, b; rotate 1m files 3 }
	port live { capture "live.fifo" of a; filter "icmp" }
	port out  { capture "-" of a, b }
}
allow a <-> b
END
B=$(mac b) C=$(mac c)

ok "a pings b" reach a 10.0.0.2
send c "$(frame "$B" "$C" refused)" "$(frame ff:ff:ff:ff:ff:ff "$C" nowhere)"
# ringed: the ring has come round to its third file.
ringed()
{
	[ -s ring.2.pcapng ]
}
ok "TCP, enough to fill a ring" tcp a b 10.0.0.2

# --- what tcpdump reads ----------------------------------------------------

# in_file FILE FILTER: how many of its frames match.
in_file()
{
	tcpdump -n -r "$1" "$2" 2>/dev/null | grep -vc $'^\t'
}
in_file_some()
{
	[ "$(in_file "$@")" -gt 0 ]
}

ok "the ping is in all.pcapng" wait_for 5 in_file_some all.pcapng \
	'icmp[icmptype] == icmp-echoreply'
ok "so is what was refused" wait_for 5 in_file_some all.pcapng \
	"ether proto 0x$TEST and ether src $C and ether dst $B"
ok "a filter lets through what it names" in_file_some one.pcapng icmp
is "and nothing else" \
	"$(in_file one.pcapng "not icmp and not ether proto 0x$TEST")" 0
ok "TCP is in all.pcapng" in_file_some all.pcapng tcp
is "deaf.pcapng, without \`drops', has no refused frame" \
	"$(in_file deaf.pcapng "ether src $C")" 0
ok "but what b said" in_file_some deaf.pcapng "ether src $B"
is "a capture of a alone has nothing of c's" \
	"$(in_file one.pcapng "ether src $C")" 0
seen_live()
{
	grep -q 'ICMP echo reply' live.txt
}
ok "the FIFO's reader sees the ping" wait_for 5 seen_live
is "and only that" "$(grep -cv ICMP live.txt)" 0
ok "standard output can be read by tcpdump" \
	tcpdump -n -r weir.out -c 1 icmp
ok "the ring has come round" wait_for 5 ringed
is "it has three files" "$(find . -name 'ring.*' | wc -l)" 3
is "none is over its size by more than a frame" \
	"$(find . -name 'ring.*' -size +1052672c)" ""
for file in ring.*; do
	ok "$file can be read on its own" tcpdump -n -r "$file" -c 1
done
is "captures are for their owner's eyes" "$(stat -c %a all.pcapng)" 600

# --- what tshark reads -----------------------------------------------------

if command -v tshark >/dev/null; then
	# field FILE FILTER FIELD: its values, without repetition
	field()
	{
		tshark -n -r "$1" -Y "$2" -T fields -e "$3" 2>/dev/null | sort -u
	}
	is "every captured port is an interface" "$(tshark -n -r all.pcapng \
		-T fields -e frame.interface_name 2>/dev/null | sort -u)" \
		"sw0.a
sw0.b
sw0.c"
	is "a frame a sent came in at a (1) ..." "$(field all.pcapng \
		"frame.interface_name == sw0.a && icmp.type == 8" \
		frame.packet_flags_direction)" 0x00000001
	is "... and went out at b (2)" "$(field all.pcapng \
		"frame.interface_name == sw0.b && icmp.type == 8" \
		frame.packet_flags_direction)" 0x00000002
	like "a refused frame says why" "$(field all.pcapng \
		"eth.src == $C && eth.dst == $B" frame.comment)" not_allowed
	is "a delivered one says nothing" \
		"$(field all.pcapng icmp frame.comment)" ""
	like "the file says what filtered it" \
		"$(capinfos one.pcapng 2>/dev/null)" 'Filter string = icmp or ether proto'
	like "time stamps are of nanoseconds" \
		"$(capinfos all.pcapng 2>/dev/null)" 'nanoseconds \(9\)'
	first=$(tshark -n -r all.pcapng -c 1 -T fields -e frame.time_epoch \
		2>/dev/null)
	age=$(($(date +%s) - ${first%.*}))
	ok "and of now" test "$age" -ge 0 -a "$age" -lt 600
else
	skip "what tshark reads" "no tshark here"
fi

missed=$("$WEIR" show -j ports | jq 'map(.mirror_missed) | add')
note "$missed frames were too many for a capture"
weir_stop
is "stopped, all.pcapng is whole" \
	"$(tcpdump -n -r all.pcapng 2>&1 >/dev/null | grep -c truncated)" 0
finish
