# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# The switches Weir is measured beside: how each is started, and a slice of any
# of them.  What polls runs only while it is its turn.
#
# $tag begins the names of interfaces.

ovs=
leftover=
slices=0
eal=(--in-memory --no-pci -m 300 --single-file-segments)

# start PEER COMMAND: those that do not start are left out, and named.
left_out=' '
start()
{
	"$2" && return
	echo "  left out: $1 (it did not start)"
	left_out="$left_out$1 "
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
	# It leaves this behind.
	[ -e /sys/class/net/ovs-netdev ] || leftover='ovs-netdev'
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
	kill -STOP "$ovs"
}

# Weir's own vhost-user ports, for the client that OVS has: one process polls for
# both, as there.  It sleeps while nothing comes.
start_weir_vhost()
{
	cat >"$work/vhost.conf" <<-CONF
	switch sw0 {
		port a { vhost-user "$work/w0"; buffers 1024; offload off }
		port b { vhost-user "$work/w1"; buffers 1024; offload off }
	}
	allow a <-> b
	domain fast { sw0 a b; poll 200us }
	placement { fast; cpu $far }
	CONF
	"$WEIR" run "$work/vhost.conf" 2>"$work/vhost.log" &
	pids+=($!)
	wait_until 10 grep -q ': running' "$work/vhost.log"
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
}

# It sleeps while nothing comes.
start_vde()
{
	taskset -c "$far" vde_switch -s "$work/vde" -p "$work/vde.pid" -d \
		</dev/null >/dev/null 2>&1 || return
	wait_until 5 test -s "$work/vde.pid" || return
	pids+=("$(cat "$work/vde.pid")")
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

	[[ $left_out != *" $1 "* ]] || return
	case $1 in
	weir)
		slice weir "$2" "$3" "$BENCH/pair" "$work/a.sock" \
			"$work/b.sock" "$2" "$4" "$near" "$far" || exit ;;
	bare)
		start_relay
		slice bare "$2" "$3" "$BENCH/pair" "$work/ra.sock" \
			"$work/rb.sock" "$2" "$4" "$near" "$far" ||
			kill "$relay"
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
	weir-vhost)
		mapfile -t options < <(virtio_user "$work/w")
		dpdk_slice "$@" "${options[@]}" ;;
	ovs-dpdk)
		mapfile -t options < <(virtio_user "$work/ovs/o")
		kill -CONT "$ovs"
		dpdk_slice "$@" "${options[@]}"
		# It gives the client's memory back first.
		sleep 0.5
		kill -STOP "$ovs" ;;
	vde)
		slice vde "$2" "$3" "$BENCH/vde-client" "$work/vde" "$2" "$4" \
			"$near" "$far" ;;
	bridge)
		dpdk_slice "$@" "--vdev=net_af_packet0,iface=${tag}v0" \
			"--vdev=net_af_packet1,iface=${tag}v1" ;;
	esac
}
