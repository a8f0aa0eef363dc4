#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tour.conf with four clients: what Weir does, in a quarter of a minute.
. "$(dirname "$0")/../lib.sh"

echo "What Weir does: who may talk to whom, across switches, and why not."
begin tour.conf
ip link set carol address 02:00:00:00:00:0c
client alice 10.7.0.10/24 fd00:7::10/64
client carol 10.7.0.20/24 fd00:7::20/64
client printer 10.7.0.30/24 fd00:7::30/64
client uplink 10.7.0.1/24 fd00:7::1/64

step "ports: who may"
check "alice -> uplink" yes pings alice 10.7.0.1
check "uplink -> alice, IPv6" yes pings uplink fd00:7::10

step "a chain: three switches, each decides for itself"
check "alice -> printer" yes pings alice 10.7.0.30
check "printer -> alice, IPv6" yes pings printer fd00:7::10

step "a pair that is denied"
check "carol -> alice" no pings carol 10.7.0.10
check "alice -> carol" no pings alice 10.7.0.20
check "weir trace carol dst=alice" "drop not_allowed" traced carol dst=alice

step "egress: carol may fetch pages, and only that"
# fetches PORT: half a mebibyte from the uplink.
fetches()
{
	on uplink iperf3 -s -1 -p "$1" >iperf.log 2>&1 &
	until_ok 10 on uplink sh -c "ss -Hltn sport = :$1 | grep -q ."
	outcome on carol timeout 10 iperf3 -c 10.7.0.1 -p "$1" -R -n 512K \
		--connect-timeout 2000
	kill %% 2>/dev/null
}
check "carol -> uplink, TCP port 80" yes fetches 80
check "carol -> uplink, TCP port 22" no fetches 22
check "carol -> uplink, ping" no pings carol 10.7.0.1
check "uplink -> carol" no pings uplink 10.7.0.20
on carol ip link set carol down
on carol ip link set carol address 02:00:00:00:00:66
on carol ip link set carol up
check "carol as somebody else -> uplink, port 80" no fetches 80

step "weir show policy: which rule decides what, and how often"
"$WEIR" show policy | awk -F '\t' '$2 == "allow"' | aligned
step "weir show drops"
"$WEIR" show drops | aligned

step "the capture: what carol was refused, and why"
# captured FILTER...: does any frame match?
captured()
{
	tcpdump -r tour.pcapng -n "$@" 2>/dev/null | grep -q . &&
		echo yes || echo no
}
tcpdump -r tour.pcapng -n -c 6 2>/dev/null | cut -c -100 | sed 's/^/   /'
check "it has carol's pages" yes captured tcp port 80
check "and what she was refused" yes captured icmp and dst host 10.7.0.1
verdict
