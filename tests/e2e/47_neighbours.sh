#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A rule with `reply` has each side find the other, and no more: hc33 is what
# calls itself ARP or neighbour discovery.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

quiet_host d 10.0.0.1/24
quiet_host srv 10.0.0.2/24
cat >web.conf <<END
switch sw0 {
	port d { tap "d0" netns "d" }
	port srv { tap "s0" netns "srv" }
}
allow d -> srv when "tcp dst port 80" reply
END
weir_start web.conf

# --- what calls itself ARP -------------------------------------------------

D=$(mac d) S=$(mac srv)
on srv busybox nc -ll -p 80 -e true &
connects() { on d busybox nc -w 2 10.0.0.2 80 </dev/null; }
ok "d reaches the server" wait_for 10 connects

# Nothing by chance: the same on every day.
junk=$(yes 5e17a3c94b | head -n 280 | tr -d '\n')
request=$(arp request "$D" 10.0.0.1 00:00:00:00:00:00 10.0.0.2)
asks=$(solicit fd00::1 fd00::2 fd00::2 "$D")
# What, type, packet.
bad=(
	"1,400 octets of anything|0806|$junk"
	"ARP with 1,200 octets behind it|0806|$request${junk:0:2400}"
	"ARP cut short|0806|${request:0:40}"
	"ARP of another operation|0806|${request:0:12}0009${request:16}"
	"a solicitation from farther away|86dd|${asks:0:14}40${asks:16}"
	"one with 1,200 octets behind it|86dd|$asks${junk:0:2400}"
	"one that is longer than its frame|86dd|${asks:0:8}0400${asks:12}"
	"one with a wrong checksum|86dd|${asks:0:84}beef${asks:88}"
	"one with an option of no length|86dd|${asks:0:130}00${asks:132}"
)
# Of whole frames the shortest are made longer; this one is to be short.
short="${bad[2]##*|}"
ear srv "arp or ip6"
lost=$(dropped sw0.d no_rule)
for one in "${bad[@]}"; do
	IFS='|' read -r what type packet <<<"$one"
	hex=$(ether "$S" "$D" "$type" "$packet")
	[ "$packet" != "$short" ] || hex="${S//:/}${D//:/}$type$packet"
	is "$what: trace" "$(trace_says sw0.d "$hex")" "drop no_rule"
	more() { [ "$(dropped sw0.d no_rule)" -gt "$lost" ]; }
	tried() { send d "$hex" && wait_for 1 more; }
	ok "... and sent" wait_for 5 tried
	lost=$(dropped sw0.d no_rule)
done
last() { heard_some srv arp and ether src "$D"; }
honest() { send d "$(ether "$S" "$D" 0806 "$request")"; wait_for 1 last; }
ok "ARP as it should be arrives" wait_for 5 honest
ok "so does a solicitation" [ "$(trace_says sw0.d \
	"$(ether "$S" "$D" 86dd "$asks")")" = "deliver none" ]
is "nothing else has" "$(heard srv 'not (arp[6:2] = 1 and less 60)')" 0

# Padding carries nothing.
chatty="${S//:/}${D//:/}0806$request${junk:0:36}"
ear srv arp
honest() { send d "$chatty"; wait_for 1 last; }
ok "with chatty padding it arrives too" wait_for 5 honest
is "without what it said" "$(heard srv \
	'ether[42:4] != 0 or ether[46:4] != 0 or ether[56:4] != 0')" 0
ok "the server is still reached" wait_for 10 connects
finish
