#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Policies change while frames are on their way: who stays allowed loses
# nothing, for all others it holds at once; what cannot be done is refused with
# the reason and changes nothing, not even in part; and a switch that is killed
# comes back with what holds now.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
host c 10.0.0.3/24
host d 10.0.1.4/24
host e 10.0.1.5/24
topology()
{
	cat <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c"; ${2-} }
	${3-}
}
switch sw1 {
	port d { tap "d0" netns "d" }
	port e { tap "e0" netns "e" }
}
allow a <-> b
$1
END
}
topology "allow d <-> e" >one.conf
weir_start one.conf
ok "a reaches b" reach a 10.0.0.2
ok "d reaches e" reach d 10.0.1.5
ok "a does not reach c" no_reach a 10.0.0.3

A=$(mac a) C=$(mac c)
# goes FROM TO: what would happen to a frame, by trace
goes() { trace_says "sw0.$1" "$(frame "$(mac "$2")" "$(mac "$1")" x)"; }
rules() { "$WEIR" show policy | cut -f 1-6,8; }

# --- nothing is lost -------------------------------------------------------

# A flood, as fast as answers come.
nsenter --net=/run/netns/a ping -n -f -c 60000 -W 2 10.0.0.2 >flood.txt 2>&1 &
flood=$!
steady d 10.0.1.5
started() { counted sw0.b out_frames 200; }
ok "a flood" wait_for 20 started
hex=$(frame "$C" "$A" x)
# change COMMAND...: it must be done, with whatever warnings.
change()
{
	"$WEIR" "$@" >>changes.txt 2>&1 || wrong+="$*; "
}
# holds VERDICT: what trace says at once
holds()
{
	[ "$(trace_says sw0.a "$hex")" = "$1" ] || wrong+="not $1; "
}
wrong='' rounds=0
while kill -0 $flood 2>/dev/null && [ $rounds -lt 500 ]; do
	change allow a c
	holds "deliver none"
	change deny a c when "ip or ip6"
	change deny a c
	holds "drop denied"
	change limit c 10mbit
	change lock c ip 10.0.0.3
	change reload
	holds "drop not_allowed"
	rounds=$((rounds + 1))
done
is "$((6 * rounds)) changes, and each of them holds at once" "$wrong" ""
ok "there was time for many" [ $rounds -ge 3 ]
wait $flood
like "a's flood to b has lost nothing" \
	"$(tail -n 3 flood.txt)" ' 0% packet loss'
note "$(grep transmitted flood.txt)"
steady_lost "nor has the other switch"
is "no frame between the two was refused" "$("$WEIR" show -j drops | jq '[.[] |
	select((.port == "sw0.a" or .port == "sw0.b") and
		(.reason == "denied" or .reason == "no_rule" or
		.reason == "rate_in" or .reason == "ip_lock")).count] | add // 0')" 0

# --- what is refused -------------------------------------------------------

ok "a rule given only by command" "$WEIR" allow a c when arp
held=$(rules)
like "it is shown so" \
	"$held" '^sw0.a	allow	sw0.c	-	arp	no	\(runtime\)$'

# refused MSG ERE STATUS COMMAND...: it fails so, and nothing has changed
refused()
{
	local status
	"$WEIR" "${@:4}" >refused.out 2>refused.err </dev/null
	status=$?
	like "$1" "$(cat refused.err)" "$2"
	is "... status" $status "$3"
	is "... the policy in force is the same" "$(rules)" "$held"
}
topology 'allow b <-> c; allow d <-> eee
allow a -> c when "tcp prot 80"
allow a -> c when "port 80"' "limit 10furlongs" >broken.conf
refused "a broken file: every mistake with its place" \
	'broken\.conf:4:37: .*10furlongs' 1 reload broken.conf
like "... the name" "$(cat refused.err)" 'broken\.conf:12:28: .*eee'
like "... the filter" "$(cat refused.err)" \
	'broken\.conf:13:19: .*"tcp prot 80"'
like "... how many" "$(cat refused.err)" '3 errors'
refused "a file that is not there" 'not-there\.conf' 1 reload not-there.conf
head -c 100000 /dev/urandom >noise.conf
refused "no topology at all" 'noise\.conf:1:' 1 reload noise.conf
refused "an empty file" '.' 1 reload /dev/null
topology "allow d <-> e" "mtu 9000" >mtu.conf
refused "what needs a restart: another mtu" 'c.*mtu 1500 becomes 9000' 1 \
	reload mtu.conf
like "... with the remedy" "$(cat refused.err)" "'weir stop', then 'weir run'"
topology "allow d <-> e; allow x <-> a" "" \
	'port x { tap "x0" netns "c" }' >new.conf
refused "another port" 'sw0\.x is new' 1 reload new.conf
sed 's/tap "c0"/tap "c1"/' one.conf >other.conf
refused "another interface" 'c.*c0.*c1' 1 reload other.conf
sed '/^switch sw1/,/^}/d; s/allow d <-> e//' one.conf >less.conf
refused "no second switch" 'switch sw1 is gone' 1 reload less.conf
sed '/^switch sw1/,/^}/d; s/allow d <-> e//; s/tap "c0"/tap "c1"/' one.conf \
	>both.conf
refused "each difference is told" 'switch sw1 is gone' 1 reload both.conf
like "... the other" "$(cat refused.err)" 'sw0\.c: tap "c0" .*becomes tap "c1"'
like "... how many" "$(cat refused.err)" '2 differences'
# All or nothing: the first switch's part is right.
sed 's/allow d <-> e/allow a <-> c; allow d -> e when "ether proto"/' \
	one.conf >half.conf
refused "right for one switch and wrong for the other" 'half\.conf:1[12]:' 1 \
	reload half.conf

refused "a port that is none" '"?alice"?' 1 allow alice b
refused "ports of two switches" '.' 1 allow a d
refused "a filter that is none" \
	'^allow a -> c when .*: libpcap does not accept "tcp prot 80"' 1 \
	allow a c when "tcp prot 80"
refused "a limit that is none" '10furlongs' 1 limit a 10furlongs
refused "an address that is none" '10\.0\.0\.999' 1 lock a ip 10.0.0.999
refused "a lock to what no lock is" 'to "mac" or "ip"' 2 lock a vlan 7
refused "a word too many" '.' 2 limit a in 10mbit burst 64k now
refused "deny has no reply" 'reply' 2 deny a b reply
refused "no end of it" 'filter' 2 allow a b when
refused "words that would be more than one" '.' 2 allow a 'b
allow a <-> c'
refused "quotes in a filter" 'double quotes' 2 allow a b when 'tcp" reply'
refused "standard input" 'standard' 2 reload -

# --- a switch is killed ----------------------------------------------------

ok "c is let in" "$WEIR" allow -b a c
ok "a part of it is not" "$WEIR" deny a c when "udp port 7"
ok "and c is limited" "$WEIR" limit c 5mbit
held=$(rules)
pid_of()
{
	"$WEIR" show -j system | jq '.pds[] | select(.name == "sw0").pid'
}
old=$(pid_of)
kill -KILL "$old"
again() { [ "$(pid_of)" != "$old" ] && reach a 10.0.0.2; }
ok "a switch is killed, and comes back" wait_for 20 again
is "with the same policy" "$(rules)" "$held"
ok "also in what it does: a reaches c" reach a 10.0.0.3
is "... except for what is denied" "$(trace_says sw0.a "$(ether "$C" "$A" 0800 \
	"$(udp 10.0.0.1 10.0.0.3 9 7 x)")")" "drop denied"
ok "changes go on" "$WEIR" deny -b a c
is "and hold" "$(goes a c)" "drop denied"

# --- two switches at once --------------------------------------------------

topology "allow a <-> c; allow d -> e when \"arp\"" >both.conf
ok "a file that changes both" "$WEIR" reload both.conf
is "the one" "$(goes a c)" "deliver none"
ok "and the other" no_reach d 10.0.1.5
like "said in one line" \
	"$(cat "$WEIR_LOG")" 'policy loaded again \(2 switches\)'
is "no rule given by command is left" "$(rules | grep -c runtime)" 0
ok "the file it was started with" "$WEIR" reload one.conf
ok "d reaches e again" reach d 10.0.1.5
is "a does not reach c" "$(goes a c)" "drop not_allowed"
finish
