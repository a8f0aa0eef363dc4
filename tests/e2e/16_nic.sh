#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# nic: an interface that exists. One end of a veth pair is the switch's, the
# other a host's; the same for one in a network namespace.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host alice 10.0.0.1/24 fd00::1/64
host bob 10.0.0.2/24 fd00::2/64
host box
ip link add port0 type veth peer name bob0 netns bob
ip link set port0 up
on box ip link add port1 type veth peer name carol0
host carol 10.0.0.3/24 fd00::3/64
on box ip link set carol0 netns carol
on box ip link set port1 up

weir_start - <<END
switch sw0 {
	port alice { tap "alice0" netns "alice" }
	port bob   { nic "port0" }
	port carol { nic "port1" netns "box" }
}
allow alice <-> bob
allow bob <-> carol
END

can_talk alice 1 bob 2
can_talk bob 2 carol 3
ok "alice does not reach carol" no_reach alice 10.0.0.3

# tagged: a VLAN tag survives, though interfaces take it off on the way.
on alice ip link add link alice0 name v7 type vlan id 7
on bob ip link add link bob0 name v7 type vlan id 7
on alice sh -c 'ip addr add 10.7.0.1/24 dev v7 && ip link set v7 up'
on bob sh -c 'ip addr add 10.7.0.2/24 dev v7 && ip link set v7 up'
ok "a VLAN tag survives" reach alice 10.7.0.2
is "in the table, the address has that VLAN" "$("$WEIR" show -j fdb |
	jq --arg mac "$(on bob cat /sys/class/net/v7/address 2>/dev/null ||
		mac bob)" '[.[] | select(.mac == $mac and .vlan == 7)] | length')" 1

is "the interface is still there, and up" \
	"$(ip -o link show port0 up | wc -l)" 1
promiscuous()
{
	ip -d -j link show port0 | jq -r '.[0].promiscuity'
}
is "it hears everything while weir runs" "$(promiscuous)" 1
weir_stop
is "it has been let go of" "$(promiscuous)" 0
finish
