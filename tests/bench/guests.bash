# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# TCP between two guests of stock QEMU, which emulates them (TCG): with cards
# served by vhost-user ports of Weir, and with taps in a Linux bridge. Whoever
# has no guests (`make vm` makes them) goes without.
: "${VM_DIR:=$here/../../build/vm}"
# shellcheck source=machine/lib.sh
. "$here/../../machine/lib.sh"
# shellcheck source=machine/vm.sh
. "$here/../../machine/vm.sh"
W=$work

# guests_slice NAME BACK-END...: one stream for five seconds.
guests_slice()
{
	local i=1 name

	for name in a b; do
		vm_start $name "${@:$((i + 1)):1}" mac=02:00:00:00:00:0$i
		pids+=("${_vm_pid[$name]}")
		i=$((i + 1))
	done
	i=1
	for name in a b; do
		vm_ready $name && vm $name "ip addr add 10.79.0.$i/24 dev eth0
			ip link set eth0 up" || die "a guest does not start"
		i=$((i + 1))
	done
	vm b "iperf3 -s -1 -D"
	wait_until 30 vm a "ping -c 1 -W 1 10.79.0.2" ||
		die "the guests do not reach each other"
	vm a "iperf3 -c 10.79.0.2 -t 5 -J" >"$work/iperf.json"
	vm_kill a
	vm_kill b
	jq -r --arg name "$1" '"\($name) \(.end.sum_received.bits_per_second /
		1e9)"' "$work/iperf.json" | tee -a "$work/results.guests" |
		awk '{ printf "  %-20s %6.2f Gb/s\n", $1, $2 }'
}

guests_weir()
{
	cat >"$work/guests.conf" <<-CONF
	switch v0 {
		port a { vhost-user "$work/ga.sock" }
		port b { vhost-user "$work/gb.sock" }
	}
	allow a <-> b
	CONF
	: >"$work/weir.guests"
	"$WEIR" run -n "$tag-guests" "$work/guests.conf" \
		2>"$work/weir.guests" &
	monitor=$!
	pids+=("$monitor")
	wait_until 10 grep -q ': running' "$work/weir.guests" ||
		die "weir did not start: $(cat "$work/weir.guests")"
	guests_slice weir-guests "$work/ga.sock" "$work/gb.sock"
	kill "$monitor" && wait "$monitor"
}

guests_bridge()
{
	local i

	ip link add "$tag"t type bridge && ip link set "$tag"t up
	for i in 0 1; do
		ip tuntap add "$tag"v$i mode tap vnet_hdr
		ip link set "$tag"v$i master "$tag"t up
	done
	guests_slice bridge-guests tap="$tag"v0 tap="$tag"v1
	ip link del "$tag"v0
	ip link del "$tag"v1
	ip link del "$tag"t
}

# guests_rounds N: in turn.
guests_rounds()
{
	local _ why

	if why=$(vm_missing); then
		echo "  left out: $why"
		return
	fi
	for _ in $(seq "$1"); do
		guests_bridge
		guests_weir
	done
}

guests_ratio()
{
	[ -s "$work/results.guests" ] || return
	awk '
	$1 == "bridge-guests" { theirs = $2 }
	$1 == "weir-guests" { print "guests", $2 / theirs }
	' "$work/results.guests" | medians_of | awk '{
		printf "ratio tcp-%s-of-bridge %.2f aim 1.00\n", $1, $2
	}'
}
