#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# home.conf with real clients: network namespaces alice, bob, carol and uplink,
# a DHCP, DNS and router-advertisement server behind the uplink. Everything is
# private to this script and gone when it ends.
#
#	WEIR=PATH examples/home/run.sh
. "$(dirname "$0")/../lib.sh"

echo "A switch for a home: who gets an address, who reaches whom, who does not."
begin home.conf

step "the uplink: dnsmasq for DHCP, DNS and IPv6 prefixes"
client uplink 10.7.0.1/24 fd00:7::1/64
on uplink dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts \
	--interface=uplink --except-interface=lo --bind-interfaces \
	--dhcp-authoritative --no-ping --dhcp-leasefile="$W/leases" \
	--dhcp-range=10.7.0.100,10.7.0.199,255.255.255.0,10m \
	--enable-ra --dhcp-range=fd00:7::,ra-only,64 \
	--address=/www.home.example/10.7.0.1 >dnsmasq.log 2>&1 &
until_ok 10 grep -q started dnsmasq.log || _die "$(cat dnsmasq.log)"

# address NAME FAMILY: its address from the prefix that is handed out.
address()
{
	on "$1" ip -o "$2" addr show dev "$1" scope global |
		sed -nE 's/.* inet6? ((10\.7\.0|fd00:7)[^/]*).*/\1/p' | head -n 1
}

leased()
{
	on "$1" udhcpc -f -q -n -t 10 -T 1 -i "$1" -s "$_here/lease.sh" \
		>"$1.dhcp" 2>&1
	case $(address "$1" -4) in
	10.7.0.1[0-9][0-9]) echo yes ;;
	*) echo no; cat "$1.dhcp" >&2 ;;
	esac
}

has_v6()
{
	test -n "$(address "$1" -6)"
}

step "clients ask for an address"
for name in alice bob carol; do
	client "$name"
	check "$name gets a lease by DHCP" yes leased "$name"
	printf '   %-44s %s\n' "" "$(address "$name" -4)"
done
for name in alice bob carol; do
	until_ok 10 has_v6 "$name"
done
check "alice gets an IPv6 prefix" yes outcome has_v6 alice

step "who is allowed"
check "alice -> bob, IPv4" yes pings alice "$(address bob -4)"
check "alice -> bob, IPv6" yes pings alice "$(address bob -6)"
check "bob -> alice, IPv4" yes pings bob "$(address alice -4)"
check "alice -> uplink, IPv6" yes pings alice fd00:7::1
check "carol -> uplink, IPv4" yes pings carol 10.7.0.1
check "carol asks the uplink's DNS" yes outcome \
	on carol timeout 10 busybox nslookup -type=a www.home.example 10.7.0.1

step "who is not"
check "carol -> alice, IPv4" no pings carol "$(address alice -4)"
check "carol -> bob, IPv6" no pings carol "$(address bob -6)"
check "bob -> carol, IPv4" no pings bob "$(address carol -4)"

step "weir trace carol dst=alice: why not"
"$WEIR" trace carol dst=alice | aligned
check "weir trace carol dst=alice" "drop not_allowed" traced carol dst=alice
check "weir trace alice dst=bob" "deliver none" traced alice dst=bob
# A frame to alice's address, not a broadcast that asks for it: to a known
# address, so that the refusal is counted and captured.
alice_mac=$(mac alice)
on carol ip neigh replace "$(address alice -4)" lladdr "$alice_mac" dev carol
check "carol -> alice, though she knows the address" no \
	pings carol "$(address alice -4)"

step "iperf3 from alice to bob, 3 seconds"
on bob iperf3 -s -1 >iperf-server.log 2>&1 &
until_ok 10 on bob sh -c 'ss -ltn | grep -q :5201'
on alice timeout 20 iperf3 -c "$(address bob -4)" -t 3 -J >iperf.json
check "iperf3 alice -> bob" yes outcome \
	jq -e '.end.sum_received.bytes > 1000000' iperf.json
jq -r '"   \(.end.sum_received.bits_per_second / 1e6 | floor) Mbit/s"' \
	iperf.json

step "weir show ports"
"$WEIR" show ports | cut -f 1,5- | aligned
step "weir show drops"
"$WEIR" show drops | aligned

# captured FILTER...: how many frames of the capture match, as yes or no.
captured()
{
	tcpdump -r home.pcapng -n "$@" 2>/dev/null | grep -q . &&
		echo yes || echo no
}

step "tcpdump -r home.pcapng"
tcpdump -r home.pcapng -n -c 12 udp port 67 or arp or icmp 2>/dev/null |
	cut -c -100 | sed 's/^/   /'
check "the capture has alice's DHCP" yes captured udp port 67
check "it has what carol was refused" yes captured \
	icmp and ether dst "$alice_mac" and host "$(address carol -4)"
if command -v tshark >/dev/null; then
	step "tshark: refused frames carry the reason"
	tshark -r home.pcapng -n -T fields -e frame.interface_name \
		-e eth.src -e eth.dst -e frame.comment \
		-Y 'frame.comment && icmp' 2>/dev/null | head -n 3 |
		sed 's/^/   /'
fi
verdict
