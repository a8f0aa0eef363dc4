#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# egress.conf with four clients: one may go out, one may only reach a neighbour,
# one may do nothing; and a locked address that another one tries to use.
. "$(dirname "$0")/../lib.sh"

echo "Who may go out: web yes, db only as far as web, box not at all."
begin egress.conf
ip link set web address 02:00:00:00:00:10
client web 10.7.0.10/24 fd00:7::10/64
client db 10.7.0.20/24 fd00:7::20/64
client box 10.7.0.30/24 fd00:7::30/64
client uplink 10.7.0.1/24 fd00:7::1/64

step "who reaches whom"
check "web -> uplink" yes pings web 10.7.0.1
check "web -> uplink, IPv6" yes pings web fd00:7::1
check "db -> web" yes pings db 10.7.0.10
check "db -> uplink" no pings db 10.7.0.1
check "db -> uplink, IPv6" no pings db fd00:7::1
check "box -> uplink" no pings box 10.7.0.1
check "box -> web" no pings box 10.7.0.10
check "uplink -> db" no pings uplink 10.7.0.20

step "weir trace: what the switch says"
check "weir trace db dst=uplink" "drop not_allowed" traced db dst=uplink
check "weir trace web dst=uplink" "deliver none" traced web dst=uplink

step "web takes another address: it is locked to its own"
on web ip link set web down
on web ip link set web address 02:00:00:00:00:66
on web ip link set web up
check "web as somebody else -> uplink" no pings web 10.7.0.1
check "weir trace with that address" "drop mac_lock" \
	traced web dst=uplink src=02:00:00:00:00:66
"$WEIR" show drops | aligned
verdict
