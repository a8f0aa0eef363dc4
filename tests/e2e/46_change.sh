#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Changing the policy while traffic flows: a pair that may talk before and after
# loses nothing, others change at once; what is wrong leaves everything as it
# is; and a switch that dies comes back with the policy that holds.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
host c 10.0.0.3/24
host far 10.0.0.9/24
cat >net.conf <<-'END'
	switch sw0 {
		port a { tap "a0" netns "a" }
		port b { tap "b0" netns "b" }
		port c { tap "c0" netns "c" }
	}
	switch sw1 {
		port far { tap "far0" netns "far" }
	}
	link sw0.trunk <-> sw1.up
	allow a <-> b
	allow c <-> trunk
	allow far <-> up
END
cp net.conf first.conf
weir_start net.conf

pings()
{
	on "$1" ping -q -c 2 -i 0.2 -W 1 "$2"
}
# rule FROM TO: action and filter of the pair's first rule
rule()
{
	"$WEIR" show -j policy | jq -r --arg from "$1" --arg to "$2" \
		'[.[] | select(.from == $from and .to == $to)][0] |
			"\(.action) \(.filter)"'
}
ok "a reaches b" pings a 10.0.0.2
ok "c reaches far, over the link" pings c 10.0.0.9
nok "a does not reach c" pings a 10.0.0.3

# --- under traffic ---------------------------------------------------------

# The pair a, b is allowed by all of these, each time by another rule.
on a ping -q -i 0.002 -c 1500 10.0.0.2 >ping.log 2>&1 &
ping=$!
changes=0 failed=0
while kill -0 $ping 2>/dev/null; do
	case $((changes % 6)) in
	0) set -- allow a b when "arp or icmp" ;;
	1) set -- allow b a ;;
	2) set -- deny a c when "udp" ;;
	3) set -- limit a in 100mbit ;;
	4) set -- lock c ip 10.0.0.3 ;;
	5) set -- reload ;;
	esac
	"$WEIR" "$@" >>changes.log 2>&1 || failed=$((failed + 1))
	changes=$((changes + 1))
done
note "$changes changes while 1500 pings went"
is "none of the changes failed" "$failed" 0
ok "there were some" test $changes -ge 10
like "no ping was lost" "$(cat ping.log)" \
	"1500 packets transmitted, 1500 received, 0% packet loss"

# --- each kind -------------------------------------------------------------

ok "reload: back to the file" "$WEIR" reload
is "its rule decides" "$(rule sw0.a sw0.b)" "allow "
ok "deny a b" "$WEIR" deny a b
nok "a does not reach b" pings a 10.0.0.2
is "it stands before the file's" "$(rule sw0.a sw0.b)" "deny "
ok "allow a b, which takes its place" "$WEIR" allow a b
ok "a reaches b" pings a 10.0.0.2
ok "allow -b a c: both ways" "$WEIR" allow -b a c when "arp or icmp"
ok "a reaches c" pings a 10.0.0.3
ok "lock c ip: another address" "$WEIR" lock c ip 10.0.0.77
nok "c is not heard" pings a 10.0.0.3
ok "lock c ip off" "$WEIR" lock c ip off
ok "c is heard" pings a 10.0.0.3
ok "allow with an arrow" "$WEIR" allow a '<->' c when "arp or icmp or udp"
like "trace names a rule given while it ran" \
	"$("$WEIR" trace a dst=c type=arp)" 'allow.*pass.*\(runtime\)'
like "and that there is none" "$("$WEIR" trace a dst=c type=ipv6)" 'no_rule'

# --- taking back -----------------------------------------------------------

# change FROM TO: the number of the change that made the pair's first rule
change()
{
	"$WEIR" show -j policy | jq -r --arg from "$1" --arg to "$2" \
		'[.[] | select(.from == $from and .to == $to)][0].change'
}
ok "deny a b, in front of the others" "$WEIR" deny a b
nok "a does not reach b" pings a 10.0.0.2
ok "limit a" "$WEIR" limit a in 1mbit
number=$(change sw0.a sw0.b)
is "undo by number: that one alone" "$("$WEIR" undo "$number")" \
	"change $number taken back: deny a -> b"
ok "a reaches b: what was replaced holds again" pings a 10.0.0.2
limits()
{
	"$WEIR" show policy | awk -F '\t' '$1 == "sw0.a" && $2 == "limit-in"' |
		cut -f 4
}
like "the limit is still there" "$(limits)" '^1mbit'
like "undo: the last one" "$("$WEIR" undo)" \
	'^change [0-9]+ taken back: set a \{ limit in 1mbit \}$'
is "and then it is not" "$(limits)" ""
like "a number there is not" "$("$WEIR" undo "$number" 2>&1)" \
	"there is no change $number; 'weir show policy' shows"
ok "a rule that decides on all" "$WEIR" allow a b
is "those behind it are still shown, with what they decide on" \
	"$("$WEIR" show -j policy | jq -c '[.[] | select(.from == "sw0.a" and
		.to == "sw0.b")] | [length > 1, .[-1].hits, .[-1].where]')" \
	'[true,0,"net.conf:10"]'
ok "undo" "$WEIR" undo
like "a warning is one that commands can follow" \
	"$("$WEIR" allow b c 2>&1)" 'give "reply" with it, or -b'
is "and is given once" "$("$WEIR" limit a in 1mbit 2>&1)" ""
ok "undo" "$WEIR" undo
ok "undo" "$WEIR" undo

# --- what is wrong changes nothing -----------------------------------------

before=$("$WEIR" show -j policy | jq -c 'map(del(.hits))')
sed 's/allow a <-> b/allow a <-> b when "tcp prot 80"/' first.conf >net.conf
nok "reload of a broken file" "$WEIR" reload
like "it says where" "$("$WEIR" reload 2>&1)" 'net\.conf:10:20: .*"tcp prot 80"'
sed 's/port b {/port d { tap "d0" }\n port b {/' first.conf >net.conf
nok "reload with a new port" "$WEIR" reload
like "it says what differs" "$("$WEIR" reload 2>&1)" 'sw0\.d|sw0\.b'
sed 's/netns "b" }/netns "b"; mtu 1400 }/' first.conf >net.conf
like "or how" "$("$WEIR" reload 2>&1)" 'mtu 1500 becomes 1400'
rm net.conf
like "a file that is gone" "$("$WEIR" reload 2>&1)" 'net\.conf.*No such file'
cp first.conf net.conf
like "a port there is not" \
	"$("$WEIR" allow a nobody 2>&1)" 'unknown port "nobody"'
like "a filter there is not" "$("$WEIR" deny a b when 'tcp prot 1' 2>&1)" 'prot'
like "a rate out of range" "$("$WEIR" limit a in 1bit 2>&1)" '10kbit to 100gbit'
like "an address of a group" \
	"$("$WEIR" lock a mac 01:00:00:00:00:01 2>&1)" 'group'
like "two switches" "$("$WEIR" allow a far 2>&1)" 'different switches'
is "nothing has changed" \
	"$("$WEIR" show -j policy | jq -c 'map(del(.hits))')" "$before"
ok "a still reaches c" pings a 10.0.0.3

# --- several switches at once ----------------------------------------------

sed -e 's/allow far <-> up/allow far <-> up when "arp or tcp"/' \
	-e 's/allow c <-> trunk/allow c <-> trunk when "arp or tcp"/' \
	first.conf >net.conf
is "a file that changes both switches" \
	"$("$WEIR" reload -j | jq -c '.switches')" '["sw0","sw1"]'
nok "c does not reach far by ping" pings c 10.0.0.9
cp first.conf net.conf
ok "and back" "$WEIR" reload
ok "c reaches far again" pings c 10.0.0.9

# --- a switch that dies ----------------------------------------------------

ok "deny b a" "$WEIR" deny b a
ok "allow a c" "$WEIR" allow -b a c
pid=$("$WEIR" show -j system | jq '.pds[] | select(.name == "sw0").pid')
kill -9 "$pid"
back()
{
	[ "$("$WEIR" show -j ports | jq -r '[.[] | select(.port |
		startswith("sw0.")).state] | unique | join(" ")')" = up ]
}
ok "its ports are up again" wait_for 20 back
is "denied traffic is still denied" "$(rule sw0.b sw0.a)" "deny "
nok "a does not get answers from b" pings a 10.0.0.2
ok "allowed traffic is still allowed" wait_for 10 pings a 10.0.0.3
weir_stop
like "the log tells what was changed" "$(cat "$WEIR_LOG")" \
	'policy changed \(1 switch\): deny b -> a'
finish
