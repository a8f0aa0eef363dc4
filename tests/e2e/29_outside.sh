#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What becomes of the interface of a port while it is used: carrier, MTU, name;
# it goes and comes back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host alice
quiet_host far 10.0.0.4/24

# --- what becomes of the interface -----------------------------------------

# card0 is the port's, plug0 the other end of its cable.
ip link add card0 type veth peer name plug0 netns far
echo_pd=$(dirname "$WEIR")/client-echo
follower=
[ ! -x "$echo_pd" ] || follower="port web {
		program \"$echo_pd\" args \"port 7 address 10.0.0.9/24\"
		follow up
	}"
weir_start - <<END
switch sw0 {
	port alice {
		tap "alice0" netns "alice"
		mtu 9000
		mac 02:00:00:00:00:a1
		address 10.0.0.1/24
	}
	port up    { nic "card0"; mtu 9000 }
	$follower
}
allow alice <-> up
END
cat >second.conf <<END
switch sw1 {
	port up  { nic "uplink1" }
	port app { attach "$W/app.sock" }
}
allow up <-> app
END
ip link property add dev card0 altname uplink1
nok "another instance is refused the interface" \
	timeout 20 "$WEIR" run second.conf
like "and told by whom it is used" "$(cat "$W/.out")" \
	"is a port of another instance of weir .*process $WEIR_PID"
# The log from here on.
news()
{
	tail -n "+$mark" "$WEIR_LOG"
}
says()
{
	news | grep -q "sw0\.$1"
}
in_state()
{
	[ "$("$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).state')" = "$2" ]
}
# follows up|down
follows()
{
	if [ -n "$follower" ]; then
		ok "ports that follow it are notified" \
			wait_for 10 says "web: link $1"
	else
		skip "ports that follow it are notified" \
			"there is no $echo_pd: \`make client-echo\`"
	fi
}
pid_of()
{
	"$WEIR" show -j system | jq -r --arg name "$1" \
		'.pds[] | select(.name == $name).pid'
}
here()
{
	mark=$(($(wc -l <"$WEIR_LOG") + 1))
}

ok "a nic port is up" wait_for 10 in_state up up
ok "and reaches what is behind it" wait_for 10 reach alice 10.0.0.4
here
on far ip link set plug0 down
ok "the cable is pulled: the port has no carrier" \
	wait_for 10 in_state up "no carrier"
ok "which is logged" says 'up: interface card0 has no carrier'
follows down
nok "frames sent to it are lost" on alice ping -qc 1 -W 1 10.0.0.4
ok "and is counted" [ "$(dropped sw0.up outside_down)" -gt 0 ]
here
on far ip link set plug0 up
ok "the cable is back: the port is up" wait_for 10 in_state up up
follows up
ok "frames flow" reach alice 10.0.0.4
here
ip link set card0 down
ok "the interface is set down: so is the port" wait_for 10 in_state up down
ok "what to do is in the log" says 'up: .*is down: .ip link set card0 up'
ip link set card0 up
ok "it is set up: so is the port" wait_for 10 in_state up up

# ping SIZE: one frame of 42 octets more.
big_ping()
{
	on alice ping -qc 1 -W 1 -M "do" -s "$1" 10.0.0.4
}
here
nok "a frame that does not fit the interface's MTU is lost" big_ping 8000
ok "and counted" [ "$(dropped sw0.up outside_mtu)" -gt 0 ]
on far ip link set plug0 mtu 9000
ip link set card0 mtu 9000
ok "the new MTU is noticed" wait_for 10 says 'up: the mtu of card0 is 9000 now'
ok "and used" wait_for 10 big_ping 8000
ip link set card0 mtu 1500
ok "back again as well" wait_for 10 says 'up: the mtu of card0 is 1500 now'
before=$(dropped sw0.up outside_mtu)
nok "frames that no longer fit are lost" big_ping 8000
ok "and counted" [ "$(dropped sw0.up outside_mtu)" -gt "$before" ]
ok "in the sum as well" [ "$(counter sw0.up drops)" -gt "$before" ]

here
ip link set card0 down
ip link set card0 name lan7
ip link set lan7 up
ok "the interface's new name is logged" \
	wait_for 10 says 'up: interface card0 is called lan7 now'
is "and shown" "$("$WEIR" show ports | awk -F '\t' '/^sw0\.up/ { print $4 }')" \
	"nic card0, now lan7"
up=$(pid_of sw0.up)
kill -KILL "$up"
changed()
{
	[ "$(pid_of sw0.up)" != "$up" ] && in_state up up
}
ok "its PD is killed and still finds the interface" wait_for 10 changed
ok "frames flow" wait_for 10 reach alice 10.0.0.4

# --- it goes, and comes back -----------------------------------------------

# lines TEXT: how many lines of the log, from `here` on, have it.
lines()
{
	news | grep -c "$1"
}
pid=$(pid_of sw0)
here
ip link del lan7
ok "the card is unplugged: the port is gone" wait_for 10 in_state up gone
is "which is logged once" "$(lines 'sw0\.up: .*gone')" 1
like "with what it waits for" "$(news)" 'interface lan7 is gone.*called card0'
nok "frames sent to it are lost" on alice ping -qc 1 -W 1 10.0.0.4
# plug CARD: put it in.
plug()
{
	ip link add "$1" type veth peer name plug0 netns far &&
		on far ip link set plug0 up &&
		on far ip addr add 10.0.0.4/24 dev plug0
}
plug other0
nok "another card is another card" in_state up up
ip link del other0
plug card0
ok "it is plugged in again: the port is up" wait_for 20 in_state up up
on alice ip neigh flush all # it has another address
ok "frames flow" wait_for 10 reach alice 10.0.0.4
ok "no PD has failed" [ "$("$WEIR" show -j system |
	jq '[.pds[] | select(.state != "running")] | length')" = 0 ]

here
on alice ip link del alice0
back()
{
	on alice ip link show alice0 up && in_state alice up
}
ok "a tap is deleted: it is made again" wait_for 20 back
is "which is logged once" "$(lines 'sw0\.alice: .*gone')" 1
unlike "and nothing else is" "$(news)" 'moved'
ok "frames flow" wait_for 10 reach alice 10.0.0.4

here
ip netns del alice
ok "its namespace is deleted: the port is gone" \
	wait_for 10 in_state alice gone
is "which is logged once" "$(lines 'sw0\.alice: ')" 1
like "with what it waits for" "$(news)" 'namespace alice was deleted'
ip netns add alice
ok "one of this name is made: the port is up" wait_for 20 in_state alice up
like "it has its addresses again" "$(on alice ip addr show alice0 |
	paste -sd ' ')" \
	'02:00:00:00:00:a1.*10\.0\.0\.1/24'
ok "frames flow" wait_for 10 reach alice 10.0.0.4
is "the switch has noticed nothing" "$(pid_of sw0)" "$pid"
here
ip netns del alice
ok "gone once more" wait_for 10 in_state alice gone
ok "it is looked for" pgrep -x weir-seek
ip netns add alice # for the end
wait_for 10 in_state alice up
weir_stop
nok "no process is left looking for it" pgrep -x weir-seek
finish
