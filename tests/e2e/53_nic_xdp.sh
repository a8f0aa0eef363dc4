#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# nic by AF_XDP: traffic between two hosts behind veth pairs, which leave
# checksums and segmentation to hardware; and who removes the XDP program, or is
# in its way.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host alice
host bob
# cable PORT HOST NUMBER
cable()
{
	ip link add "$1" type veth peer name "$2"0 netns "$2"
	on "$2" ip addr add "10.0.0.$3/24" dev "$2"0
	on "$2" ip addr add "fd00::$3/64" dev "$2"0 nodad
	on "$2" ip link set "$2"0 up
	ip link set "$1" up
}
cable port0 alice 1
cable port1 bob 2

cat >xdp.conf <<'END'
switch sw0 {
	port alice { nic "port0"; xdp }
	port bob   { nic "port1"; xdp }
}
allow alice <-> bob
END

path_of()
{
	"$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).path'
}
has_path()
{
	[ "$(path_of "$1")" = "$2" ]
}
programs()
{
	ip -d link show | grep -c 'prog/xdp'
}
no_programs()
{
	[ "$(programs)" = 0 ]
}
state_is()
{
	[ "$("$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).state')" = "$2" ]
}

weir_start xdp.conf
case $(sed -n 's/.*not by AF_XDP: //p' "$WEIR_LOG" | head -n 1) in
*'run weir as root'*)
	# The fallback of an ordinary user.
	can_talk alice 1 bob 2
	is "without the right to load programs, by AF_PACKET" \
		"$(path_of alice) $(programs)" "packet 0"
	finish ;;
*CONFIG_XDP_SOCKETS* | *'Linux 6.8'*)
	skip_all "no AF_XDP behind veth in this kernel" ;;
esac

# shared PID: octets that it has mapped of AF_XDP's memory and rings.
shared()
{
	awk '$6 ~ /^socket:/ || $6 ~ /memfd:weir:xdp/ {
		split($1, range, "-"); print range[1], range[2] }' \
		"/proc/$1/maps" | {
		all=0
		while read -r from to; do
			all=$((all + 0x$to - 0x$from))
		done
		echo $all
	}
}
said()
{
	"$WEIR" show -j system | jq '.pds[].maps[] |
		select(.region == "sw0.alice.kernel").size'
}
is "what it shares with the kernel is told to the byte" "$(said)" \
	"$(shared "$("$WEIR" show -j system |
		jq '.pds[] | select(.name == "sw0.alice").pid')")"
ok "and a frame's buffer is 2 KiB" [ "$(said)" -gt $((2048 * 2048)) ]

# --- traffic ---------------------------------------------------------------

is "both ports are by AF_XDP" "$(path_of alice) $(path_of bob)" "xdp xdp"
like "and a person is told" "$("$WEIR" show ports)" 'nic port0, by AF_XDP'
is "each interface has a program" "$(programs)" 2
can_talk alice 1 bob 2

# carries FROM TO ADDRESS: a file by TCP, the same at the other end.
carries()
{
	rm -f got sum
	on "$2" timeout 60 socat -u TCP6-LISTEN:5000,ipv6only=0 CREATE:got &
	local listener=$!

	wait_for 5 listens "$2"
	on "$1" timeout 60 socat -u OPEN:file "TCP:$3:5000" || return
	wait "$listener"
	cmp file got
}
listens()
{
	on "$1" ss -ltn | grep -q :5000
}
head -c 8000000 /dev/urandom >file
ok "8 MB by TCP, the checksums left to hardware" carries alice bob 10.0.0.2
ok "and back, over IPv6" carries bob alice '[fd00::1]'
is "nothing was wrong about any frame" "$("$WEIR" show -j drops |
	jq -r '.[].reason' | grep '^outside' | grep -v '^outside_down$')" ""

tagged()
{
	frame "$@" | sed "s/$TEST/8100e007$TEST/"
}
ear bob vlan 7 and ether proto 0x$TEST
send alice "$(tagged "$(mac bob)" "$(mac alice)" tag)"
ok "a VLAN tag arrives" wait_for 5 heard_some bob
is "with its priority" \
	"$(tcpdump -r bob.pcap -e 2>/dev/null | grep -c 'p 7')" 1

# --- the port's process ----------------------------------------------------

pid=$("$WEIR" show -j system | jq '.pds[] | select(.name == "sw0.alice").pid')
is "it holds no capability" \
	"$(sed -n 's/^Cap\(Prm\|Eff\|Bnd\):\t//p' "/proc/$pid/status" |
		sort -u)" 0000000000000000
kill -KILL "$pid"
ok "killed, it comes back" wait_for 20 reach alice 10.0.0.2
is "by AF_XDP" "$(path_of alice)" xdp
is "with one program each, as before" "$(programs)" 2

# --- the interface ---------------------------------------------------------

ip link del port0
ok "the interface is deleted" wait_for 10 state_is alice gone
cable port0 alice 1
ok "and made again: the port finds it" wait_for 20 reach alice 10.0.0.2
ok "by AF_XDP" wait_for 5 has_path alice xdp

# --- the end ---------------------------------------------------------------

weir_stop
is "the program is gone with weir" "$(programs)" 0
weir_start xdp.conf
is "and is there again" "$(programs)" 2
kill -KILL "$WEIR_PID"
ok "nor does it outlive a monitor that is killed" wait_for 10 no_programs
wait "$WEIR_PID" 2>/dev/null
WEIR_PID=

# --- what is in the way ----------------------------------------------------

ip addr add 10.1.0.1/24 dev port1
weir_start xdp.conf
is "an address of the host is not cut off" "$(path_of alice) $(path_of bob)" \
	"xdp packet"
like "and that is said" "$(cat "$WEIR_LOG")" \
	'sw0.bob: by AF_PACKET, not by AF_XDP: port1 has an address'
ok "frames flow all the same" reach alice 10.0.0.2
like "what is used is shown" "$("$WEIR" show ports)" 'nic port1, by AF_PACKET'
weir_stop
finish
