#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# VLANs, with what Linux has for them: a host with VLAN interfaces at a trunk,
# hosts that know of no VLAN at access ports and at a trunk's native VLAN. Who
# is in the same VLAN talks, by every protocol; who is not, does not; and a tag
# that must not be there gets nobody anywhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

host a10 10.0.0.1/24 fd00::1/64
host b10 10.0.0.2/24 fd00::2/64
host c20 10.0.0.3/24 fd00::3/64
quiet_host n30 10.0.0.4/24
host router
host probe

weir_start - <<'END'
group hosts { a10, b10, c20, n30, router, wide }
switch sw0 {
	port a10 { tap "a0" netns "a10"; vlan access 10 }
	port b10 { tap "b0" netns "b10"; vlan access 10 }
	port c20 { tap "c0" netns "c20"; vlan access 20 }
	port router { tap "r0" netns "router"; vlan trunk 10, 20-21, 30 }
	port n30 { tap "n0" netns "n30"; vlan trunk 20, 30 native 30 }
	port wide { tap "w0" netns "probe" }
}
allow hosts <-> hosts
END

on router ip link set r0 up
on probe ip link set w0 up
# A kernel without VLAN devices lets another switch stand in: what has the tags
# is held against tcpdump below all the same.
for vlan in 10 20 30 40; do
	host v$vlan
done
if on router ip link add link r0 name v10 type vlan id 10 2>vlan.log; then
	for vlan in 20 30 40; do
		on router ip link add link r0 name v$vlan type vlan id $vlan
	done
	for vlan in 10 20 30 40; do
		on router ip link set v$vlan netns v$vlan
	done
else
	note "no VLAN device here: $(head -n 1 vlan.log)"
	cat >vlans.conf <<-'END'
		switch vlans {
			port trunk { nic "r0" netns "router"; vlan trunk 10, 20, 30, 40 }
			port v10 { tap "v10" netns "v10"; vlan access 10 }
			port v20 { tap "v20" netns "v20"; vlan access 20 }
			port v30 { tap "v30" netns "v30"; vlan access 30 }
			port v40 { tap "v40" netns "v40"; vlan access 40 }
		}
		allow trunk <-> { v10, v20, v30, v40 }
	END
	mkdir vlans
	WEIR_RUNDIR=$W/vlans "$WEIR" run vlans.conf >vlans.log 2>&1 </dev/null &
	vlans=$!
	ok "a switch with the VLANs" wait_for 20 grep -q ': running$' vlans.log
fi
for vlan in 10 20 30 40; do
	on v$vlan ip link set v$vlan up
	on v$vlan ip addr add 10.0.0.$((100 + vlan))/24 dev v$vlan
	on v$vlan ip addr add fd00::$((100 + vlan))/64 dev v$vlan
done

# --- who reaches whom ------------------------------------------------------

can_talk a10 1 b10 2
ok "the trunk's VLAN 10 reaches a10" reach v10 10.0.0.1
ok "by IPv6 too" reach v10 fd00::1
ok "a10 reaches the trunk's VLAN 10" reach a10 10.0.0.110
ok "with what must be cut into fragments" \
	on a10 ping -n -c 2 -W 2 -s 9000 10.0.0.110
ok "VLAN 20 reaches c20" reach v20 10.0.0.3
ok "c20 reaches VLAN 20" reach c20 10.0.0.120
ok "VLAN 30 reaches n30, who knows nothing of it" reach v30 10.0.0.4
ok "n30 reaches VLAN 30" reach n30 10.0.0.130

pids=()
# no NAME COMMAND...: in the background, as these take a while
no()
{
	{ "${@:2}" >/dev/null 2>&1; echo $? >"no-$1"; } &
	pids+=($!)
}
no a10-c20 no_reach a10 10.0.0.3
no a10-c20-v6 no_reach a10 fd00::3
no c20-b10 no_reach c20 10.0.0.2
no a10-n30 no_reach a10 10.0.0.4
no n30-c20 no_reach n30 10.0.0.3
no a10-20 no_reach a10 10.0.0.120
no c20-10 no_reach c20 10.0.0.110
no v20-a10 no_reach v20 10.0.0.1
no v10-c20 no_reach v10 10.0.0.3
no v40-a10 no_reach v40 10.0.0.1
no v10-n30 no_reach v10 10.0.0.4
wait "${pids[@]}"
for file in no-*; do
	is "${file#no-}: no" "$(cat "$file")" 0
done
ok "VLAN 40 was refused at the trunk" [ "$(dropped sw0.router vlan_in)" -ge 1 ]

vlan_of()
{
	"$WEIR" show -j fdb | jq -r --arg mac "$(mac "$1")" \
		'[.[] | select(.mac == $mac).vlan] | map(tostring) | join(" ")'
}
is "addresses are known in the VLANs they were seen in" \
	"$(vlan_of a10) $(vlan_of c20) $(vlan_of n30)" "10 20 30"
is "the trunk's in three of them" "$("$WEIR" show -j fdb | jq -r '[.[] |
	select(.port == "sw0.router").vlan] | unique | map(tostring) |
	join(" ")')" "10 20 30"

# --- frames with tags ------------------------------------------------------

A=$(mac a10) B=$(mac b10) C=$(mac c20) N=$(mac n30)
R=$(on router ip -j link show r0 | jq -r '.[0].address')

# seen HOST FILTER...: one frame was seen there
arrives() { wait_for 5 heard_some "$@"; }

ear router
ear b10 ether proto 0x$TEST
send a10 "$(frame "$ALL" "$A" from-a10)"
ok "what an access port sends has its tag at a trunk" \
	arrives router vlan 10 and ether proto 0x$TEST and ether src "$A"
ok "and none at an access port" arrives b10 ether proto 0x$TEST
send n30 "$(frame "$ALL" "$N" from-n30)"
ok "what comes untagged to a native trunk has the tag of its VLAN elsewhere" \
	arrives router vlan 30 and ether proto 0x$TEST and ether src "$N"
send n30 "$(tagged 20 "$(frame "$ALL" "$N" from-n30-in-20)")"
ok "what comes to it with a tag keeps that" \
	arrives router vlan 20 and ether proto 0x$TEST and ether src "$N"

# refused WHAT HOST REASON FRAME: nobody gets it, and it is counted.
hear=(a10 b10 c20 n30)
refused()
{
	local what=$1 from=$2 port=sw0.$2 reason=$3 hex=$4 before name
	before=$(dropped "$port" "$reason")
	is "$what: trace" "$(trace_says "$port" "$hex")" "drop $reason"
	send "$from" "$hex"
	# A raw frame can be lost before it gets to the switch.
	counts()
	{
		[ "$(dropped "$port" "$reason")" -gt "$before" ] && return
		send "$from" "$hex"
		return 1
	}
	ok "... refused" wait_for 5 counts
	for name in "${hear[@]}"; do
		is "... $name got none" \
			"$(heard "$name" 'ether[14:4] = 0x72656675 or
			ether[18:4] = 0x72656675 or
			ether[22:4] = 0x72656675')" 0
	done
}
for name in "${hear[@]}" router; do
	ear "$name"
done
refused "a tagged frame at an access port" a10 vlan_in \
	"$(tagged 10 "$(frame "$B" "$A" refused)")"
refused "one of another VLAN, to hop there" a10 vlan_in \
	"$(tagged 20 "$(frame "$C" "$A" refused)")"
refused "two tags at an access port" a10 vlan_in \
	"$(tagged 10 "$(tagged 20 "$(frame "$ALL" "$A" refused)")")"
refused "an untagged frame at a trunk without native VLAN" router vlan_in \
	"$(frame "$ALL" "$R" refused)"
refused "a VLAN that is not the trunk's" router vlan_in \
	"$(tagged 40 "$(frame "$ALL" "$R" refused)")"

# With its own VLAN's tag in front, an inner one stays inside: it goes to those
# who get the outer one as well, and to nobody for whom that is taken off.
two=$(tagged 30 "$(tagged 20 "$(frame "$ALL" "$N" refused)")")
is "two tags at a native trunk: only to another trunk" \
	"$("$WEIR" trace -j sw0.n30 "$two" | jq -r '.deliver | join(" ")')" \
	"sw0.router sw0.wide"
out=$(dropped sw0.n30 vlan_out)
two=$(tagged 30 "$(tagged 20 "$(frame "$N" "$R" refused)")")
is "and from there to the native one: to nobody" "$("$WEIR" trace -j \
	sw0.router "$two" | jq -c .deliver)" '[]'
send router "$two"
counts() { [ "$(dropped sw0.n30 vlan_out)" -gt "$out" ]; }
ok "... counted" wait_for 5 counts
out=$(dropped sw0.a10 vlan_out)
two=$(tagged 10 "$(tagged 20 "$(frame "$A" "$R" refused)")")
send router "$two"
counts() { [ "$(dropped sw0.a10 vlan_out)" -gt "$out" ]; }
ok "nor to an access port" wait_for 5 counts
is "nothing has arrived" "$(heard n30 'ether[20:4] = 0x72656675 or
	ether[18:4] = 0x72656675') $(heard a10 'ether[20:4] = 0x72656675 or
	ether[18:4] = 0x72656675')" "0 0"

ear b10
send a10 "$(tagged 0 "$(frame "$B" "$A" priority)")"
ok "a priority tag is no VLAN" arrives b10 ether proto 0x$TEST
is "and does not arrive" "$(heard b10 vlan)" 0

# A port that takes everything sees what everybody may see; without a VLAN.
ear probe
send probe "$(frame "$ALL" 02:00:00:00:00:77 transparent)"
is "untagged from a transparent port: in no VLAN, so to no access port" \
	"$("$WEIR" trace -j sw0.wide "$(frame "$ALL" 02:00:00:00:00:77 x)" |
		jq -c .deliver)" '[]'
send a10 "$(frame "$ALL" "$A" to-wide)"
ok "to a transparent port goes the tag" \
	arrives probe vlan 10 and ether proto 0x$TEST

# --- changed while it runs -------------------------------------------------

sed 's/vlan access 20/vlan access 10/' topology.weir >moved.conf

ok "c20 is put into VLAN 10" "$WEIR" reload moved.conf
ok "and is there" reach c20 10.0.0.1
ok "and no more in 20" no_reach c20 10.0.0.120
like "shown" "$("$WEIR" show policy)" '^sw0.router	vlan	-	trunk 10, 20-21, 30	'
like "the native one too" "$("$WEIR" show policy)" \
	'^sw0.n30	vlan	-	trunk 20, 30 native 30	'
if [ -n "${vlans-}" ]; then
	kill "$vlans"
	wait "$vlans"
fi
finish
