#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# chain.conf with four clients on three switches.
. "$(dirname "$0")/../lib.sh"

echo "Three switches in a row, and who may cross them."
begin chain.conf
client alice 10.7.0.10/24 fd00:7::10/64
client carol 10.7.0.20/24 fd00:7::20/64
client printer 10.7.0.30/24 fd00:7::30/64
client bob 10.7.0.40/24 fd00:7::40/64

step "who reaches whom"
check "alice -> bob, three switches away" yes pings alice 10.7.0.40
check "alice -> bob, IPv6" yes pings alice fd00:7::40
check "bob -> alice" yes pings bob 10.7.0.10
check "alice -> printer" yes pings alice 10.7.0.30
check "alice -> carol, on her own switch" yes pings alice 10.7.0.20
check "carol -> bob" no pings carol 10.7.0.40
check "carol -> printer, IPv6" no pings carol fd00:7::30
check "printer -> bob" no pings printer 10.7.0.40

step "weir trace: one decision per switch"
bob_mac=$(mac bob)
alice_mac=$(mac alice)
for port in left.alice middle.west right.west; do
	check "weir trace $port, alice to bob" "deliver none" \
		traced "$port" dst="$bob_mac" src="$alice_mac"
done

step "weir show fdb: every switch has learned where bob is"
"$WEIR" show fdb | grep "$bob_mac" | aligned
learned()
{
	"$WEIR" show fdb | awk -F '\t' -v mac="$bob_mac" \
		'$2 == mac { print $4 }' | sort | paste -sd ' '
}
check "bob is behind" "left.east middle.east right.bob" learned
verdict
