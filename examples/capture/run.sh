#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# capture.conf with three clients and tcpdump reading along.
. "$(dirname "$0")/../lib.sh"

echo "Looking at traffic: files, a filter, a ring of files, a FIFO."
mkfifo live.fifo
tcpdump -l -n -r live.fifo >live.txt 2>live.err &
begin capture.conf
client alice 10.7.0.10/24 fd00:7::10/64
client bob 10.7.0.20/24 fd00:7::20/64
client carol 10.7.0.30/24 fd00:7::30/64

step "some traffic"
check "alice -> bob" yes pings alice 10.7.0.20
bob_mac=$(mac bob)
on carol ip neigh replace 10.7.0.20 lladdr "$bob_mac" dev carol
check "carol -> bob, refused" no pings carol 10.7.0.20
on bob iperf3 -s -1 >/dev/null 2>&1 &
until_ok 10 on bob sh -c 'ss -ltn | grep -q :5201'
on alice timeout 20 iperf3 -c 10.7.0.20 -n 8M >/dev/null

# matching FILE FILTER...: how many frames of the file match.
matching()
{
	local file=$1
	shift

	tcpdump -n -r "$file" "$@" 2>/dev/null | wc -l
}

some()
{
	[ "$(matching "$@")" -gt 0 ] && echo yes || echo no
}

step "what is in the files"
check "all.pcapng has carol's refused ping" yes some all.pcapng \
	icmp and host 10.7.0.30
check "ping.pcapng has pings" yes some ping.pcapng icmp
check "ping.pcapng has nothing else" 0 matching ping.pcapng \
	not icmp and not icmp6
check "the ring has three files" 3 sh -c 'ls ring*.pcapng* | wc -l'
check "none of them is much over a mebibyte" 0 \
	sh -c 'find . -name "ring*" -size +1100k | wc -l'
check "the FIFO's reader saw an ARP request" yes outcome \
	until_ok 5 grep -q 'Request who-has 10.7.0.20' live.txt
tcpdump -n -r all.pcapng -c 5 2>/dev/null | cut -c -100 | sed 's/^/   /'
verdict
