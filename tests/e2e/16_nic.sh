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

# Linux takes tags off what it receives and keeps them beside the frame; the
# port must put them back.
tagged()
{
	frame "$@" | sed "s/$TEST/8100e007$TEST/"
}
ear alice vlan 7 and ether proto 0x$TEST
ear bob vlan 7 and ether proto 0x$TEST
send bob "$(tagged "$(mac alice)" "$(mac bob)" tag)"
ok "a VLAN tag from the interface arrives" wait_for 5 heard_some alice
is "with its priority" \
	"$(tcpdump -r alice.pcap -e 2>/dev/null | grep -c 'p 7')" 1
send alice "$(tagged "$(mac bob)" "$(mac alice)" tag)"
ok "so does one towards the interface" wait_for 5 heard_some bob
is "in the table both addresses have that VLAN" "$("$WEIR" show -j fdb |
	jq -r '.[] | select(.vlan == 7).port' | sort | paste -sd ' ')" \
	"sw0.alice sw0.bob"

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
