#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# make bench-driver-vm: what a frame costs with its card in a driver VM.
#
# Everything runs in the emulated machine with one processor and QEMU counting
# instructions: each takes a nanosecond of the machine's time. The load comes
# from outside (echo_load) through the same card in every case:
#
#	bridge	the machine's own kernel drives the card, under a Linux bridge;
#		an echo server behind a veth pair. What Weir is held against
#	single	the same with the card's and the pair's offloads off, so that it
#		handles single frames as a virtual switch has to
#	weir	a driver VM; virtualisers and switch in one domain; a client PD
#	apart	the same with every component in a domain of its own
#	tap	a driver VM; virtualisers, switch and a tap in one domain;
#		behind the tap the echo server that is behind the bridge
#	socket	the driver VM as others have built it: a system call and a
#		doorbell for each frame, memory mapped uncached
#
# Counted are all instructions of the machine while it was not idle, whoever
# executed them, by message echoed; a datagram's echo is two frames. Bulk TCP
# has 512 messages under way, so that several segments can be. The rate is what a
# processor of one instruction per nanosecond would reach. No two cases are
# compared but by these counts, so other load on this computer does not matter.
#
# The environment: CASES, which of these; ECHOES, how many messages per load.
set -u -o pipefail
export LC_ALL=C

root=$(cd "$(dirname "$0")/../.." && pwd) || exit
: "${BENCH:?folder of the programs}"
. "$root/machine/lib.sh"

CASES=${CASES:-bridge single weir apart tap socket}
ECHOES=${ECHOES:-40000}
IDLE_SECONDS=20
export MACHINE_ACCEL=tcg,thread=single MACHINE_CPUS=1 MACHINE_TIMEOUT=300
# Awake from sleep by the real clock: what comes from outside comes at its pace.
export MACHINE_QEMU='-icount shift=0,sleep=on'

work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX") || exit 1
cleanup()
{
	machine_stop
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

die()
{
	echo "bench-driver-vm: $*" >&2
	exit 1
}

# --- the cases --------------------------------------------------------------

# serve PREPARATION: a kernel's echo server in a namespace, once there is a way.
# The client in there gets its address as ours do. The shell in there would
# prefer its own, smaller ip.
serve()
{
	inside "alias ip=/bin/ip; $1"'
	ip -n client link set lo up
	ip -n client link set eth0 up
	cat >/run/lease <<-"END"
		#!/bin/sh
		[ "$1" != bound ] || /bin/ip addr add $ip/$mask dev $interface
		[ "$1" != bound ] || /bin/ip route add default via $router
	END
	chmod +x /run/lease
	ip netns exec client udhcpc -q -n -t 20 -i eth0 -s /run/lease || exit
	ip netns exec client /examples/echo_host 7 >/dev/null 2>&1 &' \
		2>>"$work/said"
}

start_bridge()
{
	serve '
	nic-driver e1000e && modprobe bridge && modprobe veth || exit
	ip link add br0 type bridge && ip link set eth0 master br0 || exit
	ip netns add client || exit
	ip link add port type veth peer name eth0 netns client || exit
	ip link set port master br0 || exit
	for i in eth0 port br0; do ip link set $i up; done'
}

no_offloads()
{
	inside 'off="gro off gso off tso off"
	ethtool -K eth0 $off && ethtool -K port $off &&
	/bin/ip netns exec client ethtool -K eth0 $off' >>"$work/said" 2>&1
}

# topology CLIENT VM-WORDS STATEMENT
topology()
{
	cat <<-CONF
	switch sw0 {
		port uplink { driver-vm netvm }
		port client { $1; follow uplink }
	}
	vm netvm {
		kernel "Image.gz"
		initrd "driver.cpio.gz"
		nic pci "0000:01:00.0"
		$2
	}
	allow client <-> uplink
	$3
	CONF
}

# start_weir CLIENT VM-WORDS STATEMENT
start_weir()
{
	local text
	text=$(topology "$@" | base64 -w 0)
	started=$(uptime_of)

	inside "mount -t debugfs debugfs /sys/kernel/debug
		echo $text | base64 -d >/echo/bench.conf
		weir run /echo/bench.conf >/dev/virtio-ports/log 2>&1 &"
}

# start_program VM-WORDS STATEMENT
start_program()
{
	start_weir 'program "client-echo"' "$@" || return
	for _ in $(seq 900); do
		! grep -q 'DHCP request finished' "$work/m/weir.log" || {
			leased=$(uptime_of)
			return 0
		}
		sleep 0.2
	done
	tail -n 20 "$work/m/weir.log" >&2
	return 1
}

start_tap()
{
	inside '/bin/ip netns add client' &&
		start_weir 'tap "eth0" netns "client"' "" \
			'domain fast { sw0 uplink client }' &&
		serve '
		for i in $(seq 300); do
			! weir show -j vms | grep -q "\"ready\"" || break
			sleep 1
		done'
}

start_case()
{
	case $1 in
	bridge) start_bridge ;;
	single) start_bridge && no_offloads ;;
	weir) start_program "" "domain fast { sw0 uplink }" ;;
	apart) start_program "" "" ;;
	tap) start_tap ;;
	socket) start_program 'shared uncached; append "weir_card=socket"' "" ;;
	*) die "there is no case '$1'; there are: bridge single weir apart" \
		tap socket ;;
	esac
}

# --- counting ---------------------------------------------------------------

# Seconds the machine has been up, and of these idle.
uptime_of()
{
	inside cat /proc/uptime
}

vms()
{
	inside 'weir show -j vms 2>/dev/null || echo []'
}

# Exits of the driver VM, those the kernel deals with included.
exits_of()
{
	inside 'cat /sys/kernel/debug/kvm/*-*/exits' | head -n 1
}

declare -A base cost_of
# measure CASE PROTOCOL SIZE WINDOW [WARM-UP]
measure()
{
	local port before after said b a cost

	port=$(machine_port "$2" 10.0.2.15)
	# Addresses are resolved, connections and buffers warm before it counts.
	"$BENCH/echo_load" "$2" 127.0.0.1 "$port" "$3" 100 1 >/dev/null
	"$BENCH/echo_load" "$2" 127.0.0.1 "$port" "$3" "${5:-100}" "$4" \
		>/dev/null
	b=$(vms)
	before=$(uptime_of)
	said=$("$BENCH/echo_load" "$2" 127.0.0.1 "$port" "$3" "$ECHOES" "$4")
	after=$(uptime_of)
	a=$(vms)
	read -r cost rate <<<"$(awk -v n="$ECHOES" -v size="$3" '{
		busy = ($3 - $1) - ($4 - $2)
		printf "%d %.0f", busy * 1e9 / n, n * size * 8 / busy / 1e6
		}' <<<"$before $after")"
	: "${base[$2 $3 $4]:=$cost}"
	cost_of[$1 $2 $3 $4]=$cost
	printf '%-7s %-4s %4d %4d %9d %9d %6s' "$1" "$2" "$3" "$4" "$cost" \
		"$rate" \
		"$(awk "BEGIN { printf \"%.2f\", ${base[$2 $3 $4]} / $cost }")"
	jq -rn --argjson b "$b" --argjson a "$a" --argjson echoes "$ECHOES" '
		if ($a | length) == 0 then empty else
		($a[0].rx_frames + $a[0].tx_frames
		 - $b[0].rx_frames - $b[0].tx_frames) as $n |
		["exits", "syscalls", "wakeups", "doorbells", "copied"] |
		map(($a[0][.] - $b[0][.]) / $n) |
		[$n / $echoes] + . | map(. * 1000 | round / 1000 | tostring) |
		join(" ") end' | {
		read -r frames exits calls wakes bells copied &&
			printf ' %7s %6s %7s %7s %7s %7s' "$frames" "$exits" \
				"$calls" "$wakes" "$bells" "$copied"
	}
	echo
	case $said in
	*"lost=0 wrong=0") ;;
	*) echo "        $said" ;;
	esac
}

about_the_vm()
{
	local before after

	echo "        the VM ready after $(vms | jq '.[0].ready_ms') ms," \
		"$(awk "BEGIN { print ${leased%% *} - ${started%% *} }") s" \
		"from weir's start to the client's lease, in the machine's time"
	before=$(exits_of) && sleep $IDLE_SECONDS && after=$(exits_of)
	echo "        idle: $(awk "BEGIN { print ($after - $before) / \
		$IDLE_SECONDS }") exits a second, the kernel's included"
}

echo "driver VM, octets:"
for variant in pci odroidc4; do
	for file in Image Image.gz; do
		file=${LINUX:-$root/build/linux}/$variant/$file
		[ ! -e "$file" ] || printf '  %-18s %9d\n' \
			"$variant/${file##*/}" "$(stat -c %s "$file")"
	done
done
echo
# ratio NAME AIM CASE LOAD...: what the bridge needs as a multiple of a case's.
ratio()
{
	local bridge=${cost_of[bridge ${*:4}]-} its=${cost_of[${*:3}]-}

	[ -z "$bridge" ] || [ -z "$its" ] ||
		awk "BEGIN { printf \"ratio driver-vm-$1 %.2f aim $2\n\", \
			$bridge / $its }"
}

printf '%-7s %-14s %9s %9s %6s %7s %6s %7s %7s %7s %7s\n' \
	'' '' instr. Mbit/s 'of the' frames 'per frame in the VM:' '' '' '' '' \
	case 'load, window' '/echo' '' bridge /echo exits calls wakes bells copied |
	sed 's/ *$//'
for case in $CASES; do
	rm -rf "$work/m" && mkdir "$work/m"
	machine_start "$work/m" || exit
	start_case "$case" || {
		cat "$work/said" >&2
		die "case $case does not start"
	}
	measure "$case" udp 64 64
	measure "$case" udp 1472 64
	measure "$case" tcp 64 256
	measure "$case" tcp 1472 32
	# Bulk. Of the memory for segments each page is new once.
	measure "$case" tcp 1472 512 40000
	[ "$case" != weir ] || about_the_vm
	machine_stop
done
echo
ratio datagrams-64 1.50 weir udp 64 64
ratio datagrams-1472 1.50 weir udp 1472 64
ratio bulk-tcp 0.80 tap tcp 1472 512
ratio tcp-47-KB-in-flight 0.80 tap tcp 1472 32
