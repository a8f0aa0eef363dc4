#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The same across three switches in a row, and who may not cross them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host alice 10.0.0.1/24 fd00::1/64
host bob 10.0.0.2/24 fd00::2/64
host carol 10.0.0.3/24 fd00::3/64
host server 10.0.0.4/24
host visitor

weir_start - <<END
switch left {
	port alice   { tap "alice0" netns "alice" }
	port carol   { tap "carol0" netns "carol" }
	port visitor { tap "visitor0" netns "visitor" }
}
switch middle { }
switch right {
	port bob     { tap "bob0" netns "bob" }
	port server  { tap "server0" netns "server" }
}
link left.east <-> middle.west
link middle.east <-> right.west
allow left.east <-> { alice, visitor }
allow alice <-> carol
allow middle.west <-> middle.east
allow right.west <-> { bob, server }
END

can_talk alice 1 bob 2

serve_dhcp server
ok "visitor gets a lease by DHCP, three switches away" lease visitor
ok "alice reaches carol on her own switch" reach alice 10.0.0.3
ok "carol does not reach bob" no_reach carol 10.0.0.2
ok "carol does not reach bob, IPv6" no_reach carol fd00::2

bob=$(mac bob)
is "every switch knows where bob is" "$("$WEIR" show fdb |
	awk -F '\t' -v mac="$bob" '$2 == mac { print $4 }' | sort)" \
	"left.east
middle.east
right.bob"
is "the trace of each switch agrees" "$(
	for port in left.alice middle.west right.west; do
		trace_says $port dst="$bob" src="$(mac alice)"
	done | sort -u
)" "deliver none"
is "and for carol, the first switch refuses" \
	"$(trace_says left.carol dst="$bob" src="$(mac carol)")" \
	"drop not_allowed"
finish
