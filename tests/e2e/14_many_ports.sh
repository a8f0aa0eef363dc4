#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Sixty-four ports on one switch, all at work.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

# Sixty in one namespace, which cannot answer for one another there, and four
# hosts of their own.
quiet_host many
for i in 60 61 62 63; do
	quiet_host h$i 10.0.0.$i/24
done

topology()
{
	local i names

	echo 'switch sw0 {'
	for i in {0..59}; do
		echo "port p$i { tap \"p$i\" netns \"many\" }"
		names+="p$i, "
	done
	for i in {60..63}; do
		echo "port p$i { tap \"p$i\" netns \"h$i\" }"
	done
	echo '}'
	echo "allow { $names p60, p61, p62 } -> p63"
	echo "allow p63 -> { $names p60, p61, p62 }"
	echo "allow p60 <-> p61"
}
weir_start - < <(topology)

is "64 ports are up" "$("$WEIR" show -j ports |
	jq 'map(select(.state == "up")) | length')" 64
is "65 domains run" "$("$WEIR" show -j system |
	jq '.pds | map(select(.state == "running")) | length')" 65

# received N: frames interface pN of the many has got.
received()
{
	on many cat "/sys/class/net/p$1/statistics/rx_packets" 2>/dev/null ||
		on many ip -s -j link show "p$1" | jq '.[0].stats64.rx.packets'
}
all_got()
{
	local i

	for i in {0..59}; do
		[ "$(received "$i")" -ge "$1" ] || return 1
	done
}
send h63 "$(frame ff:ff:ff:ff:ff:ff "$(mac h63)" all)"
ok "a broadcast from the last port reaches the other sixty" \
	wait_for 20 all_got 1

ear h63 ether proto 0x$TEST
for i in {0..59}; do
	bytes "$(frame ff:ff:ff:ff:ff:ff "02:00:00:00:00:$(printf %02x "$i")" up)" |
		on many socat -u - "INTERFACE:p$i"
done
got()
{
	[ "$(heard h63)" = "$1" ]
}
ok "one broadcast from each of sixty reaches the last port" wait_for 20 got 60
is "sixty addresses are known, each behind its port" "$("$WEIR" show -j fdb |
	jq '[.[] | select(.mac | startswith("02:00:00:00:00"))] | length')" 60
is "none at a wrong one" "$(for i in {0..59}; do
	"$WEIR" show fdb 2>/dev/null | awk -F '\t' \
		-v mac="02:00:00:00:00:$(printf %02x "$i")" -v port="sw0.p$i" \
		'$2 == mac && $4 != port'
done)" ""
is "the sixty got nothing of each other" \
	"$(for i in {0..59}; do received "$i"; done | sort -u)" 1

ok "p60 pings p63" reach h60 10.0.0.63
ok "p62 pings p63" reach h62 10.0.0.63
ok "p60 pings p61" reach h60 10.0.0.61
ok "p61 does not reach p62" no_reach h61 10.0.0.62
is "no port has faulted" "$("$WEIR" show -j ports | jq 'map(.faults) | add')" 0
finish
