#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# four-vms.conf in an arm64 machine that QEMU emulates: four Linux VMs on one
# switch, and a fifth that drives the network card. Who reaches whom is asked in
# each of them. Takes about two minutes and leaves nothing behind.
#
#	[KEEP=1] examples/four-vms/run.sh
#
# KEEP=1 gives a shell in the machine before it is turned off.
here=$(cd "$(dirname "$0")" && pwd) || exit
. "$here/../vms.sh"

clients=(alice=10.0.2.15=02:00:00:00:00:01 bob=10.0.2.22=02:00:00:00:00:02
	carol=10.0.2.23=02:00:00:00:00:03 dave=10.0.2.24=02:00:00:00:00:04)
allowed='alice-bob alice-carol carol-dave'

# From this computer, through QEMU's network, the card and the switch.
echoes()
{
	local said port

	port=$(machine_port tcp 10.0.2.15)
	exec 5<>"/dev/tcp/127.0.0.1/$port" &&
		echo "from outside" >&5 && said=$(timeout 20 head -n 1 <&5)
	exec 5>&-
	echo "${said:-silence}"
}

vms_begin four-vms.conf "Four virtual machines, and a network card in a fifth."
vms_ready alice bob carol dave
check "alice has 2 CPUs" 2 guest alice nproc
leased()
{
	log 'alice: guest: eth0 has 10\.0\.2\.15'
}
check "alice gets a lease by DHCP, through the card" yes \
	outcome until_ok 90 leased

step "who reaches whom; those that are refused know the other's address"
matrix "$allowed" "${clients[@]}"

step "the world"
check "alice reaches it" yes guest alice "reaches 10.0.2.2"
for name in bob carol dave; do
	check "$name does not" no guest $name "reaches 10.0.2.2"
done
check "it reaches alice's TCP port 7" "from outside" echoes

step "no frame of alice's or bob's came to dave"
machine_fetch /run/vms/dave.pcapng >dave.pcapng
check "frames that dave sent" yes outcome test "$(tcpdump -nr dave.pcapng \
	ether src 02:00:00:00:00:04 2>/dev/null | grep -c .)" -gt 0
check "of alice's or bob's" 0 eval 'tcpdump -nr dave.pcapng \
	ether src 02:00:00:00:00:01 or ether src 02:00:00:00:00:02 \
	2>/dev/null | grep -c .'
vms_show

step "bob reboots, dave turns itself off"
vms_again bob
vms_off dave
vms_end
