#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# echo.conf in an arm64 machine that QEMU emulates: a driver VM with a network
# card, two client domains with an IP stack, a guest that may talk to one of
# them. This computer reaches their echo ports through the card. Takes about a
# minute and leaves nothing behind.
#
#	[KEEP=1] examples/echo/run.sh
#
# KEEP=1 gives a shell in the machine before it is turned off.
here=$(cd "$(dirname "$0")" && pwd) || exit
root=$(cd "$here/../.." && pwd) || exit
set -u
export LC_ALL=C
. "$root/examples/report.sh"
. "$root/machine/lib.sh"

W=$(mktemp -d) || exit
reader=
leave()
{
	# A second Ctrl-C must not leave anything behind.
	trap '' INT TERM HUP
	machine_stop
	[ -z "$reader" ] || kill "$reader" 2>/dev/null
	cd / && rm -rf "$W"
}
trap leave EXIT
trap 'exit 130' INT TERM HUP
cd "$W" || exit

# --- what is asked -----------------------------------------------------------

# log PATTERN: does weir's log have it?
log()
{
	grep -qE "$1" weir.log
}

# Each client reports its address.
address()
{
	sed -nE "s/.*sw0\.$1: DHCP request finished.* is: ([0-9.]+).*/\1/p" \
		weir.log | tail -n 1
}

vm()
{
	inside weir show -j vms | jq -r ".[0].$1"
}

frames()
{
	inside weir show -j vms | jq '.[0] | .rx_frames + .tx_frames'
}

# A port of this computer is forwarded to the address a client got.
open()
{
	local port
	port=$(machine_port "$1" "$(address "$2")")
	[ -n "$port" ] && exec 5<>"/dev/$1/127.0.0.1/$port"
}

# echoes PROTOCOL CLIENT: a line, and what comes back. A datagram can be lost.
echoes()
{
	local text said

	for _ in 1 2 3; do
		text="to $2 by $1: $RANDOM $RANDOM $RANDOM"
		open "$1" "$2" && printf '%s\n' "$text" >&5 &&
			said=$(timeout 5 head -n 1 <&5)
		exec 5>&-
		[ "$said" != "$text" ] || {
			echo same
			return
		}
	done 2>/dev/null
	echo "${said:-silence}"
}

# streams CLIENT BYTES: random bytes by TCP, and what comes back.
streams()
{
	local sender

	head -c "$2" /dev/urandom >sent
	open tcp "$1" || return
	cat sent >&5 &
	sender=$!
	timeout 90 head -c "$2" <&5 >came
	kill "$sender" 2>/dev/null
	exec 5>&-
	cmp sent came && echo same
}

pings()
{
	outcome inside "ping -c 3 -W 2 -I guest $1"
}

traced()
{
	inside weir trace "$@" | awk -F '\t' '$1 == "verdict" { print $2, $3 }'
}

# captured FILE FILTER...: how many frames.
captured()
{
	local file=$1
	shift

	machine_fetch "/run/echo/$file" >"$file"
	tcpdump -r "$file" -n "$@" 2>/dev/null | grep -vc $'^\t'
}

# --- what happens ------------------------------------------------------------

echo "A network card whose driver runs in a virtual machine, and two clients."
step "an arm64 machine: QEMU, no KVM and no root needed here"
machine_start "$W" || exit
inside 'uname -srvm
	echo "card $(cat /sys/bus/pci/devices/0000:01:00.0/uevent | grep PCI_ID)"
	echo "driver $(basename $(readlink /sys/bus/pci/devices/0000:01:00.0/driver))"
	ls /dev/kvm /dev/vfio/[0-9]*' | sed 's/^/   /'

step "weir check echo.conf"
inside weir check /echo/echo.conf || exit
step "weir run echo.conf"
tail -n +1 -f weir.log 2>/dev/null | sed -u 's/^/   | /' &
reader=$!
inside 'mkdir -p /run/echo && cd /run/echo &&
	{ weir run /echo/echo.conf >/dev/virtio-ports/log 2>&1 &
	echo $! >pid; }'
leased_or_ended()
{
	[ -n "$(address client0)" ] && [ -n "$(address client1)" ] ||
		! inside 'kill -0 $(cat /run/echo/pid)'
}
until_ok 180 leased_or_ended

step "the driver VM and the clients"
check "the driver VM is ready" yes outcome log 'is ready, card'
check "its card" 52:54:00:12:34:56 vm mac
check "its card has a link" up vm carrier
for client in client0 client1; do
	check "$client gets a lease by DHCP" yes outcome \
		test -n "$(address $client)"
done

step "from this computer, through QEMU's network and the card"
for client in client0 client1; do
	for proto in tcp udp; do
		check "$client echoes by ${proto^^}" same echoes $proto $client
	done
done

step "one mebibyte by TCP, and back"
before=$(frames) exits=$(vm exits)
check "what comes back from client0" same streams client0 1048576
after=$(frames)
printf '   %-44s %s\n' "frames through the driver VM" $((after - before))
check "they are more than 1000" yes outcome test $((after - before)) -gt 1000
check "exits to user space meanwhile" 0 \
	echo $(($(vm exits) - exits))
inside weir show vms | aligned

step "who is allowed, and who is not"
inside 'ip link set guest up; ip addr add 10.0.2.99/24 dev guest'
check "guest -> client0" yes pings "$(address client0)"
inside /bin/ip neigh replace "$(address client1)" \
	lladdr 02:00:00:00:00:01 dev guest
check "guest -> client1, though it knows where it is" no \
	pings "$(address client1)"
check "guest -> uplink" no pings 10.0.2.2
guest=$(inside cat /sys/class/net/guest/address)
check "weir trace guest dst=client1" "drop not_allowed" \
	traced guest dst=client1
inside weir show drops | aligned
check "frames of guest that were refused" yes outcome \
	test "$(captured echo.pcapng icmp and ether dst 02:00:00:00:00:01 \
		and ether src "$guest")" -gt 0
check "frames that reached client1" yes outcome \
	test "$(captured client1.pcapng)" -gt 0
check "frames of guest among them" 0 \
	captured client1.pcapng ether src "$guest"

step "the driver VM is killed"
pid=$(inside weir show -j system |
	jq '.pds[] | select(.name == "netvm").pid')
again()
{
	[ "$(vm restarts)" -ge 1 ] && [ "$(vm state)" = ready ]
}
inside kill -KILL "$pid"
check "it is there again" yes outcome until_ok 120 again
for client in client0 client1; do
	check "$client echoes by TCP" same echoes tcp $client
done

step "weir show ports"
inside weir show ports | cut -f 1,5- | aligned
step "tcpdump -r echo.pcapng"
check "the capture has frames" yes outcome \
	test "$(captured echo.pcapng)" -gt 0
tcpdump -r echo.pcapng -n -c 12 2>/dev/null | cut -c -100 | sed 's/^/   /'

if [ -z "${KEEP-}" ]; then
	step "weir stop"
	check "weir ends well" yes outcome inside 'weir stop'
fi
table weir.log
status=$?

if [ -n "${KEEP-}" ]; then
	step "KEEP=1: the machine goes on"
	kill "$reader"
	for client in client0 client1; do
		echo "   $client: port 7 is 127.0.0.1:$(machine_port tcp \
			"$(address $client)") for TCP and :$(machine_port udp \
			"$(address $client)") for UDP"
	done
	machine_shell
fi
exit $status
