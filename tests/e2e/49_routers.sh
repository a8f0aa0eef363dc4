#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A host that may begin, and routers that may answer: they ask for the host from
# other addresses than it knows, hand an address from one to the other, and a
# flood of the host's own costs it no connection.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

# Behind port r is a bridge with two routers, and beyond them a server.
host a 10.0.0.2/24 fd00::2/64
host r
for n in 1 2; do
	host r$n
	ip link add lan netns r$n type veth peer name "p$n" netns r
	ip link add wan netns r$n type veth peer name "w$n" netns r
	on r$n sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	on r$n ip addr add 10.0.0.25$n/24 dev lan
	on r$n ip -6 addr add fd00::25$n/64 dev lan nodad
	on r$n ip addr add 10.9.0.$n/24 dev wan
	on r$n ip -6 addr add fd09::$n/64 dev wan nodad
	on r$n ip link set lan up
	on r$n ip link set wan up
done
host srv
ip link add e0 netns srv type veth peer name w3 netns r
on srv ip addr add 10.9.0.9/24 dev e0
on srv ip -6 addr add fd09::9/64 dev e0 nodad
on srv ip link set e0 up
cat >routers.conf <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port r { tap "r0" netns "r" }
	flows 256
}
allow a -> r reply
END
weir_start routers.conf
for side in lan wan; do
	on r ip link add $side type bridge mcast_snooping 0
	on r ip link set $side up
done
for port in "p1 lan" "p2 lan" "r0 lan" "w1 wan" "w2 wan" "w3 wan"; do
	on r ip link set "${port% *}" master "${port#* }" up
done

# gateway N [OTHER]: the addresses a sends to, and the server sends back to
gateway()
{
	[ -z "${2-}" ] || {
		on "r$2" ip addr del 10.0.0.1/24 dev lan
		on "r$2" ip -6 addr del fd00::1/64 dev lan
		on "r$2" ip addr del 10.9.0.254/24 dev wan
		on "r$2" ip -6 addr del fd09::254/64 dev wan
	}
	on "r$1" ip addr add 10.0.0.1/24 dev lan
	on "r$1" ip -6 addr add fd00::1/64 dev lan nodad
	on "r$1" ip addr add 10.9.0.254/24 dev wan
	on "r$1" ip -6 addr add fd09::254/64 dev wan nodad
}
gateway 1
on a ip route add default via 10.0.0.1
on a ip -6 route add default via fd00::1
on srv ip route add default via 10.9.0.254
on srv ip -6 route add default via fd09::254
refused() { dropped sw0.r no_flow; }
refused_more() { [ "$(refused)" -gt "$1" ]; }
R1=$(on r1 ip -o link show lan | sed "s/.*ether \([^ ]*\).*/\1/")
R2=$(on r2 ip -o link show lan | sed "s/.*ether \([^ ]*\).*/\1/")

# --- a router asks ---------------------------------------------------------

ok "a reaches what is behind the router" wait_for 20 reach a 10.9.0.9
ok "by IPv6" wait_for 20 reach a fd09::9
# Both sides forget; a's question alone tells neither.
LL=$(on r1 ip -o -6 addr show dev lan scope link | sed 's/.*inet6 \([^/]*\).*/\1/')
ear a "arp or icmp6"
on r1 ip neigh flush dev lan
asked4() { on r1 busybox arping -q -f -c 1 -w 1 -s 10.0.0.251 -I lan 10.0.0.2; }
ok "a router sends an ARP request from another IPv4 address" wait_for 10 asked4
heard_ask() { heard_some a arp and "arp[6:2] = 1" and "arp[14:4] = 0x0a0000fb"; }
ok "and is heard" wait_for 5 heard_ask
# To forward to a, Linux asks from its link-local address.
on r1 ip -6 neigh flush dev lan
ok "a router asks from its link-local address" reach a fd09::9
heard_ll() { heard_some a "icmp6[icmp6type] = 135" and src host "$LL"; }
asked6() { on r1 ip -6 neigh flush dev lan; on a ping -n -c 1 -W 1 fd09::9
	wait_for 1 heard_ll; }
ok "and is heard" wait_for 15 asked6
is "trace: it is allowed" "$(trace_says sw0.r "$(
	ether 33:33:ff:00:00:02 "$R1" 86dd \
		"$(solicit "$LL" ff02::1:ff00:2 fd00::2 "$R1")")")" "deliver none"
# Only for what a has used there.
is "a may not be asked for another address" "$(trace_says sw0.r "$(
	ether $ALL "$R1" 0806 "$(arp request "$R1" 10.0.0.251 \
		00:00:00:00:00:00 10.0.0.77)")")" "drop no_flow"
for to in "" a; do
	is "the same in words${to:+, to $to}" "$(trace_says r $to src="$R1" \
		from 10.0.0.251 arp who-has 10.0.0.77)" "drop no_flow"
done
is "from an address a has asked for it is an announcement" "$(trace_says r \
	src="$R1" from 10.0.0.1 arp who-has 10.0.0.77)" "deliver none"
is "nor with a's own address as the sender's" "$(trace_says sw0.r "$(
	ether $ALL "$R1" 0806 "$(arp request "$R1" 10.0.0.2 \
		00:00:00:00:00:00 10.0.0.2)")")" "drop no_flow"

# --- an address moves ------------------------------------------------------

knows() { [ "$(a_neighbour_of a "$1")" = "$2" ]; }
ok "the gateway is at the first router" knows 10.0.0.1 "$R1"
ok "by IPv6" knows fd00::1 "$R1"
gateway 2 1
ear a "arp or icmp6"
told()
{
	on r2 busybox arping -q -U -c 1 -I lan -s 10.0.0.1 10.0.0.1
	knows 10.0.0.1 "$R2"
}
ok "the second one announces it (ARP request): a believes it" wait_for 10 told
heard_4() { heard_some a "arp[14:4] = 0x0a000001" and "arp[6:2] = $1"; }
ok "it was heard" wait_for 5 heard_4 1
reply4()
{
	on r2 busybox arping -q -A -c 1 -I lan -s 10.0.0.1 10.0.0.1
	wait_for 1 heard_4 2
}
ok "in the form of a reply too" wait_for 10 reply4
advert6=$(ether 33:33:00:00:00:01 "$R2" 86dd \
	"$(advert fd00::1 ff02::1 fd00::1 "$R2")")
# As if by itself: a bridge port sends what it is given.
told6()
{
	bytes "$advert6" | on r2 socat -u - INTERFACE:lan
	knows fd00::1 "$R2"
}
ok "and for IPv6, unasked: a believes it" wait_for 10 told6
ok "a uses the second router" wait_for 20 reach a 10.9.0.9
ok "by IPv6" wait_for 20 reach a fd09::9
is "trace: the announcement for IPv6 may pass" \
	"$(trace_says sw0.r "$advert6")" "deliver none"
for form in request reply; do
	is "the one by an ARP $form" \
		"$(trace_says sw0.r "$(ether $ALL "$R2" 0806 "$(
			arp $form "$R2" 10.0.0.1 $ALL 10.0.0.1)")")" \
		"deliver none"
	is "nobody may announce an address a never dealt with: ARP $form" \
		"$(trace_says sw0.r "$(ether $ALL "$R2" 0806 "$(
			arp $form "$R2" 10.0.0.88 $ALL 10.0.0.88)")")" \
		"drop no_flow"
done
is "nobody may announce an address a never dealt with" "$(trace_says sw0.r "$(
	ether 33:33:00:00:00:01 "$R2" 86dd \
		"$(advert fd00::88 ff02::1 fd00::88 "$R2")")")" "drop no_flow"
is "nor a's own" "$(trace_says sw0.r "$(
	ether 33:33:00:00:00:01 "$R2" 86dd \
		"$(advert fd00::2 ff02::1 fd00::2 "$R2")")")" "drop no_flow"
before=$(refused)
never()
{
	on r2 busybox arping -q -U -c 1 -I lan -s 10.0.0.88 10.0.0.88
	wait_for 1 refused_more "$before"
}
on r2 ip addr add 10.0.0.88/24 dev lan
ok "and it is refused" wait_for 10 never
on r2 ip addr del 10.0.0.88/24 dev lan

# --- a flood of its own ----------------------------------------------------

# The server speaks; whoever holds the FIFO open decides what, and when.
mkfifo words
exec 7<>words
on srv sh -c 'exec socat -u - TCP-LISTEN:7,reuseaddr <words' 7>&- &
echo one >&7
on a sh -c 'exec socat -u TCP:10.9.0.9:7,retry=20 CREATE:told' 7>&- &
ok "a connection is made, and used" wait_for 20 grep -q one told
idle()
{
	"$WEIR" show -j flows | jq -e 'any(.[]; .protocol == "tcp" and
		.destination_port == 7 and .left < 7440 - 2)'
}
ok "and at rest" wait_for 20 idle
on a bash -c 'for ((p = 10000; p < 16000; p++)); do
	echo >"/dev/udp/10.9.0.9/$p"; done' 2>/dev/null
is "the table of 256 is full of others" "$([ "$("$WEIR" show -j flows |
	jq 'map(select(.protocol == "udp")) | length')" -ge 100 ] && echo full)" full
echo two >&7
ok "the idle connection is still there" wait_for 20 grep -q two told
exec 7>&-
finish
