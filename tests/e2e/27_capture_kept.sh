#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Nothing of a capture is lost unsaid: earlier captures are kept, full disks
# leave whole files, what is missed is counted, and a start misses nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

# frames FILE [FILTER]: how many it has.
frames()
{
	tcpdump -n -r "$@" 2>/dev/null | grep -vc $'^\t'
}
# torn FILE...: those that a reader finds cut.
torn()
{
	local file
	for file; do
		[ ! -s "$file" ] || ! tcpdump -n -r "$file" 2>&1 >/dev/null |
			grep -q truncated || echo "$file"
	done
}

# --- a start under traffic -------------------------------------------------

ip link add busy0 type veth peer name busy1
sysctl -qw net.ipv6.conf.busy0.disable_ipv6=1 net.ipv6.conf.busy1.disable_ipv6=1
ip link set busy0 up
ip addr add 10.9.0.1/24 dev busy0
ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev busy0
ip link set busy1 up
socat -u -b 64 OPEN:/dev/zero UDP-SENDTO:10.9.0.2:9 &
busy=$!
early=0 gaps=
for _ in 1 2 3 4 5; do
	weir_start - <<-END
	switch sw0 {
		port busy { nic "busy1" }
		port idle { attach "idle.sock" }
		port pcap { capture "busy.pcapng" of busy; drops; buffers 32768 }
	}
	allow busy <-> idle
	END
	# It all comes to rest before it is counted.
	kill -STOP $busy
	n=-1
	until [ "$n" = "$(counter sw0.busy in_frames)" ]; do
		n=$(counter sw0.busy in_frames)
		sleep 0.2
	done
	early=$((early + n))
	caught()
	{
		[ "$(frames busy.pcapng)" = "$n" ]
	}
	wait_for 10 caught || gaps+=" $(frames busy.pcapng)/$n"
	[ "$(counter sw0.pcap mirror_missed)" = 0 ] || gaps+=" missed"
	kill -CONT $busy
	weir_stop
done
kill $busy
ok "frames came in while it started" test "$early" -gt 0
is "a capture has them from the first on" "$gaps" ""
is "an earlier capture is kept at every start" \
	"$(find . -name 'busy.*pcapng' -size +0 | sort | paste -sd ' ')" \
	"./busy.1.pcapng ./busy.2.pcapng ./busy.3.pcapng ./busy.4.pcapng ./busy.pcapng"
ip link del busy0

# --- small disks, and nobody who reads -------------------------------------

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
mkdir disk small
mount -t tmpfs -o size=4m none disk
mount -t tmpfs -o size=384k none small
head -c 3932160 /dev/zero >disk/filler
mkfifo dead.fifo
weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port full { capture "disk/full.pcapng" of a; buffers 64 }
	port late { capture "disk/late.pcapng" of a; rotate 64k files 16 }
	port ring { capture "small/ring.pcapng" of a; rotate 64k files 64 }
	port dead { capture "dead.fifo" of a; buffers 16 }
	port over { capture "over.pcapng" of a; overwrite }
}
allow a <-> b
END
pings()
{
	on a ping -q -A -i 0.002 -c "$1" -s "$2" 10.0.0.2
}
ok "enough frames to fill the disks" pings 1500 1400
ok "a full disk is in the log" wait_for 10 grep -q \
	'sw0.full: cannot write "disk/full.pcapng": No space left' "$WEIR_LOG"
is "its capture ends with a whole frame" "$(torn disk/full.pcapng)" ""
ok "and misses frames, which are counted" counted sw0.full mirror_missed 1
ok "a ring on a disk smaller than it drops its oldest file" wait_for 10 \
	grep -q 'sw0.ring: the disk is full: "small/ring.pcapng" has dropped' \
	"$WEIR_LOG"
ok "and has the last frames" pings 1 777
newest()
{
	tcpdump -n -r "$1" 'greater 800 and less 900' 2>/dev/null | grep -q .
}
in_the_ring()
{
	local file
	for file in small/ring.*; do
		newest "$file" && return
	done
	return 1
}
ok "... in one of its files" wait_for 10 in_the_ring
is "all of which can be read to their ends" "$(torn small/ring.*)" ""

# A backlog waits; there is room again.
rm disk/filler
ok "with room again it goes on" wait_for 10 grep -q \
	'sw0.full: writing "disk/full.pcapng" again' "$WEIR_LOG"
is "no file of a ring is over its size" "$(find disk small -name '*.*.pcapng' \
	-size +65536c)" ""

# Everything at a is in the FIFO, or counted.
tcpdump -U -n -r dead.fifo -w dead.pcap 2>/dev/null &
accounted()
{
	[ $(($(frames dead.pcap) + $(counter sw0.dead mirror_missed))) = \
		$(($(counter sw0.a in_frames) + $(counter sw0.a out_frames))) ]
}
ok "frames missed by a FIFO without a reader are counted" \
	wait_for 10 accounted
ok "and there are some" counted sw0.dead mirror_missed 500
like "the log says where to look" "$(grep sw0.dead "$WEIR_LOG")" \
	'nothing reads "dead.fifo", or not fast enough.*weir show ports'

kill -KILL "$("$WEIR" show -j system |
	jq '.pds[] | select(.name == "sw0.over").pid')"
restarted()
{
	[ "$(counter sw0.over restarts)" = 1 ]
}
ok "a capture that was killed comes back" wait_for 10 restarted
ok "and writes on" pings 2 100
weir_stop
is "stopped, all files can be read to their ends" \
	"$(torn disk/*.pcapng small/*.pcapng over.pcapng)" ""

# --- the next start --------------------------------------------------------

over=$(frames over.pcapng)
sum=0
for file in small/ring.*; do
	sum=$((sum + $(frames "$file")))
done
weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port ring { capture "small/ring.pcapng" of a; rotate 64k files 64 }
	port over { capture "over.pcapng" of a; overwrite }
}
allow a <-> b
END
ok "the same ports again" pings 3 100
again()
{
	[ "$(frames over.pcapng icmp)" = 6 ]
}
ok "\`overwrite\` drops what was there ($over frames)" wait_for 10 again
is "and keeps nothing" "$(find . -name 'over.*.pcapng')" ""
goes_on()
{
	local now=0 file
	for file in small/ring.*; do
		now=$((now + $(frames "$file")))
	done
	[ "$now" -ge $((sum + 6)) ]
}
ok "a ring goes on behind the newest" wait_for 10 goes_on
finish
