#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Segments: TCP and UDP between ports that take them whole and ports that do
# not. What one host sends, another must get, byte for byte.
#
#	whole	a tap			cut	the same, with `offload off`
#	card	a nic			wire	the same, with `offload off`
#	big	a tap with an MTU of 9000
#	near	a tap behind a link
#	far	a tap of another weir, which is connected by a socket
#	inside	a tap in VLAN 10	tagged	the same, two links away: one that takes
#					segments, and one with `offload off`
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

names=(whole cut card wire big near far)
declare -A number=()
for name in "${names[@]}" inside tagged; do
	number[$name]=$((${#number[@]} + 1))
	host "$name" "10.0.0.${number[$name]}/24" "fd00::${number[$name]}/64"
done
for name in card wire; do
	ip link add "to-$name" type veth peer name "${name}0" netns "$name"
	ip link set "to-$name" up
done
cat >far.weir <<END
switch far {
	port far  { tap "far0" netns "far" }
	port here { socket connect "$W/far.sock" }
}
allow far.far <-> far.here
END
"$WEIR" run -n far far.weir >far.log 2>&1 </dev/null &
far=$!
wait_for 20 grep -q ': running$' far.log
weir_start - <<END
switch sw0 {
	port whole { tap "whole0" netns "whole" }
	port cut   { tap "cut0" netns "cut"; offload off }
	port card  { nic "to-card" }
	port wire  { nic "to-wire"; offload off }
	port big   { tap "big0" netns "big"; mtu 9000 }
	port far   { socket listen "$W/far.sock" }
	port dump  { attach "$W/dump.sock" }
	port seen  { capture "$W/seen.pcapng" of cut }
}
switch sw1 { port near { tap "near0" netns "near" } }
switch sw2 { port inside { tap "inside0" netns "inside"; vlan access 10 } }
switch sw3 { }
switch sw4 { port tagged { tap "tagged0" netns "tagged"; vlan access 10 } }
link sw0.up <-> sw1.down
link sw2.out <-> sw3.one { vlan trunk 10 }
link sw3.two <-> sw4.out { vlan trunk 10; offload off }
group here { whole, cut, card, wire, big, sw0.far, up }
allow here <-> here
allow whole -> dump
allow near <-> down
allow inside <-> sw2.out
allow one <-> two
allow tagged <-> sw4.out
END

head -c 1500000 /dev/urandom >data
sum=$(sha256sum <data)

# stream FROM TO [ADDRESS]: all of it, by TCP over IPv4 or IPv6 in turn.
stream()
{
	local v=4 to=10.0.0.${number[$2]}

	[ $((number[$1] % 2)) = 0 ] || v=6 to=[fd00::${number[$2]}]
	rm -f got
	on "$2" timeout 30 socat -u "TCP$v-LISTEN:5000,reuseaddr" CREATE:got \
		>/dev/null 2>&1 &
	wait_for 10 on "$2" sh -c 'ss -Hltn sport = :5000 | grep -q .'
	on "$1" timeout 30 socat -u OPEN:data "TCP$v:$to:5000" || return
	wait $!
	[ "$(sha256sum <got)" = "$sum" ]
}

for name in whole cut wire; do
	ear $name tcp or udp
done
for from in "${names[@]}"; do
	for to in "${names[@]}"; do
		[ "$from" = "$to" ] ||
			ok "a stream from $from to $to" stream "$from" "$to"
	done
done
ok "a stream with a tag that is cut on its way" stream inside tagged
ok "and one that comes back" stream tagged inside

# --- what went by -----------------------------------------------------------

longest()
{
	tcpdump -r "$1.pcap" -n -e 2>/dev/null |
		sed -n 's/.*, length \([0-9]*\): .*/\1/p' | sort -n | tail -n 1
}
ok "segments arrive whole at a tap" [ "$(longest whole)" -gt 9014 ]
is "but not where offloads are off" "$(longest cut)" 1514
is "nor at such an interface" "$(longest wire)" 1514

# wrong FILE: packets whose checksum is not what it has to be.
wrong()
{
	tshark -n -r "$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -Y 'ip.checksum.status == "Bad" ||
		tcp.checksum.status == "Bad" ||
		udp.checksum.status == "Bad"' 2>/dev/null | head -n 5
}
is "checksums are right where they are cut" "$(wrong cut.pcap)" ""
is "and where they leave by an interface" "$(wrong wire.pcap)" ""
ok "there were thousands" [ "$(heard cut)" -gt 5000 ]
for reason in bad_offload mtu outside_offload outside_oversize; do
	is "nothing was lost: $reason" "$("$WEIR" show -n topology -j drops |
		jq "[.[] | select(.reason == \"$reason\").count] | add // 0")" 0
done

# --- what trace says of them ------------------------------------------------

# ways TO: how `weir trace` says a segment from whole gets there.
ways()
{
	"$WEIR" trace -n topology -j whole "dst=$1" 10.0.0.9 tcp \
		segment 1448 len 14534 |
		jq -r '[., .hops[]] | .[].steps[] |
		       select(.step == "deliver") | .text'
}
is "a segment to a card is to go as it is" "$(ways card)" \
	"to sw0.card, as it is"
is "where offloads are off it is to be cut" \
	"$(ways cut)" "to sw0.cut, cut into 10 frames"
is "behind a link that takes it, too, it is whole" "$(ways sw0.up)" \
	"$(printf '%s\n' "to sw0.up, as it is" "to sw1.near, as it is")"
ok "what contradicts itself is refused" eval '"$WEIR" trace -n topology \
	whole dst=cut 10.0.0.9 tcp syn segment 1448 | grep -q "bad_offload"'
ok "and of a port without offloads not read" eval '"$WEIR" trace -n topology \
	cut dst=whole 10.0.0.9 tcp segment 100 | grep -q "offload.skip"'
ok "a link that does not take segments gets frames" eval '[ "$("$WEIR" trace \
	-n topology -j one broadcast 10.0.0.9 udp segment 1000 len 5042 vlan 10 |
	jq -r ".hops[].length" | head -n 1)" = 1046 ]'

# --- datagrams --------------------------------------------------------------

# datagrams ADDRESS: eight of 1000 bytes, in one segment.
datagrams()
{
	head -c 8000 data | on whole socat -u -b 8000 - \
		"UDP4-SENDTO:$1:7000,setsockopt-int=17:103:1000"
}
eight_came()
{
	[ "$(heard "$1" 'udp dst port 7000 and len == 1042')" = 8 ]
}
for to in cut wire; do
	ok "a segment of datagrams leaves for $to" \
		datagrams "10.0.0.${number[$to]}"
	ok "and they come one by one" wait_for 10 eight_came $to
	is "with right checksums" "$(wrong $to.pcap)" ""
done

# A program gets them one by one, as it always did.
on whole ip neigh add 10.0.0.99 lladdr 02:00:00:00:00:99 dev whole0
"$EXAMPLES/hexdump" "$W/dump.sock" 8 >dump.txt 2>&1 &
dump=$!
port_is_up()
{
	[ "$("$WEIR" show -n topology -j ports | jq -r \
		'.[] | select(.port == "sw0.dump").state')" = up ]
}
wait_for 10 port_is_up
ok "a segment of datagrams leaves for a program" datagrams 10.0.0.99
wait $dump
is "it has eight frames" "$(grep -c '^1042 bytes' dump.txt)" 8

kill "$far" && wait "$far"
finish
