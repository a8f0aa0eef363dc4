#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench: Weir beside its peers, in slices of one run.
#
# 1. Instructions per frame in the switch core, as make bench-quick, and the
#    time of a frame there by ports and addresses, which is cache misses.
# 2. Frames a second, 64 and 1500 bytes one way, less often 512 bytes and both
#    ways at once, in turn through
#	weir		the switch, two attach ports
#	bare		the same queues and one copy, nothing else (relay.c)
#	memif-zc	DPDK testpmd, memif, `io` (it switches nothing), zero-copy
#	memif		likewise, one copy
#	vhost		likewise, vhost-user with packed rings
#	weir-vhost	the switch, two vhost-user ports, packed, for the same
#			client as the next two; one domain
#	ovs-dpdk	OVS with DPDK, NORMAL (it learns), vhost-user, packed
#	bridge		the Linux bridge, two veth, AF_PACKET
#	vde		vde_switch, Unix sockets
#    and the round trip of a frame of 64 bytes, all polling; Weir also sleeping.
# 3. What a receiver that has stalled costs the others: no frame.
# 4. TCP by iperf3 between two network namespaces: two taps and two nics of
#    Weir, and a Linux bridge; taps with their domains apart, on one processor,
#    and merged.
# 5. The nic port by AF_PACKET and by AF_XDP (nic.bash).
# 6. TCP between two guests of QEMU, if there are any (guests.bash).
# 7. A disk, beside qemu-storage-daemon's (disk.bash).
#
# Slices take turns within a round, and only slices of one round at like distance
# of the CPUs are compared.  Medians over rounds.
# `ratio NAME VALUE aim VALUE near|far`: higher is better.
#
# Root, two CPUs, and huge pages for DPDK, which are given back.
set -u -o pipefail
here=$(dirname "$0")
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/bench/counted.bash
. "$here/counted.bash"
# shellcheck source=tests/bench/peers.bash
. "$here/peers.bash"
# shellcheck source=tests/bench/tcp.bash
. "$here/tcp.bash"
# shellcheck source=tests/bench/nic.bash
. "$here/nic.bash"
# shellcheck source=tests/bench/guests.bash
. "$here/guests.bash"
# shellcheck source=tests/bench/disk.bash
. "$here/disk.bash"

ROUNDS=${ROUNDS:-5}
SIDE_ROUNDS=${SIDE_ROUNDS:-2}
TCP_ROUNDS=${TCP_ROUNDS:-7}
GUEST_ROUNDS=${GUEST_ROUNDS:-3}
MS=${MS:-700}
PAGES=1400
tag=wb$$
pages=$(cat /proc/sys/vm/nr_hugepages)

clean_more()
{
	local ns

	[ -f "$work/ovs/ovsdb.pid" ] && kill "$(cat "$work/ovs/ovsdb.pid")"
	for ns in "$tag-a" "$tag-b"; do
		ip netns del "$ns" 2>/dev/null
	done
	[ -z "$leftover" ] || ip link del "$leftover" 2>/dev/null
	ip link del "$tag" 2>/dev/null
	ip link del "$tag"t 2>/dev/null
	ip link del "$tag"br 2>/dev/null
	ip link del "$tag"v0 2>/dev/null
	ip link del "$tag"v1 2>/dev/null
	ip link del "$tag"n0 2>/dev/null
	rm -f "/dev/shm/$tag.img"
	echo "$pages" >/proc/sys/vm/nr_hugepages
}

[ "$(id -u)" = 0 ] || die "needs root: for network namespaces and huge pages"

# --- slices that are not of a peer ------------------------------------------

# timed NAME ARGUMENT-OF-CORE...: nanoseconds a frame, one core doing nothing else
timed()
{
	taskset -c "$far" "$BENCH/core" "${@:2}" |
		awk -v name="$1" '{ print name, $2 }' >>"$work/results.time"
}

times()
{
	local _

	for _ in 1 2 3 4 5; do
		timed 2-ports 64 200000 100
		timed 64-ports 64 200000 6300 mesh 64
		timed 16-addresses 64 200000 8
		timed 65536-addresses 64 400000 32768
		timed 1048576-addresses 64 1000000 524288
	done
	medians_of <"$work/results.time" >"$work/times"
	awk '{ printf "  %-20s %6.1f ns, %.1f to %.1f\n", $1, $2, $3, $4 }' \
		"$work/times"
}

# time_ratio NAME FEW MANY AIM: how much of its speed is left.
time_ratio()
{
	awk -v name="$1" -v few="$2" -v many="$3" -v aim="$4" '
	{ ns[$1] = $2 }
	END {
		if (ns[many] > 0)
			printf "ratio time-%s %.2f aim %s\n", name,
				ns[few] / ns[many], aim
	}' "$work/times"
}

stalled=0
stalled_receiver()
{
	local line

	line=$(timeout 60 "$BENCH/pair" "$work/a.sock" "$work/b.sock" 64 \
		stall=20000 "$near" "$far" "$work/c.sock") || die "stall: $line"
	awk '{ print "stalled-receiver lost-by-others", $2, "of", $4 }' \
		<<<"$line"
	[[ $line == "lost 0 of "* ]] || stalled=1
}

# --- what is printed at the end ---------------------------------------------

# medians WHAT: "NAME LENGTH near|far MEDIAN" of all slices.
medians()
{
	awk '$4 != "mixed" { print $1, $2, $4, $3 }' "$work/results.$1" |
		medians_of | awk '{
			printf "%s %s %s %.3f %.3f %.3f %d\n", $1, $2, $3, $4,
				$5, $6, $7
		}' | sort -k3,3r -k2,2n -k4,4nr
}

# rate_ratio THEIRS LENGTH DISTANCE AIM [OURS]
rate_ratio()
{
	ratios rate "${5-weir}" "$1" | awk -v theirs="$1" -v len="$2" \
		-v where="$3" -v aim="$4" -v ours="${5+$5-}" \
		'$1 == len && $2 == where {
		printf "ratio %s%sB-of-%s %s aim %s %s\n", ours, len, theirs,
			$3, aim, where
	}'
}

# tcp_ratio NAME FIELD AIM [OF]: median of rounds, ours to the bridge's; of what
# should be low, OF, theirs to ours, each with one more, for it may be none.
tcp_ratio()
{
	awk -v ours="$1" -v field="$2" -v of="${4-}" '
	$1 == "bridge" { theirs = $field }
	$1 == ours && theirs != "" {
		ratio = of ? (theirs + 1) / ($field + 1) : $field / theirs
		print ours of, ratio
	}' "$work/results.tcp" | medians_of | awk -v aim="$3" '{
		printf "ratio tcp-%s-of-bridge %.2f aim %s\n", $1, $2, aim
	}'
}

print_tcp()
{
	local name

	tcp_ratio weir-tap 2 0.70
	tcp_ratio weir-nic 2 0.70
	tcp_ratio weir-tap-placement 2 0.90
	tcp_ratio weir-tap-merged 2 0.90
	for name in weir-tap weir-nic weir-tap-placement weir-tap-merged; do
		tcp_ratio "$name" 3 0.50 -retransmissions
		tcp_ratio "$name" 4 0.67 -cpu
	done
}

print_ratios()
{
	local where

	rate_ratio memif-zc 64 near 1.30
	rate_ratio memif-zc 64 far 0.90
	rate_ratio ovs-dpdk 64 near 2.50
	rate_ratio bare 64 near 0.80
	rate_ratio memif-zc 1500 near 1.40
	rate_ratio ovs-dpdk 1500 near 2.00
	for where in near far; do
		rate_ratio ovs-dpdk 64 $where 1.50 weir-vhost
		rate_ratio ovs-dpdk 1500 $where 1.50 weir-vhost
	done
	# Round trips: theirs / ours, so that higher is better.
	ratios rtt weir memif-zc | awk '{
		printf "ratio round-trip-of-memif-zc %.2f aim 1.00 %s\n", 1 / $3, $2
	}'
	time_ratio 2-to-64-ports 2-ports 64-ports 0.67
	time_ratio 16-to-1048576-addresses 16-addresses 1048576-addresses 0.40
	print_tcp
	guests_ratio
	nic_ratio 64 2.00
	nic_ratio 1500 1.00
	print_disks
}

# tcp_medians FIELD: "NAME MEDIAN LEAST MOST ROUNDS"
tcp_medians()
{
	awk -v field="$1" '{ print $1, $field }' "$work/results.tcp" |
		medians_of | sort -k2,2nr | awk '{
			printf "  %-20s %8.2f %8.2f %8.2f %3d\n", $1, $2, $3,
				$4, $5
		}'
}

# --- the run ----------------------------------------------------------------

echo "Machine: $(uname -sr), $(nproc) CPUs: $(sed -n 's/^model name.*: //p' \
	/proc/cpuinfo | head -n 1)"
counted
echo "Nanoseconds a frame in the switch core, 64 bytes, on CPU $far:"
times
[ "$pages" -ge $PAGES ] || echo $PAGES >/proc/sys/vm/nr_hugepages
start_switch "poll 200us"
start ovs-dpdk start_ovs
start weir-vhost start_weir_vhost
start bridge start_bridge
start vde start_vde

echo "Frames, client on CPU $near, what is measured on CPU $far:"
main=(weir bare memif-zc weir-vhost ovs-dpdk)
for round in $(seq "$ROUNDS"); do
	for length in 64 1500; do
		for name in "${main[@]}"; do
			measure "$name" "$length" rate "$MS"
		done
	done
	[ "$round" -le "$SIDE_ROUNDS" ] || continue
	for length in 64 1500; do
		for name in memif vhost bridge vde; do
			measure "$name" "$length" rate "$MS"
		done
		for name in "${main[@]}" bridge vde; do
			measure "$name" "$length" both "both=$MS"
		done
	done
	for name in "${main[@]}" bridge vde; do
		measure "$name" 512 rate "$MS"
	done
done
echo "Round trip of a frame of 64 bytes, polling:"
for _ in $(seq 3); do
	for name in "${main[@]}" vde; do
		measure "$name" 64 rtt rtt=20000
	done
done
measure memif 64 rtt rtt=20000
measure vhost 64 rtt rtt=20000
stalled_receiver
stop_switch
echo "Likewise, sleeping:"
start_switch ""
for _ in $(seq 3); do
	measure weir 64 sleep sleep=5000
done
stop_switch

echo "Two nics, the ends of a veth pair, by AF_XDP and by AF_PACKET:"
nic_rounds 64 1500

echo "A disk in memory, of qemu-storage-daemon and of Weir:"
disk_rounds

echo "TCP, one stream, MTU 1500:"
for _ in $(seq "$TCP_ROUNDS"); do
	tcp_bridge
	tcp_weir weir-tap tap
	tcp_weir weir-nic nic
	tcp_weir weir-tap-placement tap "placement { t0 a b }"
	tcp_weir weir-tap-merged tap "domain one { t0 a b }"
done
echo "TCP between two guests of QEMU, one stream, MTU 1500:"
guests_rounds "$GUEST_ROUNDS"

echo
echo "Medians, one way (name, bytes, distance, Mpps, least, most, slices):"
medians rate | column -t | sed 's/^/  /'
echo "Both ways at once, in all:"
medians both | column -t | sed 's/^/  /'
echo "Round trips (name, bytes, distance, us, least, most, slices):"
medians rtt | column -t | sed 's/^/  /'
echo "Sleeping:"
medians sleep | column -t | sed 's/^/  /'
field=2
for what in Gb/s retransmissions "ms of CPU a Gbit" "us of a ping"; do
	echo "TCP, $what (name, median, least, most, rounds):"
	tcp_medians $((field++))
done
echo
print_ratios
[ -z "${SVG-}" ] || medians rate | awk -f "$here/plot.awk" >"$SVG"
exit "$stalled"
