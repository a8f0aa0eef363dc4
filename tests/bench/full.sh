#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench: Weir beside its peers, in slices of one run.
#
# 1. Instructions per frame in the switch core, as make bench-quick.
# 2. Frames a second, one way, 64 and 1500 bytes, in turn through
#	weir		the switch, two attach ports
#	bare		the same queues and one copy, nothing else (relay.c)
#	memif-zc	DPDK testpmd, memif, `io` (it switches nothing), zero-copy
#	memif		likewise, one copy
#	vhost		likewise, vhost-user with packed rings
#	ovs-dpdk	OVS with DPDK, NORMAL (it learns), vhost-user, packed
#	bridge		the Linux bridge, two veth, AF_PACKET
#    and the round trip of a frame of 64 bytes, all polling.
# 3. TCP by iperf3 between two network namespaces: two taps and two nics of Weir,
#    and a Linux bridge.
#
# Slices take turns within a round, and only slices of one round at like distance
# of the CPUs are compared.  What polls runs only while it is its turn.
# Medians over rounds.  `ratio NAME VALUE aim VALUE near|far`: higher is better.
#
# Root, two CPUs, and huge pages for DPDK, which are given back.  What cannot be
# started is left out, and named.
set -u -o pipefail
here=$(dirname "$0")
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/bench/counted.bash
. "$here/counted.bash"

ROUNDS=${ROUNDS:-7}
TCP_ROUNDS=${TCP_ROUNDS:-5}
MS=${MS:-1200}
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
	ip link del "$tag" 2>/dev/null
	ip link del "$tag"br 2>/dev/null
	ip link del "$tag"v0 2>/dev/null
	ip link del "$tag"v1 2>/dev/null
	echo "$pages" >/proc/sys/vm/nr_hugepages
}

[ "$(id -u)" = 0 ] || die "needs root: for network namespaces and huge pages"

# --- peers -------------------------------------------------------------------

peers=(memif-zc memif vhost)
ovs=
slices=0
eal=(--in-memory --no-pci -m 300 --single-file-segments)

missing()
{
	echo "  left out: $1 ($2)"
}

memif()
{
	local i

	for i in 0 1; do
		echo "--vdev=net_memif$i,role=$1,id=$i,socket=$work/memif$slices,socket-abstract=no,rsize=10,bsize=2048$2"
	done
}

virtio_user()
{
	local i

	for i in 0 1; do
		echo "--vdev=net_virtio_user$i,path=$1$i,queues=1,queue_size=1024,packed_vq=1,mrg_rxbuf=0,in_order=1"
	done
}

# start_testpmd OPTION...: forward between two ports without looking.  It serves
# one client, because with another one it may crash, and it may crash when that
# one leaves; nobody is told.
start_testpmd()
{
	: >"$work/testpmd.log"
	dpdk-testpmd --lcores "0@$near,1@$far" --main-lcore 0 "${eal[@]}" \
		--file-prefix "${tag}t" "$@" -- --nb-cores=1 \
		--forward-mode=io --total-num-mbufs=16384 --stats-period 600 \
		--no-mlockall </dev/null >"$work/testpmd.log" 2>&1 &
	testpmd=$!
	disown "$testpmd"
	pids+=("$testpmd")
	wait_until 10 grep -q 'Port statistics' "$work/testpmd.log" ||
		die "testpmd: $(tail -n 1 "$work/testpmd.log")"
}

gone()
{
	! kill -0 "$1"
}

stop_testpmd()
{
	kill -INT "$testpmd" 2>/dev/null
	wait_until 10 gone "$testpmd" || kill -KILL "$testpmd"
}

vsctl()
{
	ovs-vsctl --db="unix:$work/ovs/db.sock" --timeout=20 "$@"
}

start_ovs()
{
	local run=$work/ovs daemon=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
	export OVS_RUNDIR=$run OVS_LOGDIR=$run OVS_DBDIR=$run OVS_SYSCONFDIR=$run

	[ -x "$daemon" ] || return
	mkdir "$run"
	ovsdb-tool create "$run/conf.db" \
		/usr/share/openvswitch/vswitch.ovsschema || return
	ovsdb-server "$run/conf.db" --remote="punix:$run/db.sock" \
		--unixctl="$run/dbctl" --pidfile="$run/ovsdb.pid" --detach \
		--no-chdir --log-file="$run/db.log" 2>/dev/null || return
	vsctl --no-wait init
	vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true \
		other_config:dpdk-extra="--in-memory --no-pci --single-file-segments --file-prefix ${tag}ovs" \
		other_config:dpdk-socket-mem=512 \
		other_config:pmd-cpu-mask="$(printf '0x%x' $((1 << far)))" \
		other_config:dpdk-lcore-mask="$(printf '0x%x' $((1 << near)))"
	"$daemon" "unix:$run/db.sock" --unixctl="$run/ctl" \
		--pidfile="$run/vsw.pid" --detach --no-chdir \
		--log-file="$run/vsw.log" >/dev/null 2>&1 || return
	vsctl add-br "$tag" -- set bridge "$tag" datapath_type=netdev \
		-- add-port "$tag" o0 -- set interface o0 type=dpdkvhostuser \
		-- add-port "$tag" o1 -- set interface o1 type=dpdkvhostuser ||
		return
	ovs=$(cat "$run/vsw.pid")
	pids+=("$ovs")
	peers+=(ovs-dpdk)
	kill -STOP "$ovs"
}

start_bridge()
{
	local i

	ip link add "$tag"br type bridge && ip link set "$tag"br up || return
	for i in 0 1; do
		ip link add "$tag"v$i type veth peer name "$tag"w$i || return
		ip link set "$tag"w$i master "$tag"br
		ip link set "$tag"w$i up
		ip link set "$tag"v$i up
	done
	peers+=(bridge)
}

# dpdk_slice NAME LENGTH WHAT HOW OPTION...
dpdk_slice()
{
	slice "$1" "$2" "$3" "$BENCH/dpdk-client" --lcores "0@$near" \
		--file-prefix "${tag}c" "${eal[@]}" "${@:5}" -- \
		"$2" "$4" "$near" "$far"
}

# measure PEER LENGTH WHAT HOW
measure()
{
	local options=()

	case $1 in
	weir)
		slice weir "$2" "$3" "$BENCH/pair" "$work/a.sock" \
			"$work/b.sock" "$2" "$4" "$near" "$far" || exit ;;
	bare)
		start_relay
		slice bare "$2" "$3" "$BENCH/pair" "$work/ra.sock" \
			"$work/rb.sock" "$2" "$4" "$near" "$far" || exit
		wait "$relay" ;;
	memif | memif-zc)
		slices=$((slices + 1))
		mapfile -t options < <(memif server '')
		start_testpmd "${options[@]}"
		mapfile -t options < <(memif client \
			"$([ "$1" = memif ] || echo ,zero-copy=yes)")
		dpdk_slice "$@" "${options[@]}"
		stop_testpmd ;;
	vhost)
		slices=$((slices + 1))
		start_testpmd \
			"--vdev=net_vhost0,iface=$work/v$slices-0,queues=1" \
			"--vdev=net_vhost1,iface=$work/v$slices-1,queues=1"
		mapfile -t options < <(virtio_user "$work/v$slices-")
		dpdk_slice "$@" "${options[@]}"
		stop_testpmd ;;
	ovs-dpdk)
		mapfile -t options < <(virtio_user "$work/ovs/o")
		kill -CONT "$ovs"
		dpdk_slice "$@" "${options[@]}"
		# It gives the client's memory back first.
		sleep 0.5
		kill -STOP "$ovs" ;;
	bridge)
		dpdk_slice "$@" "--vdev=net_af_packet0,iface=${tag}v0" \
			"--vdev=net_af_packet1,iface=${tag}v1" ;;
	esac
}

# --- TCP ---------------------------------------------------------------------

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

# tcp_slice NAME: one stream for two seconds, as a result "Gb/s retransmissions".
tcp_slice()
{
	local json=$work/iperf.json server

	ip netns exec "$tag-b" iperf3 -s -1 >"$work/iperf.log" 2>&1 &
	server=$!
	wait_until 5 sh -c "ip netns exec $tag-b ss -ltn | grep -q :5201"
	ip netns exec "$tag-a" timeout 20 iperf3 -c 10.77.0.2 -t 2 -J >"$json"
	wait "$server"
	jq -r --arg name "$1" '.end | "\($name) \(.sum_sent.retransmits) " +
		"\(.sum_received.bits_per_second / 1e9) " +
		"\(.cpu_utilization_percent.host_total)"' "$json" |
		tee -a "$work/results.tcp" |
		awk '{ printf "  %-10s %6.2f Gb/s, %d retransmissions\n", $1, $3, $2 }'
}

forget_stations()
{
	ip netns del "$tag-a"
	ip netns del "$tag-b"
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

tcp_weir()
{
	local kind=$1 conf=$work/tcp.conf monitor i name

	for i in 0 1; do
		name=$tag$kind$i
		[ "$kind" = tap ] || ip link add "$name" type veth \
			peer name "$tag"z$i
	done
	cat >"$conf" <<-CONF
	switch t0 {
		port a { $kind "${tag}${kind}0" }
		port b { $kind "${tag}${kind}1" }
	}
	allow a <-> b
	CONF
	"$WEIR" run -n "$tag$kind" "$conf" 2>"$work/weir.tcp" &
	monitor=$!
	pids+=("$monitor")
	wait_until 10 grep -q ': running' "$work/weir.tcp" ||
		die "weir did not start: $(cat "$work/weir.tcp")"
	if [ "$kind" = tap ]; then
		stations "$tag"tap0 "$tag"tap1
	else
		stations "$tag"z0 "$tag"z1
	fi
	tcp_slice "weir-$kind"
	kill "$monitor" && wait "$monitor"
	forget_stations
}

# tcp_ratio NAME: median of rounds, ours to the bridge's.
tcp_ratio()
{
	awk -v ours="$1" '
	$1 == "bridge" { theirs = $3 }
	$1 == ours && theirs > 0 { print ours, $3 / theirs }' \
		"$work/results.tcp" | medians_of |
		awk '{ printf "ratio tcp-%s-of-bridge %.2f aim 0.70\n", $1, $2 }'
}

# --- what is printed at the end -----------------------------------------------

# medians WHAT: "NAME LENGTH near|far MEDIAN" of all slices.
medians()
{
	awk '$4 != "mixed" { print $1, $2, $4, $3 }' "$work/results.$1" |
		medians_of | awk '{
			printf "%s %s %s %.3f %.3f %.3f %d\n", $1, $2, $3, $4,
				$5, $6, $7
		}' | sort -k3,3r -k2,2n -k4,4nr
}

# rate_ratio THEIRS LENGTH DISTANCE AIM
rate_ratio()
{
	ratios rate weir "$1" | awk -v theirs="$1" -v len="$2" -v where="$3" \
		-v aim="$4" '$1 == len && $2 == where {
		printf "ratio %sB-of-%s %s aim %s %s\n", len, theirs, $3, aim, where
	}'
}

print_ratios()
{
	rate_ratio memif-zc 64 near 1.30
	rate_ratio memif-zc 64 far 0.90
	rate_ratio ovs-dpdk 64 near 2.50
	rate_ratio bare 64 near 0.80
	rate_ratio memif-zc 1500 near 1.40
	rate_ratio ovs-dpdk 1500 near 2.00
	# Round trips: theirs / ours, so that higher is better.
	ratios rtt weir memif-zc | awk '{
		printf "ratio round-trip-of-memif-zc %.2f aim 1.00 %s\n", 1 / $3, $2
	}'
	tcp_ratio weir-tap
	tcp_ratio weir-nic
}

# --- the run -----------------------------------------------------------------

echo "Machine: $(uname -sr), $(nproc) CPUs: $(sed -n 's/^model name.*: //p' \
	/proc/cpuinfo | head -n 1)"
counted
[ "$pages" -ge $PAGES ] || echo $PAGES >/proc/sys/vm/nr_hugepages
start_switch
start_ovs || missing ovs-dpdk "openvswitch-switch-dpdk did not start"
start_bridge || missing bridge "no bridge or veth in this kernel"

echo "One way, client on CPU $near, what is measured on CPU $far:"
for _ in $(seq "$ROUNDS"); do
	for length in 64 1500; do
		for name in weir bare "${peers[@]}"; do
			measure "$name" "$length" rate "$MS"
		done
	done
done
echo "Round trip of a frame of 64 bytes, polling:"
for _ in $(seq 3); do
	for name in weir bare "${peers[@]}"; do
		[ "$name" = bridge ] || measure "$name" 64 rtt rtt=20000
	done
done
stop_switch

echo "TCP, one stream, MTU 1500:"
for _ in $(seq "$TCP_ROUNDS"); do
	tcp_bridge
	tcp_weir tap
	tcp_weir nic
done

echo
echo "Medians (name, bytes, distance, Mpps, least, most, slices):"
medians rate | column -t | sed 's/^/  /'
echo "Round trips (name, bytes, distance, us, least, most, slices):"
medians rtt | column -t | sed 's/^/  /'
echo
print_ratios
[ -z "${SVG-}" ] || medians rate | awk -f "$here/plot.awk" >"$SVG"
