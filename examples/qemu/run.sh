#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# qemu.conf with two guests of stock QEMU, Debian's kernel in them, and network
# namespaces carol and uplink. It needs no KVM. Everything is private to this
# script and gone when it ends.
#
#	WEIR=PATH VM_DIR=FOLDER examples/qemu/run.sh
. "$(dirname "$0")/../lib.sh"
. "$_root/machine/lib.sh"
. "$_root/machine/vm.sh"
export VM_DIR=${VM_DIR:-$_root/build/vm}
export MACHINE_TIMEOUT=60

! why=$(vm_missing) || _die "$why"
echo "Virtual machines of stock QEMU on a switch, by vhost-user."
begin qemu.conf

step "the uplink: dnsmasq for DHCP"
client uplink 10.7.0.1/24
on uplink dnsmasq --no-daemon --conf-file=/dev/null --port=0 \
	--interface=uplink --except-interface=lo --bind-interfaces \
	--dhcp-authoritative --no-ping --dhcp-leasefile="$W/leases" \
	--dhcp-range=10.7.0.100,10.7.0.199,255.255.255.0,10m \
	>dnsmasq.log 2>&1 &
until_ok 10 grep -q started dnsmasq.log || _die "$(cat dnsmasq.log)"

step "two guests start; bob's card has a packed ring"
vm_start alice /run/example/alice.sock mac=02:00:00:00:00:0a
vm_start bob /run/example/bob.sock mac=02:00:00:00:00:0b packed=on
started()
{
	outcome vm_ready "$1"
	tail -n 5 "$1.vm/console.log" "$1.vm/qemu.log" >&2
}
check "alice starts" yes started alice
check "bob starts" yes started bob

address()
{
	vm "$1" ip -o -4 addr show dev eth0 | sed 's/.*inet \([^/]*\).*/\1/'
}
leased()
{
	vm "$1" "ip link set eth0 up &&
		udhcpc -f -q -n -t 10 -T 2 -i eth0 -s /bin/lease" >"$1.dhcp" 2>&1
	case $(address "$1") in
	10.7.0.1[0-9][0-9]) echo yes ;;
	*) echo no; cat "$1.dhcp" >&2 ;;
	esac
}
step "they ask for an address"
for name in alice bob; do
	check "$name gets a lease by DHCP" yes leased $name
	printf '   %-44s %s\n' "" "$(address $name)"
done
client carol 10.7.0.9/24

from()
{
	outcome vm "$1" "ping -c 3 -W 3 $2"
}
step "who is allowed"
check "alice -> uplink" yes from alice 10.7.0.1
check "bob -> uplink" yes from bob 10.7.0.1
check "alice -> bob" yes from alice "$(address bob)"
check "bob -> alice" yes from bob "$(address alice)"
check "uplink -> alice" yes pings uplink "$(address alice)"

step "who is not"
check "carol -> alice" no pings carol "$(address alice)"
check "carol -> uplink, which answers ARP alone" no pings carol 10.7.0.1
check "alice -> carol" no from alice 10.7.0.9
check "weir trace carol dst=alice" "drop not_allowed" traced carol dst=alice
check "weir trace alice dst=bob" "deliver none" traced alice dst=bob

# iperf FROM TO ADDRESS: three seconds; the rate is printed.
iperf()
{
	vm "$2" "iperf3 -s -1 -D; sleep 1" &&
		vm "$1" "iperf3 -c $3 -t 3 -J" >iperf.json
	outcome jq -e '.end.sum_received.bytes > 1000000' iperf.json
}
rate()
{
	jq -r '"   \(.end.sum_received.bits_per_second / 1e6 | floor) Mbit/s"' \
		iperf.json
}
step "iperf3 from alice to bob, 3 seconds; every instruction is emulated"
check "iperf3 alice -> bob" yes iperf alice bob "$(address bob)"
rate

step "bob is killed, and starts again"
vm_kill bob
until_ok 10 grep -q "bob: .*the peer has closed" weir.log
vm_start bob /run/example/bob.sock mac=02:00:00:00:00:0b
check "bob starts" yes started bob
check "bob gets a lease by DHCP" yes leased bob
check "alice -> bob" yes from alice "$(address bob)"

step "weir show ports"
"$WEIR" show ports | cut -f 1,3,5- | aligned
step "weir show drops"
"$WEIR" show drops | aligned
vm_kill alice
vm_kill bob
verdict
