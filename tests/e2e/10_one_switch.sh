#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Real clients across one switch: ARP, IPv4, IPv6, fragments, TCP, DHCP.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host alice 10.0.0.1/24 fd00::1/64
host bob 10.0.0.2/24 fd00::2/64
host server 10.0.0.3/24 fd00::3/64
host visitor

weir_start - <<END
switch sw0 {
	port alice   { tap "alice0" netns "alice" }
	port bob     { tap "bob0" netns "bob" }
	port server  { tap "server0" netns "server" }
	port visitor { tap "visitor0" netns "visitor" }
}
allow alice <-> bob
allow visitor <-> server
END

can_talk alice 1 bob 2

serve_dhcp server
ok "visitor gets a lease by DHCP" lease visitor
like "from the server's range" \
	"$(tail -n 1 "$W/.out")" '^10\.0\.0\.1[0-9][0-9]$'
ok "visitor reaches the server with it" reach visitor 10.0.0.3
ok "visitor does not reach alice" no_reach visitor 10.0.0.1

ports=$("$WEIR" show -j ports)
is "no port has faulted" "$(jq 'map(.faults) | add' <<<"$ports")" 0
is "no port PD was restarted" "$(jq 'map(.restarts) | add' <<<"$ports")" 0
is "all ports are up" "$(jq -r 'map(.state) | unique[]' <<<"$ports")" up
finish
