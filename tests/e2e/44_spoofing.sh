#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# hc17: who may use which address is checked at every port, the uplink included.
# An attacker says by ARP, neighbour discovery and plain packets that he is
# somebody else; the victims believe none of it, and go on talking to whom they
# mean. Without the locks the same frames do harm.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

host victim 10.0.0.1/24 fd00::1/64
host server 10.0.0.2/24 fd00::2/64
host evil 10.0.0.66/24 fd00::66/64
host gate 10.0.0.254/24 fd00::254/64
host fresh

topology()
{
	cat <<END
switch sw0 {
	port victim { tap "v0" netns "victim" }
	port server { tap "s0" netns "server"; mac lock 02:00:00:00:00:02
		ip lock 10.0.0.2, fd00::2, fe80::/64 }
	port evil { tap "e0" netns "evil"; $1 }
	port uplink { tap "g0" netns "gate"; $2 }
	port fresh { tap "f0" netns "fresh"; mac sticky 1
		ip lock 10.0.0.100/30, fe80::/64 }
}
group hosts { victim, server, evil, uplink, fresh }
allow hosts <-> hosts
END
}
lock="ip lock 10.0.0.66, fd00::66, fe80::/64"
gate="ip lock 10.0.0.254, fd00::254, fe80::/64"
own_mac="mac lock 02:00:00:00:00"
topology "" "" >open.conf
topology "$lock" "$gate" >locked.conf
topology "$lock; $own_mac:66" "$gate; $own_mac:fe" >both.conf
weir_start locked.conf
on server ip link set s0 address 02:00:00:00:00:02
on evil ip link set e0 address 02:00:00:00:00:66
on gate ip link set g0 address 02:00:00:00:00:fe

V=$(mac victim) S=02:00:00:00:00:02 E=02:00:00:00:00:66 G=02:00:00:00:00:fe
ok "everybody talks: the victim to the server" reach victim 10.0.0.2
ok "by IPv6" reach victim fd00::2
ok "to the gate" reach victim 10.0.0.254
ok "by IPv6" reach victim fd00::254
ok "the server to the gate" reach server 10.0.0.254
ok "and to the impostor" reach evil 10.0.0.1
ok "by IPv6 too" reach evil fd00::1

# believes HOST ADDR MAC
believes()
{
	[ "$(a_neighbour_of "$1" "$2")" = "$3" ]
}
neighbours()
{
	local row

	for row in "victim 10.0.0.2 $S" "victim fd00::2 $S" \
		"victim 10.0.0.254 $G" "victim fd00::254 $G" \
		"server 10.0.0.1 $V" "server fd00::1 $V" "server 10.0.0.254 $G"; do
		# shellcheck disable=SC2086 # three words
		ok "$1: $row" believes $row
	done
}
# behind MAC: which port the switch takes it to be behind.
behind()
{
	"$WEIR" show fdb | awk -F '\t' -v mac="$1" '$2 == mac { print $4 }'
}
is_behind()
{
	[ "$(behind "$1")" = "$2" ]
}
neighbours "who is who"

# --- lies ------------------------------------------------------------------

# refused WHAT FROM HEX REASON
refused()
{
	local what=$1 from=$2 hex=$3 reason=$4 port=sw0.$2 before
	[ "$from" != gate ] || port=sw0.uplink
	before=$(dropped "$port" "$reason")

	is "$what: trace" "$(trace_says "$port" "$hex")" "drop $reason"
	# A raw frame can be lost before it gets to the switch.
	counts()
	{
		send "$from" "$hex"
		wait_for 1 dropped_more "$port" "$reason" "$before"
	}
	ok "... refused" wait_for 5 counts
}
dropped_more()
{
	[ "$(dropped "$1" "$2")" -gt "$3" ]
}

# honest MAC IPV4-IN-HEX IPV4 IPV6 IPV6-IN-HEX: a filter for what a host may say
# of itself; the last is of what is before and behind the zeros.
honest()
{
	local mac=${1//:/}

	echo "ether src $1 and ((ip and src host $3) or" \
		"(arp and arp[14:4] = 0x$2 and arp[8:4] = 0x${mac:0:8} and" \
		"arp[12:2] = 0x${mac:8}) or (ip6 and (src host $4 or" \
		"src net fe80::/64) and not (ip6[6] = 58 and ip6[40] = 136 and" \
		"not (ip6[48:2] = 0xfe80 or (ip6[48:4] = 0xfd000000 and" \
		"ip6[52:4] = 0 and ip6[56:4] = 0 and ip6[60:4] = 0x$5)))))"
}
lies_heard()
{
	heard "$1" "not ($(honest $E 0a000042 10.0.0.66 fd00::66 66)) and
		not ($(honest $G 0a0000fe 10.0.0.254 fd00::254 254))"
}

Z=00:00:00:00:00:00 M=33:33:00:00:00:01
# What, from, to, from which Ethernet address, type, packet.
told=(
	"gratuitous ARP, a request|evil|$ALL|$E|0806|$(
		arp request $E 10.0.0.2 $Z 10.0.0.2)"
	"gratuitous ARP, a reply|evil|$ALL|$E|0806|$(
		arp reply $E 10.0.0.2 $ALL 10.0.0.2)"
	"gratuitous ARP as the gate|evil|$ALL|$E|0806|$(
		arp request $E 10.0.0.254 $Z 10.0.0.254)"
	"an ARP reply nobody asked for|evil|$V|$E|0806|$(
		arp reply $E 10.0.0.2 "$V" 10.0.0.1)"
	"one as the gate|evil|$V|$E|0806|$(
		arp reply $E 10.0.0.254 "$V" 10.0.0.1)"
	"one as the victim, to the server|evil|$S|$E|0806|$(
		arp reply $E 10.0.0.1 $S 10.0.0.2)"
	"an ARP request that tells it by the way|evil|$V|$E|0806|$(
		arp request $E 10.0.0.2 $Z 10.0.0.1)"
	"ARP, with its own IP and another's Ethernet address|evil|$V|$E|0806|$(
		arp reply $S 10.0.0.66 "$V" 10.0.0.1)"
	"ARP that is right, in a frame that is not|evil|$ALL|$V|0806|$(
		arp request $E 10.0.0.66 $Z 10.0.0.1)"
	"gratuitous ARP in a VLAN|evil|$ALL|$E|8100|00070806$(
		arp request $E 10.0.0.2 $Z 10.0.0.2)"
	"a neighbour advertisement|evil|$V|$E|86dd|$(
		advert fd00::66 fd00::1 fd00::2 $E)"
	"one from the address it is about|evil|$M|$E|86dd|$(
		advert fd00::2 ff02::1 fd00::2 $E)"
	"one as the gate|evil|$M|$E|86dd|$(
		advert fd00::66 ff02::1 fd00::254 $E)"
	"one as the victim, to the server|evil|$S|$E|86dd|$(
		advert fd00::66 fd00::2 fd00::1 $E)"
	"UDP from another's address|evil|$V|$E|0800|$(
		udp 10.0.0.2 10.0.0.1 9 9 x)"
	"UDP from another's IPv6 address|evil|$V|$E|86dd|$(
		udp fd00::2 fd00::1 9 9 x)"
	"from the uplink: gratuitous ARP for the server|gate|$ALL|$G|0806|$(
		arp request $G 10.0.0.2 $Z 10.0.0.2)"
	"from the uplink: an ARP reply as a client|gate|$V|$G|0806|$(
		arp reply $G 10.0.0.2 "$V" 10.0.0.1)"
	"from the uplink: another's Ethernet address in ARP|gate|$V|$G|0806|$(
		arp reply $E 10.0.0.254 "$V" 10.0.0.1)"
	"from the uplink: UDP as a client|gate|$V|$G|0800|$(
		udp 10.0.0.66 10.0.0.1 9 9 x)"
	"from the uplink: UDP as a client, IPv6|gate|$V|$G|86dd|$(
		udp fd00::66 fd00::1 9 9 x)"
	"from the uplink: an advertisement|gate|$M|$G|86dd|$(
		advert fd00::254 ff02::1 fd00::2 $G)"
)
ear victim "not ether src $S"
ear server "not ether src $V"
for one in "${told[@]}"; do
	IFS='|' read -r what from to source type packet <<<"$one"
	refused "$what" \
		"$from" "$(ether "$to" "$source" "$type" "$packet")" ip_lock
done
# truth HOST MAC ADDR: an honest packet arrives, behind whatever came before it
truth()
{
	send evil "$(ether "$2" "$E" 0800 "$(udp 10.0.0.66 "$3" 9 9 honest)")"
	wait_for 1 heard_some "$1" udp and src host 10.0.0.66 and \
		ether src "$E"
}
ok "an honest packet arrives" wait_for 5 truth victim "$V" 10.0.0.1
ok "and at the server" wait_for 5 truth server $S 10.0.0.2
is "the victim received no forged packet" "$(lies_heard victim)" 0
is "nor did the server" "$(lies_heard server)" 0
is "nothing was learned from them" "$(behind "$V")" sw0.victim
neighbours "as before"
ok "it still talks to the server" reach victim 10.0.0.2
ok "by IPv6" reach victim fd00::2

# With the tools for it.
on evil ip addr add 10.0.0.2/32 dev e0
before=$(dropped sw0.evil ip_lock)
on evil busybox arping -U -c 1 -I e0 -s 10.0.0.2 10.0.0.2 >/dev/null 2>&1
counts() { [ "$(dropped sw0.evil ip_lock)" -gt "$before" ]; }
ok "arping as the server: refused" wait_for 5 counts
ok "ping as the server: no answer" \
	eval '! on evil ping -n -c 1 -W 1 -I 10.0.0.2 10.0.0.1'
on evil ip addr del 10.0.0.2/32 dev e0
ok "the victim's caches are unchanged" believes victim 10.0.0.2 $S

# --- Ethernet addresses ----------------------------------------------------

# The victim's is locked to no port; so it may move, but not for long.
forged=$(ether "$G" "$V" 0800 "$(udp 10.0.0.66 10.0.0.254 9 9 x)")
before=$(dropped sw0.evil moves) stolen=0
claimed()
{
	send evil "$forged"
	is_behind "$V" sw0.evil || dropped_more sw0.evil moves "$before"
}
home()
{
	send victim "$(frame "$ALL" "$V" here)"
	is_behind "$V" sw0.victim
}
# The victim's kernel may speak in between; that brings it home as well.
while ! dropped_more sw0.evil moves "$before" && [ $stolen -lt 40 ]; do
	wait_for 5 claimed || break
	! is_behind "$V" sw0.evil || stolen=$((stolen + 1))
	wait_for 5 home || break
done
like "an impostor has an address a few times" $stolen '^([1-9]|1[0-9]|2[0-9])$'
is "then it stays at home" "$(behind "$V")" sw0.victim
refused "the next claim" evil "$forged" moves
is "and has moved nothing" "$(behind "$V")" sw0.victim
steady victim 10.0.0.2
before=$(($(dropped sw0.evil moves) + 19))
claimed_on()
{
	send evil "$forged"
	dropped_more sw0.evil moves "$before"
}
ok "it goes on, and is refused" wait_for 10 claimed_on
steady_lost "the victim loses nothing meanwhile"
is "nobody is blocked" "$("$WEIR" show -j ports |
	jq '[.[] | select(.state == "blocked")] | length')" 0
ok "and the impostor is heard with its own" reach evil 10.0.0.1

ok "with mac lock as well" "$WEIR" reload both.conf
for row in "evil 10.0.0.66" "gate 10.0.0.254"; do
	read -r from own <<<"$row"
	for source in 02:00:00:00:00:67 "$V" $S; do
		refused "$from, as $source" "$from" "$(ether $ALL "$source" \
			0800 "$(udp "$own" 10.0.0.1 9 9 x)")" mac_lock
	done
done
refused "the gate as evil" gate "$(ether "$V" $E 0800 \
	"$(udp 10.0.0.254 10.0.0.1 9 9 x)")" mac_lock
refused "a locked address at a port that has no lock" victim "$(ether $ALL $G \
	0800 "$(udp 10.0.0.1 10.0.0.66 9 9 x)")" station_pinned
is "who is where" "$(behind "$V") $(behind $S) $(behind $E) $(behind $G)" \
	"sw0.victim sw0.server sw0.evil sw0.uplink"
ok "the honest host goes on" reach evil 10.0.0.1

# --- before one has an address ---------------------------------------------

F=$(mac fresh)
# igmp TYPE: from nobody, with a router alert; a report has one group in it.
igmp()
{
	local head=46000028000000000102 tail=00000000e000001694040000
	local rest=0000000104000000e0000105

	head+=$(sum16 "${head}0000$tail")$tail
	echo "$head${1}00$(sum16 "${1}000000$rest")$rest"
}
report=$(ether 01:00:5e:00:00:16 "$F" 0800 "$(igmp 22)")
is "a host without an address may join groups" "$(trace_says fresh "$report" |
	cut -d ' ' -f 1)" deliver
ear victim igmp and src host 0.0.0.0
joins() { send fresh "$report"; wait_for 1 heard_some victim; }
on fresh ip link set f0 up
ok "and is heard" wait_for 10 joins
is "but may not act as a querier" "$(trace_says fresh "$(
	ether 01:00:5e:00:00:16 "$F" 0800 "$(igmp 11)")")" "drop ip_lock"
on gate ip addr add 10.0.0.254/24 dev g0 2>/dev/null
on gate dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=g0 \
	--bind-interfaces --dhcp-authoritative --no-ping \
	--dhcp-leasefile="$W/leases" \
	--dhcp-range=10.0.0.100,10.0.0.103,255.255.255.0,10m >dnsmasq.log 2>&1 &
ok "a DHCP server" wait_for 10 grep -q started dnsmasq.log
on fresh ip link set f0 up
got=$(lease fresh 2>lease.log)
like "a locked port gets an address by DHCP" "$got" '^10\.0\.0\.10[0-3]$'
ok "and uses it" reach fresh 10.0.0.1
is "packets like DHCP are refused" "$(trace_says fresh "$(ether $ALL "$F" 0800 \
	"$(udp 0.0.0.0 255.255.255.255 68 69 x)")")" "drop ip_lock"
refused "one more station than sticky has" fresh "$(ether "$V" \
	02:00:00:00:00:99 0800 "$(udp 10.0.0.101 10.0.0.1 9 9 x)")" sticky
is "its one address stays" "$("$WEIR" show -j fdb | jq -r \
	'[.[] | select(.port == "sw0.fresh").mac] | join(" ")')" "$F"

# --- and without -----------------------------------------------------------

ok "no locks" "$WEIR" reload open.conf
# Each lie arrives now: what was silent above is no deaf ear.
arrives()
{
	send "$2" "$3"
	wait_for 1 lies_more "$1" "$before"
}
lies_more()
{
	[ "$(lies_heard "$1")" -gt "$2" ]
}
ear victim "not ether src $S and not ether src $F"
ear server "not ether src $V and not ether src $F"
for one in "${told[@]}"; do
	IFS='|' read -r what from to source type packet <<<"$one"
	# Its home keeps it: that is no matter of locks.
	[ "$source" != "$V" ] || continue
	at=victim
	[ "$to" != $S ] || at=server
	before=$(lies_heard $at)
	ok "it arrives: $what" wait_for 5 arrives $at "$from" \
		"$(ether "$to" "$source" "$type" "$packet")"
done
# believed HOST MAC ADDR TYPE PACKET: the host takes the liar's word for ADDR.
# Linux believes nobody else for a second.
believed()
{
	send evil "$(ether "$2" "$E" "$4" "$5")"
	believes "$1" "$3" "$E"
}
ok "the victim believes the lie: it was the lock that helped" wait_for 10 \
	believed victim "$V" 10.0.0.2 0806 "$(arp reply $E 10.0.0.2 "$V" 10.0.0.1)"
ok "about the gate" wait_for 10 \
	believed victim "$V" 10.0.0.254 0806 "$(arp reply $E 10.0.0.254 "$V" 10.0.0.1)"
ok "by IPv6" wait_for 10 \
	believed victim "$V" fd00::2 86dd "$(advert fd00::66 fd00::1 fd00::2 $E)"
ok "so does the server" wait_for 10 \
	believed server $S 10.0.0.1 0806 "$(arp reply $E 10.0.0.1 $S 10.0.0.2)"
ok "locked again, by command" "$WEIR" lock evil ip 10.0.0.66 fd00::66
told_truth()
{
	send server "$(ether "$V" "$S" 0806 \
		"$(arp reply "$S" 10.0.0.2 "$V" 10.0.0.1)")"
	believes victim 10.0.0.2 "$S"
}
ok "the truth" wait_for 10 told_truth
refused "the same lie" evil \
	"$(ether "$V" $E 0806 "$(arp reply $E 10.0.0.2 "$V" 10.0.0.1)")" ip_lock
ok "and the victim does not believe it" believes victim 10.0.0.2 $S
finish
