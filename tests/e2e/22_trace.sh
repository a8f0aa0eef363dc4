#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `weir trace` says what forwarding does: for frames of every kind, its verdict
# is held against what arrives and what is counted, and asking changes nothing.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a
quiet_host b
quiet_host c
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a"; mac lock 02:00:00:00:00:0a }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c" }
}
allow a <-> b
allow b -> c
END
A=02:00:00:00:00:0a B=$(mac b) C=$(mac c)
all=ff:ff:ff:ff:ff:ff
send b "$(frame $all "$B" hello)"
send c "$(frame $all "$C" hello)"
known()
{
	[ "$("$WEIR" show fdb | cut -f 2 | grep -cE "$B|$C")" = 2 ]
}
ok "b and c are known" wait_for 5 known

# total PORT: frames that came in; drops PORT: frames dropped.
total() { counter "sw0.$1" in_frames; }
drops()
{
	"$WEIR" show -j drops | jq --arg port "sw0.$1" \
		'[.[] | select(.port == $port).count] | add // 0'
}

# agree WHAT FROM HEX WANT [PORT...]: trace says WANT, delivering to PORTs, and
# the frame itself does just that.
agree()
{
	local what=$1 from=$2 hex=$3 want=$4 taken dropped said reason port got
	local -A before
	shift 4

	for port in a b c; do
		before[$port]=$(counter "sw0.$port" out_frames)
	done
	dropped=$(drops "$from") taken=$(total "$from")
	said=$("$WEIR" trace -j "sw0.$from" "$hex")
	is "$what: trace" \
		"$(jq -r '.verdict + " " + .reason' <<<"$said")" "$want"
	is "... to" "$(jq -r '.deliver | join(" ")' <<<"$said")" "$(
		for port; do echo "sw0.$port"; done | paste -sd ' ')"
	is "... asking counted nothing" "$(total "$from") $(drops "$from")" \
		"$taken $dropped"
	reason=${want#* }
	got=$(dropped "sw0.$from" "$reason")
	send "$from" "$hex"
	wait_for 5 counted "sw0.$from" in_frames $((taken + 1)) ||
		_result 1 "the switch takes the frame"
	for port in a b c; do
		is "... $port gets" \
			$(($(counter "sw0.$port" out_frames) - before[$port])) \
			"$(printf '%s\n' "$@" | grep -cx $port)"
	done
	if [ "${want% *}" = drop ]; then
		is "... counted as $reason" \
			$(($(dropped "sw0.$from" "$reason") - got)) 1
	else
		is "... no drop" "$(drops "$from")" "$dropped"
	fi
}

agree "known unicast" a "$(frame "$B" $A x)" "deliver none" b
agree "known unicast that is not allowed" \
	a "$(frame "$C" $A x)" "drop not_allowed"
agree "one-way allow" b "$(frame "$C" "$B" x)" "deliver none" c
agree "against the way" c "$(frame "$B" "$C" x)" "drop not_allowed"
agree "broadcast" b "$(frame $all "$B" x)" "deliver none" a c
agree "broadcast from one who may send to nobody" c "$(frame $all "$C" x)" \
	"drop no_destination"
agree "multicast" b "$(frame 33:33:00:00:00:01 "$B" x)" "deliver none" a c
agree "unknown unicast, which a locked port need not get" b \
	"$(frame 02:00:00:00:00:77 "$B" x)" "deliver none" c
agree "a locked port's other address" a "$(frame "$B" 02:00:00:00:00:66 x)" \
	"drop mac_lock"
agree "a locked address from another port" b "$(frame "$C" $A x)" \
	"drop station_pinned"
agree "to oneself" b "$(frame "$B" "$B" x)" "drop same_port"
agree "802.1 reserved" b "$(frame 01:80:c2:00:00:0e "$B" x)" "drop reserved"
agree "a group address as source" b "$(frame "$C" 01:00:5e:00:00:01 x)" \
	"drop bad_source"
agree "a zero source" b "$(frame "$C" 00:00:00:00:00:00 x)" "drop bad_source"
agree "VLAN 4095" b "$(frame "$C" "$B" x | sed "s/$TEST/81000fff/")" "drop vlan"
agree "another VLAN is another table" b \
	"$(frame "$C" "$B" x | sed "s/$TEST/81000007$TEST/")" "deliver none" c
agree "the largest frame" b "$(frame "$C" "$B" x)$(printf '%02908d' 0)" \
	"deliver none" c

is "a runt, which no interface would send" \
	"$(trace_says b 0200000000)" "drop runt"
is "one too long, which none would send either" \
	"$(trace_says b dst="$C" src="$B" len=1523)" "drop oversize"
is "the described form is the same frame" \
	"$(trace_says b dst=c vlan=4095)" "drop vlan"
is "hex with colons, from standard input" "$(
	frame "$C" "$B" x | sed 's/../&:/g' | "$WEIR" trace b - | tail -n 1 |
		cut -f 2)" deliver
bytes "$(frame "$C" "$B" x)" >frame.bin
is "bytes from a file" "$("$WEIR" trace b @frame.bin | tail -n 1 | cut -f 2)" \
	deliver

# --- packets in words, over several switches -------------------------------

weir_stop
host d 10.0.0.4/24
host far 10.0.0.9/24
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a"; mac lock 02:00:00:00:00:0a; ip lock 10.0.0.1 }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c"; vlan access 20 }
	port d { tap "d0" netns "d" }
	port off { attach "$W/off.sock" }
	port pcap { capture "x.pcapng" of a }
}
switch sw1 {
	port far { tap "far0" netns "far"; ip lock 10.0.0.9 }
}
link sw0.trunk <-> sw1.up
allow a -> b when "tcp dst port 443" reply
allow a -> { c, off }
allow { a, d } <-> trunk
allow far <-> up when "arp or icmp or tcp port 22"
END
quiet_tap()
{
	on a ip link set a0 address 02:00:00:00:00:0a
	on a ip addr add 10.0.0.1/24 dev a0
	on a ip link set a0 up
}
quiet_tap
ok "a reaches far" reach a 10.0.0.9
send b "$(frame $all "$(mac b)" hello)"
b_known()
{
	"$WEIR" show fdb | cut -f 4 | grep -qx sw0.b
}
ok "b is known" wait_for 5 b_known
is "a filter's words" "$(trace_says a b 'tcp dst port 443')" "deliver none"
is "... of another port" "$(trace_says a b tcp dst port 80)" "drop no_rule"
is "... of another protocol" "$(trace_says a b udp)" "drop no_rule"
like "what was built is said" "$("$WEIR" trace a b tcp 443)" \
	$'^packet\tsw0.a\tfrom\tIPv4 10.0.0.1 > [0-9.]+, TCP 40000 > 443 syn'
is "an address a port is not locked to" \
	"$(trace_says a b from 10.0.0.3 tcp 443)" "drop ip_lock"
is "an address alone is found, behind the other switch" \
	"$("$WEIR" trace a ip 10.0.0.9 icmp | tail -n 1)" \
	$'verdict\tdeliver\tnone\tarrives at sw1.far'
is "the other switch has its say" "$(trace_says a 10.0.0.9 udp port 53)" \
	"drop no_rule"
is "... and is named with the port the frame comes in by" \
	"$("$WEIR" trace a 10.0.0.9 udp 53 | awk '$1 == "hop" { print $2, $4 }')" \
	"sw1.up sw0.trunk"
is "JSON: hops and where it arrives" "$("$WEIR" trace -j a far tcp 22 |
	jq -c '[.port, .verdict, [.hops[] | .port, .via, .verdict], .arrives]')" \
	'["sw0.a","deliver",["sw1.up","sw0.trunk","deliver"],["sw1.far"]]'
on a ping -q -c 1 -W 1 10.0.0.9 >ping.log
like "and so it is" "$(cat ping.log)" '1 received'
for why in "c takes part in VLANs" "off is down" \
	"d: no rule is about frames from sw0.a to it" "pcap is a capture"; do
	like "left out of a flood, and why: $why" \
		"$("$WEIR" trace a arp who-has 10.0.0.77)" \
		$'step\tleft-out\tskip\tsw0.'"$why"
done
is "JSON: left out" "$("$WEIR" trace -j a arp who-has 10.0.0.77 |
	jq -c '[.left_out[] | .port + " " + .reason] | sort')" \
	'["sw0.c vlan_out","sw0.d not_allowed","sw0.off port_down","sw0.pcap capture"]'
# Of each port, one of three things is said.
is "nobody is forgotten" "$("$WEIR" trace -j a 'tcp dst port 443' |
	jq -r '[.deliver[], .refused[].port, .left_out[].port] | sort |
		join(" ")')" "sw0.b sw0.c sw0.d sw0.off sw0.pcap sw0.trunk"
# A flood, which a filter keeps from b alone: b is not first said to be among
# those who get it.
flood=$("$WEIR" trace -j a to 02:00:00:00:00:99 udp)
is "a port that is refused is not called allowed before" "$(jq -r '.steps[] |
	select(.text | contains("sw0.b")) | .result' <<<"$flood")" drop
is "... it is refused once" "$(jq -c '[.refused[] | .port + " " + .reason]' \
	<<<"$flood")" '["sw0.b no_rule"]'
is "... and the others get it" "$(jq -r '.deliver[], .text' <<<"$flood")" \
	"sw0.trunk
delivered to 1 of 2 ports"
finish
