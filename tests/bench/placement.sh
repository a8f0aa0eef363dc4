#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench-placement: where and how the domains of a path run.
#
# A path is two taps and the switch between them: the domains apart, kept on one
# processor, and merged; then with the switch or its ports at a higher priority
# (nice -5), or the switch scheduled in real time (SCHED_FIFO).  Measured are
# frames of 64 and 1500 bytes and their round trip, by a polling AF_PACKET client
# on CPU $near, TCP and pings.
#
# Then an attached client beside its switch on one processor, where the switch
# gets its turn only if the scheduler gives it one: the client polls, or sleeps.
set -u -o pipefail
here=$(dirname "$0")
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/bench/peers.bash
. "$here/peers.bash"
# shellcheck source=tests/bench/tcp.bash
. "$here/tcp.bash"

ROUNDS=${ROUNDS:-3}
MS=${MS:-500}
tag=wp$$

clean_more()
{
	ip netns del "$tag-a" 2>/dev/null
	ip netns del "$tag-b" 2>/dev/null
}

[ "$(id -u)" = 0 ] || die "needs root: for network namespaces and priorities"

pids_of()
{
	"$WEIR" show -n "$2" -j system | jq --arg who "$1" '.pds[] |
		select($who == "all" or
			($who == "switch") == (.components | any(. == "t0"))).pid'
}

# rank WHO HOW INSTANCE: give the switch, the ports or all of them a rank.  Each
# domain is a session; where the kernel groups by session, that counts as well.
rank()
{
	local pid

	for pid in $(pids_of "$1" "$3"); do
		case $2 in
		nice)
			renice -n -5 -p "$pid" >/dev/null
			[ ! -e "/proc/$pid/autogroup" ] ||
				echo -5 >"/proc/$pid/autogroup" ;;
		fifo) chrt -f -p 1 "$pid" ;;
		esac
	done
}

# note CASE WHAT: the value of the last slice, as a row of the table.
note()
{
	tail -n 1 "$work/results.$2" | awk -v name="$1" -v what="$2" '
		$4 != "mixed" { print name, what, $3 }' >>"$work/table"
}

path_slices()
{
	local options=("--vdev=net_af_packet0,iface=${tag}tap0"
		"--vdev=net_af_packet1,iface=${tag}tap1") length

	[ "$2" = none ] || rank "${2%-*}" "${2#*-}" "${tag}tap"
	for length in 64 1500; do
		dpdk_slice "tap-$1" $length $length "$MS" "${options[@]}" &&
			note "$1" $length
	done
	dpdk_slice "tap-$1" 64 rtt rtt=2000 "${options[@]}" && note "$1" rtt
	stations_of tap tcp_slice "$1"
	tail -n 1 "$work/results.tcp" | awk '{
		print $1, "Gb/s", $2; print $1, "CPU-ms/Gb", $4
		print $1, "ping", $5 }' >>"$work/table"
}

# beside RANK: an attached client and its switch on one processor.
beside()
{
	local far=$near name=attach-beside-$1

	start_switch ""
	[ "$1" = none ] || rank all "$1" bench
	for length in 64 1500; do
		slice "$name" $length $length "$BENCH/pair" "$work/a.sock" \
			"$work/b.sock" $length "$MS" "$near" "${cpus[1]}" &&
			note "$name" $length
	done
	slice "$name" 64 rtt "$BENCH/pair" "$work/a.sock" "$work/b.sock" 64 \
		sleep=2000 "$near" "${cpus[1]}" && note "$name" rtt
	stop_switch
}

eal=(--no-huge --no-pci -m 300 --no-telemetry)
for _ in $(seq "$ROUNDS"); do
	for rank in none switch-nice ports-nice switch-fifo; do
		weir_between tap "" path_slices "apart-$rank" $rank
		weir_between tap "placement { t0 a b }" path_slices \
			"one-cpu-$rank" $rank
	done
	weir_between tap "domain one { t0 a b }" path_slices merged-none none
	for rank in none nice fifo; do
		beside $rank
	done
done

echo
echo "Medians: Mpps of 64 and 1500 bytes, round trip and ping in us, TCP:"
medians_of <"$work/table" | awk '
{ value[$1, $2] = $3; name[$1] = 1 }
END {
	n = split("64 1500 rtt ping Gb/s CPU-ms/Gb", what, " ")
	print "case 64_B_Mpps 1500_B_Mpps round_trip_us ping_us TCP_Gb/s " \
		"CPU_ms_a_Gbit"
	for (name_ in name) {
		printf "%s", name_ | "sort"
		for (i = 1; i <= n; i++) {
			v = value[name_, what[i]]
			printf " %s", v == "" ? "-" : sprintf("%.3g", v) | "sort"
		}
		print "" | "sort"
	}
}' | column -t | sed 's/^/  /'
