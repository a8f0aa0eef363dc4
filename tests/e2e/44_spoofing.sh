#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# hc17: who may use which address is checked at every port, the uplink included.
# An attacker says by ARP, neighbour discovery and plain packets that he is
# somebody else; the victims believe none of it, and go on talking to whom they
# mean. Without the locks the same frames do harm.
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
topology "" "" >open.conf
topology "$lock" "$gate" >locked.conf
topology "$lock; mac lock 02:00:00:00:00:66" "$gate" >both.conf
weir_start locked.conf
on server ip link set s0 address 02:00:00:00:00:02
on evil ip link set e0 address 02:00:00:00:00:66

V=$(mac victim) S=02:00:00:00:00:02 E=02:00:00:00:00:66 G=$(mac gate)
ok "everybody talks: the victim to the server" reach victim 10.0.0.2
ok "by IPv6" reach victim fd00::2
ok "to the gate" reach victim 10.0.0.254
ok "and to him from whom nobody expects it" reach evil 10.0.0.1
ok "by IPv6 too" reach evil fd00::1

believes()
{
	[ "$(a_neighbour_of victim "$1")" = "$2" ]
}
ok "the victim knows the server" believes 10.0.0.2 $S
ok "by IPv6" believes fd00::2 $S

# --- lies -------------------------------------------------------------------

# lie WHAT FROM ETHERTYPE PACKET [DST] [SRC]: refused by the address lock
lie()
{
	local what=$1 from=$2 reason=ip_lock before hex
	hex=$(ether "${5-$ALL}" "${6-$(mac "$from")}" "$3" "$4")
	[ "$from" != gate ] || from=uplink
	before=$(dropped "sw0.$from" "$reason")

	is "$what: trace" "$(trace_says "sw0.$from" "$hex")" "drop $reason"
	send "$2" "$hex"
	counts() { [ "$(dropped "sw0.$from" "$reason")" -gt "$before" ]; }
	ok "... refused" wait_for 5 counts
}
Z=00:00:00:00:00:00
lies=0806
told=(
	"gratuitous ARP, a request|$lies|$(arp request $E 10.0.0.2 $Z 10.0.0.2)|$ALL"
	"gratuitous ARP, a reply|$lies|$(arp reply $E 10.0.0.2 $ALL 10.0.0.2)|$ALL"
	"an ARP reply nobody asked for|$lies|$(arp reply $E 10.0.0.2 "$V" 10.0.0.1)|$V"
	"an ARP request that tells it by the way|$lies|$(
		arp request $E 10.0.0.2 $Z 10.0.0.1)|$V"
	"ARP, with its own IP and another's Ethernet address|$lies|$(
		arp reply $S 10.0.0.66 "$V" 10.0.0.1)|$V"
	"a neighbour advertisement|86dd|$(advert fd00::66 fd00::1 fd00::2 $E)|$V"
	"one from the address it is about|86dd|$(
		advert fd00::2 ff02::1 fd00::2 $E)|33:33:00:00:00:01"
	"UDP from another's address|0800|$(udp 10.0.0.2 10.0.0.1 9 9 x)|$V"
	"UDP from another's IPv6 address|86dd|$(udp fd00::2 fd00::1 9 9 x)|$V"
)
ear victim "ether src $E or ether src $G"
for one in "${told[@]}"; do
	IFS='|' read -r what type packet to <<<"$one"
	lie "$what" evil "$type" "$packet" "$to"
done
# A VLAN tag in front must hide nothing.
lie "gratuitous ARP in a VLAN" evil 8100 "0007${lies}$(
	arp request $E 10.0.0.2 $Z 10.0.0.2)"
lie "from the uplink: gratuitous ARP for the server" gate 0806 \
	"$(arp request "$G" 10.0.0.2 $Z 10.0.0.2)"
lie "from the uplink: UDP as a client" gate 0800 \
	"$(udp 10.0.0.66 10.0.0.1 9 9 x)" "$V"
lie "from the uplink: an advertisement" gate 86dd \
	"$(advert fd00::254 ff02::1 fd00::2 "$G")" 33:33:00:00:00:01
send evil "$(ether "$V" $E 0800 "$(udp 10.0.0.66 10.0.0.1 9 9 honest)")"
ok "an honest packet arrives" wait_for 5 heard_some victim udp
# Of the server: a sender in ARP, a target of an advertisement, a source.
is "and none of the lies" "$(heard victim 'arp[14:4] = 0x0a000002 or
	(arp[8:4] = 0x02000000 and arp[12:2] = 2) or
	(ip6[40] = 136 and ip6[48:4] = 0xfd000000 and ip6[60:4] = 2) or
	src host 10.0.0.2 or src host fd00::2 or vlan or
	(udp and not src host 10.0.0.66) or
	(src host 10.0.0.66 and ether src not '$E')')" 0
ok "the victim's neighbours are who they were" believes 10.0.0.2 $S
ok "by IPv6" believes fd00::2 $S
ok "it still talks to the server" reach victim 10.0.0.2

# With the tools for it.
on evil ip addr add 10.0.0.2/32 dev e0
before=$(dropped sw0.evil ip_lock)
on evil busybox arping -U -c 1 -I e0 -s 10.0.0.2 10.0.0.2 >/dev/null 2>&1
counts() { [ "$(dropped sw0.evil ip_lock)" -gt "$before" ]; }
ok "arping as the server: refused" wait_for 5 counts
ok "ping as the server: no answer" \
	eval '! on evil ping -n -c 1 -W 1 -I 10.0.0.2 10.0.0.1'
on evil ip addr del 10.0.0.2/32 dev e0
ok "the victim believes as before" believes 10.0.0.2 $S

# --- Ethernet addresses -----------------------------------------------------

ok "with mac lock as well" "$WEIR" reload both.conf
before=$(dropped sw0.evil mac_lock)
hex=$(ether "$V" 02:00:00:00:00:67 0800 "$(udp 10.0.0.66 10.0.0.1 9 9 x)")
is "trace: another Ethernet address" "$(trace_says evil "$hex")" "drop mac_lock"
send evil "$hex"
counts() { [ "$(dropped sw0.evil mac_lock)" -gt "$before" ]; }
ok "... refused" wait_for 5 counts
is "the server's address at another port" "$(trace_says victim \
	"$(ether "$ALL" $S 0800 "$(udp 10.0.0.1 10.0.0.66 9 9 x)")")" \
	"drop station_pinned"
ok "the honest one goes on" reach evil 10.0.0.1

# --- before one has an address ----------------------------------------------

F=$(mac fresh)
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
is "what is like DHCP and is not" "$(trace_says fresh "$(ether "$ALL" "$F" 0800 \
	"$(udp 0.0.0.0 255.255.255.255 68 69 x)")")" "drop ip_lock"
before=$(dropped sw0.fresh sticky)
hex=$(ether "$V" 02:00:00:00:00:99 0800 "$(udp 10.0.0.101 10.0.0.1 9 9 x)")
is "one more station than sticky has: trace" "$(trace_says fresh "$hex")" \
	"drop sticky"
send fresh "$hex"
counts() { [ "$(dropped sw0.fresh sticky)" -gt "$before" ]; }
ok "... refused" wait_for 5 counts
is "its one address stays" "$("$WEIR" show -j fdb | jq -r \
	'[.[] | select(.port == "sw0.fresh").mac] | join(" ")')" "$F"

# --- and without ------------------------------------------------------------

ok "no locks" "$WEIR" reload open.conf
send evil "$(ether "$V" $E 0806 "$(arp reply $E 10.0.0.2 "$V" 10.0.0.1)")"
ok "the victim believes the lie: it was the lock that helped" \
	wait_for 5 believes 10.0.0.2 $E
ok "locked again, by command" "$WEIR" lock evil ip 10.0.0.66 fd00::66
# Linux believes nobody else for a second.
truth()
{
	send server "$(ether "$V" "$S" 0806 \
		"$(arp reply "$S" 10.0.0.2 "$V" 10.0.0.1)")"
	believes 10.0.0.2 "$S"
}
ok "the truth" wait_for 10 truth
lie "the same lie" evil 0806 "$(arp reply $E 10.0.0.2 "$V" 10.0.0.1)" "$V"
ok "is believed no more" believes 10.0.0.2 $S
finish
