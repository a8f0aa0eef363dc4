#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Learning on real interfaces: unknown addresses are flooded, known ones are
# not, and a station that moves is found again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
quiet_host c

weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c" }
}
allow a <-> b
allow a <-> c
allow b <-> c
END
A=$(mac a) B=$(mac b) C=$(mac c)

# behind MAC: which port the switch takes it to be behind.
behind()
{
	"$WEIR" show fdb | awk -F '\t' -v mac="$1" '$2 == mac { print $4 }'
}
is_behind()
{
	[ "$(behind "$1")" = "$2" ]
}

# --- before and after ------------------------------------------------------

is "nothing is known at first" "$("$WEIR" show fdb)" ""
ear b ether proto 0x$TEST
ear c ether proto 0x$TEST

send a "$(frame "$B" "$A" unknown)"
ok "a frame for an unknown address reaches b" wait_for 5 heard_some b
ok "and c: it was flooded" wait_for 5 heard_some c
ok "a is known now" wait_for 5 is_behind "$A" sw0.a
send b "$(frame "$A" "$B" here)"
ok "b is known now" wait_for 5 is_behind "$B" sw0.b

send a "$(frame "$B" "$A" known)" "$(frame ff:ff:ff:ff:ff:ff "$A" last)"
ok "the last frame reaches c" wait_for 5 heard_some c ether broadcast
is "b got the one before it" "$(heard b ether dst "$B")" 2
is "c did not: unicast goes to one port" "$(heard c ether dst "$B")" 1

ear c icmp
ok "a pings b" reach a 10.0.0.2
send a "$(frame ff:ff:ff:ff:ff:ff "$A" later)"
is "c hears nothing of it" "$(heard c)" 0

# --- a station moves -------------------------------------------------------

on b ip link set b0 down
on b ip link set b0 address 02:00:00:00:00:99
on b ip addr flush dev b0
on c ip link set c0 down
on c ip link set c0 address "$B"
on c ip addr add 10.0.0.2/24 dev c0
on c ip link set c0 up
on b ip link set b0 up
is "the switch still has b's address at the old port" "$(behind "$B")" sw0.b

ok "one frame from its new place is enough" \
	on c busybox arping -c 1 -w 5 -f -I c0 10.0.0.1
is "the address has moved to c" "$(behind "$B")" sw0.c
ok "a reaches it there" reach a 10.0.0.2
ear b ether proto 0x$TEST
ear c ether proto 0x$TEST
send a "$(frame "$B" "$A" moved)" "$(frame ff:ff:ff:ff:ff:ff "$A" last)"
ok "the last frame reaches b" wait_for 5 heard_some b
is "c got the one before it" "$(heard c ether dst "$B")" 1
is "its old place did not" "$(heard b ether dst "$B")" 0

# --- two stations with one address -----------------------------------------

both=02:00:00:00:00:aa
for _ in {1..6}; do
	for at in b c; do
		send $at "$(frame ff:ff:ff:ff:ff:ff $both double)"
		wait_for 5 is_behind $both sw0.$at
	done
done
to_and_fro()
{
	grep -c "$both goes to and fro between ports b and c:" "$WEIR_LOG"
}
said()
{
	[ "$(to_and_fro)" -ge 1 ]
}
ok "an address that moves to and fro is logged, with both ports" \
	wait_for 10 said
is "once" "$(to_and_fro)" 1

# --- what must not be learned ----------------------------------------------

# What a VRRP router sends that is not the master: from the address both share,
# to itself. The master must go on being found.
send b "$(frame "$B" "$B" self)"
dropped_self()
{
	[ "$(dropped sw0.b same_port)" = 1 ]
}
ok "a frame to its own source goes nowhere" wait_for 5 dropped_self
is "and does not move the address" "$(behind "$B")" sw0.c
ok "a still reaches it" reach a 10.0.0.2
send a "$(frame "$B" 01:00:5e:00:00:01 group)"
dropped_bad()
{
	[ "$(dropped sw0.a bad_source)" = 1 ]
}
ok "a group address as source is dropped" wait_for 5 dropped_bad
is "and not learned" "$(behind 01:00:5e:00:00:01)" ""
is "one entry per station, no more" "$("$WEIR" show fdb | cut -f 2 | sort)" \
	"$(printf '%s\n' "$A" "$B" $both | sort)"
note "c's first address was $C"
finish
