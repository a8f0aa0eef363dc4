# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# TCP between two network namespaces, through a Linux bridge or through Weir.

# stations A B: put interfaces into two namespaces, with addresses.
stations()
{
	local side ns i=1

	for side in "$1" "$2"; do
		ns=$tag-$([ $i = 1 ] && echo a || echo b)
		ip netns add "$ns"
		ip link set "$side" netns "$ns"
		ip -n "$ns" addr add "10.77.0.$i/24" dev "$side"
		ip -n "$ns" link set "$side" up
		ip -n "$ns" link set lo up
		i=$((i + 1))
	done
	wait_until 10 ip netns exec "$tag-a" ping -c 1 -W 1 10.77.0.2
}

forget_stations()
{
	ip netns del "$tag-a"
	ip netns del "$tag-b"
}

# Milliseconds the processors have been busy, all together.
busy()
{
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / {
		printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 1000 / hz
	}' /proc/stat
}

# tcp_slice NAME: one stream for two seconds, and then pings, which sleep.
# Appends "NAME Gb/s retransmissions CPU-ms-per-Gbit round-trip-us".
tcp_slice()
{
	local json=$work/iperf.json server before after us

	ip netns exec "$tag-b" iperf3 -s -1 >"$work/iperf.log" 2>&1 &
	server=$!
	wait_until 5 sh -c "ip netns exec $tag-b ss -ltn | grep -q :5201"
	before=$(busy)
	ip netns exec "$tag-a" timeout 20 iperf3 -c 10.77.0.2 -t 2 -J >"$json"
	after=$(busy)
	wait "$server"
	us=$(ip netns exec "$tag-a" ping -q -c 50 -i 0.004 10.77.0.2 |
		awk -F / '/^rtt/ { print $5 * 1000 }')
	jq -r --arg name "$1" --argjson ms $((after - before)) \
		--arg us "${us:-0}" '.end | "\($name) " +
		"\(.sum_received.bits_per_second / 1e9) " +
		"\(.sum_sent.retransmits) " +
		"\($ms / (.sum_received.bytes * 8 / 1e9)) \($us)"' "$json" |
		tee -a "$work/results.tcp" | awk '{
		printf "  %-20s %6.2f Gb/s, %5d retransmissions, %4.0f ms of CPU a Gbit, ping %4.0f us\n",
			$1, $2, $3, $4, $5
	}'
}

tcp_bridge()
{
	local i

	ip link add "$tag"t type bridge && ip link set "$tag"t up
	for i in 0 1; do
		ip link add "$tag"x$i type veth peer name "$tag"y$i
		ip link set "$tag"y$i master "$tag"t
		ip link set "$tag"y$i up
	done
	stations "$tag"x0 "$tag"x1
	tcp_slice bridge
	forget_stations
	ip link del "$tag"t
}

# weir_between KIND STATEMENT COMMAND...: run a command while Weir joins two
# interfaces, taps or nics; STATEMENT is added to its topology.
weir_between()
{
	local kind=$1 conf=$work/tcp.conf i

	for i in 0 1; do
		[ "$kind" = tap ] || ip link add "$tag$kind$i" type veth \
			peer name "$tag"z$i
	done
	cat >"$conf" <<-CONF
	switch t0 {
		port a { $kind "${tag}${kind}0" }
		port b { $kind "${tag}${kind}1" }
	}
	allow a <-> b
	$2
	CONF
	: >"$work/weir.tcp"
	"$WEIR" run -n "$tag$kind" "$conf" 2>"$work/weir.tcp" &
	monitor=$!
	pids+=("$monitor")
	wait_until 10 grep -q ': running' "$work/weir.tcp" ||
		die "weir did not start: $(cat "$work/weir.tcp")"
	"${@:3}"
	kill "$monitor" && wait "$monitor"
}

stations_of()
{
	local name=$tag$1

	[ "$1" = tap ] || name=${tag}z
	stations "${name}0" "${name}1" || die "no ping gets through"
	"${@:2}"
	forget_stations
}

# tcp_weir NAME KIND [STATEMENT]
tcp_weir()
{
	weir_between "$2" "${3-}" stations_of "$2" tcp_slice "$1"
}
