#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A driver VM in the emulated machine: addresses and echoes through its card,
# segments, who is denied, what the captures have, no exit on the data path, and
# ten deaths.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"

# echo.conf's, a port nobody allows anything, and two hosts that may use the
# uplink, of which one takes segments.
mkdir -p add/echo
sed -e '/port guest/a\	port nobody { tap "nobody" }\
	port whole { tap "whole0" netns "whole" }\
	port cut { tap "cut0" netns "cut"; offload off }' \
	-e '$a\allow { whole, cut } <-> uplink' \
	"$_repo/examples/echo/echo.conf" >add/echo/test.conf
in_machine add
inside '/bin/ip netns add whole; /bin/ip netns add cut'
weir_inside /echo/test.conf

# --- it starts -------------------------------------------------------------

ok "the driver VM reports ready" wait_for 120 vm_is state ready
is "it reports its card's address" "$(vm mac)" 52:54:00:12:34:56
ok "the card has a link" wait_for 60 vm_is carrier up
is "the card's MTU is 1500" "$(vm mtu)" 1500
for client in client0 client1; do
	ok "$client gets a lease" wait_for 60 leased $client
	like "$client's address is from QEMU's server" \
		"$(address $client)" '^10\.0\.2\.1[56]$'
done
unlike "the two addresses differ" "$(address client0)" "^$(address client1)$"

# --- echoes ----------------------------------------------------------------

for proto in tcp udp; do
	for size in 9 64 512 1472; do
		is "client0 echoes 250 times $size bytes by $proto" \
			"$(load $proto client0 $size 250 4)" \
			"sent=250 echoed=250 lost=0 wrong=0"
	done
	is "client1 echoes 1000 times by $proto" \
		"$(load $proto client1 256 1000 8)" \
		"sent=1000 echoed=1000 lost=0 wrong=0"
done

# --- segments ----------------------------------------------------------------

# A host, and what it says and hears: outside, 10.0.2.2 is this computer.
hosts()
{
	local n=50 name

	for name in whole cut; do
		inside "/bin/ip -n $name addr add 10.0.2.$((n++))/24 dev ${name}0
			/bin/ip -n $name link set ${name}0 up" || return
	done
}
head -c 700000 /dev/urandom >data
sum=$(sha256sum <data)
sum=${sum%% *}
# outside SOCAT-ADDRESS: a server for one connection; $port.
outside()
{
	port=$((20000 + RANDOM % 10000))
	timeout 60 socat -u "${1/PORT/$port}" "${2/PORT/$port}" \
		>/dev/null 2>&1 &
	wait_for 10 sh -c "ss -Hltn sport = :$port | grep -q ."
}
# comes HOST: a stream from outside, all of it.
comes()
{
	outside OPEN:data TCP4-LISTEN:PORT,bind=127.0.0.1 || return
	[ "$(inside "/bin/ip netns exec $1 nc 10.0.2.2 $port </dev/null |
		sha256sum | cut -d' ' -f1")" = "$sum" ]
}
# goes HOST: one to outside; the machine has the data from the stream before.
goes()
{
	local sent

	rm -f got
	outside TCP4-LISTEN:PORT,bind=127.0.0.1 CREATE:got || return
	sent=$(inside "head -c 700000 /dev/urandom >/tmp/data
		/bin/ip netns exec $1 nc 10.0.2.2 $port </tmp/data
		sha256sum </tmp/data | cut -d' ' -f1")
	wait $!
	[ "$(sha256sum <got | cut -d' ' -f1)" = "$sent" ]
}
ok "there are two hosts" hosts
declare -A came went
for name in whole cut; do
	before=$(port uplink in_frames)
	ok "a stream comes to a host: $name" comes $name
	came[$name]=$(($(port uplink in_frames) - before))
	before=$(port uplink out_frames)
	ok "a stream goes from a host: $name" goes $name
	went[$name]=$(($(port uplink out_frames) - before))
	note "${came[$name]} frames came, ${went[$name]} went"
done
# 700,000 bytes are 480 frames.
ok "it goes in segments from one that has them" test "${went[whole]}" -lt 400
ok "and in frames from one that has not" test "${went[cut]}" -ge 480
ok "which gets them cut, too" test "$(port cut out_frames)" -ge 480
is "none was refused" "$(vm 'rx_refused + .[0].tx_failed')" 0

# --- frames need no exit to user space -------------------------------------

frames=$(vm 'rx_passed + .[0].tx_passed') exits=$(vm exits)
ok "6000 messages by TCP are echoed" load tcp client0 1400 6000 16
frames=$(($(vm 'rx_passed + .[0].tx_passed') - frames))
note "$frames frames passed"
ok "at least 10000 frames passed" test $frames -ge 10000
is "needs no exit to user space" $(($(vm exits) - exits)) 0
is "no frame was dropped" "$(vm 'rx_no_buffer + .[0].rx_refused +
	.[0].tx_failed')" 0

# --- who is denied ---------------------------------------------------------

# A frame for client1 itself, and not one that asks everybody where it is, is
# refused: so the guest is told where it is.
inside 'ip link set guest up; ip addr add 10.0.2.99/24 dev guest
	ip link set nobody up; ip addr add 10.0.3.1/24 dev nobody' 2>/dev/null
pings()
{
	inside "ping -c 3 -W 2 -I $1 $2"
}
ok "guest reaches client0" pings guest "$(address client0)"
nok "guest does not reach client1" pings guest "$(address client1)"
ok "guest is given client1's Ethernet address" inside /bin/ip neigh replace \
	"$(address client1)" lladdr 02:00:00:00:00:01 dev guest
nok "guest still does not reach client1" pings guest "$(address client1)"
nok "nor the uplink" pings guest 10.0.2.2
nok "nobody reaches client0" pings nobody "$(address client0)"
ok "the port nobody has sent frames" test "$(port nobody in_frames)" -gt 0
is "and hears nothing" "$(port nobody out_frames)" 0
is "nor does its interface" \
	"$(inside cat /sys/class/net/nobody/statistics/rx_packets)" 0

# --- what was captured -----------------------------------------------------

machine_fetch /run/echo/echo.pcapng >echo.pcapng
machine_fetch /run/echo/client1.pcapng >client1.pcapng
guest=$(inside cat /sys/class/net/guest/address)
# frames FILE FILTER: how many match tshark's filter.
frames()
{
	tshark -r "$1" -n -Y "$2" -T fields -e frame.number 2>/dev/null | wc -l
}
ok "the capture has both acknowledgements of DHCP" \
	test "$(frames echo.pcapng 'dhcp.option.dhcp == 5 &&
		frame.interface_name contains "uplink"')" -ge 2
ok "it has the datagrams" \
	test "$(frames echo.pcapng 'udp.port == 7 &&
		frame.interface_name contains "client1"')" -ge 2000
ok "and the guest's pings, refused, with the reason" test "$(frames \
	echo.pcapng "eth.src == $guest && icmp && frame.comment")" -gt 0
ok "client1's capture has its datagrams" \
	test "$(frames client1.pcapng 'udp.port == 7')" -ge 2000
is "and no frame of the guest" "$(frames client1.pcapng "eth.addr == $guest")" 0

# --- it dies, ten times ----------------------------------------------------

pid_of()
{
	inside weir show -j system |
		jq --arg pd "$1" '.pds[] | select(.name == $pd).pid'
}
# Under traffic that does not wait for answers; they come all the same.
traffic()
{
	local i to

	to=$(machine_port udp "$(address client0)")
	while [ -e traffic ]; do
		for i in {1..20}; do
			echo "$i: to whoever is there"
		done >"/dev/udp/127.0.0.1/$to"
		sleep 0.02
	done
}
back()
{
	vm_is state ready && vm_is restarts "$1"
}
# A connection that is open all the while.
exec 6<>"/dev/tcp/127.0.0.1/$(machine_port tcp "$(address client1)")"
says()
{
	local said

	echo "$1" >&6
	read -r -t 90 said <&6
	[ "$said" = "$1" ]
}
ok "a connection is open" says "before"
touch traffic
traffic >traffic.log 2>&1 &
noise=$!
leases=$(grep -c 'DHCP request finished' "$WEIR_LOG")
for n in 1 2 3 4 5 6 7 8 9 10; do
	inside kill -KILL "$(pid_of netvm)"
	ok "killed under traffic, it comes back ($n)" wait_for 120 back $n
	ok "and client1 serves ($n)" wait_for 120 serves client1
done
rm traffic
wait $noise
ok "the connection has survived all of that" says "after"
exec 6>&-
ok "client0 serves, too" wait_for 60 serves client0
is "nobody else was restarted" "$(inside weir show -j system |
	jq '[.pds[] | select(.name != "netvm").restarts] | add')" 0
is "the virtualisers refused nothing but frames for a VM that was away" \
	"$(vm 'refused | [.[] | select(.reason != "peer_down").count] |
		add // 0')" 0
note "$(($(grep -c 'DHCP request finished' "$WEIR_LOG") - leases)) leases anew"

# Every buffer is where it was: as many frames are under way as before.
is "all buffers are there" "$(load udp client0 64 2000 128)" \
	"sent=2000 echoed=2000 lost=0 wrong=0"

ok "weir ends when told to" inside weir stop
gone()
{
	! inside pidof weir
}
ok "no process of it is left" wait_for 30 gone
is "the card is still bound to vfio-pci" "$(inside basename \
	"\$(readlink /sys/bus/pci/devices/0000:01:00.0/driver)")" vfio-pci
finish
