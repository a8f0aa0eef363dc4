#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `weir trace` says what forwarding does: for frames of every kind, its verdict
# is held against what arrives and what is counted, and asking changes nothing.
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
	is "$what: trace" "$(jq -r '.verdict + " " + .reason' <<<"$said")" "$want"
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
agree "known unicast that is not allowed" a "$(frame "$C" $A x)" "drop not_allowed"
agree "one-way allow" b "$(frame "$C" "$B" x)" "deliver none" c
agree "against the way" c "$(frame "$B" "$C" x)" "drop not_allowed"
agree "broadcast" b "$(frame $all "$B" x)" "deliver none" a c
agree "broadcast from one who may send to nobody" c "$(frame $all "$C" x)" \
	"drop no_destination"
agree "multicast" b "$(frame 33:33:00:00:00:01 "$B" x)" "deliver none" a c
agree "unknown unicast" b "$(frame 02:00:00:00:00:77 "$B" x)" \
	"deliver none" a c
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
	"$(frame "$C" "$B" x | sed "s/$TEST/81000007$TEST/")" "deliver none" a c
agree "the largest frame" b "$(frame "$C" "$B" x)$(printf '%02908d' 0)" \
	"deliver none" c

is "a runt, which no interface would send" "$(trace_says b 0200000000)" "drop runt"
is "one too long, which none would send either" \
	"$(trace_says b dst="$C" src="$B" len=1523)" "drop oversize"
is "the described form is the same frame" \
	"$(trace_says b dst=c vlan=4095)" "drop vlan"
is "hex with colons, from standard input" "$(
	frame "$C" "$B" x | sed 's/../&:/g' | "$WEIR" trace b - | tail -n 1 |
		cut -f 2)" deliver
bytes "$(frame "$C" "$B" x)" >frame.bin
is "octets from a file" "$("$WEIR" trace b @frame.bin | tail -n 1 | cut -f 2)" \
	deliver
finish
