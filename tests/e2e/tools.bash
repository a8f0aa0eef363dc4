# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What end-to-end tests of traffic share, on top of lib.sh:
#
#	quiet_host NAME [ADDR...]	a host that sends nothing by itself
#	dev NAME		a host's one interface
#	mac NAME		its address
#	send NAME HEX...	send raw frames from it, in order
#	frame DST SRC TEXT	a frame of 60 octets in hex, of the type TEST
#	ear NAME [FILTER...]	catch what arrives there, from now on
#	heard NAME [FILTER...]	how many frames it caught
#	heard_some, heard_none	the same as conditions
#	counter PORT COLUMN	from `show ports`: in_frames, drops, ...
#	counted PORT COLUMN N	a condition: it is at least N
#	dropped PORT REASON	from `show drops`; 0 if it is not there
#	trace_says PORT FRAME	verdict and reason
#	reach FROM TO		ping; one answer of four is enough
#	no_reach FROM TO	ping; no answer to any of two
#	steady FROM TO		ping on and on, ten times a second ...
#	steady_lost MSG [ERE]	... until here: check that nothing was lost, or so
#				many in a hundred
#	can_talk A B		ARP, IPv4, IPv6, fragments and TCP between two
#				hosts with the addresses 10.0.0.N, fd00::N
#	serve_dhcp NAME		a DHCP server there
#	lease NAME		get a lease; prints the address

# tcpdump gives its privileges away as soon as it can. That takes setgroups(2),
# which is denied to the root of an ordinary user's namespace. There, to read,
# it gets one more namespace in which it is nobody in particular ...
_denied=
! grep -q deny /proc/self/setgroups || _denied=1
tcpdump()
{
	if [ -n "$_denied" ]; then
		command unshare -U --map-user=1 tcpdump "$@"
	else
		command tcpdump "$@"
	fi
}

# An EtherType for local experiments: nobody else sends it.
TEST=88b5

# The default of a namespace is not inherited, so each host is told.
quiet_host()
{
	host "$@"
	on "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
}

dev()
{
	on "$1" ip -o link show |
		sed -n '/: lo:/!s/^[0-9]*: \([^:@]*\).*/\1/p' | head -n 1
}

mac()
{
	on "$1" cat "/sys/class/net/$(dev "$1")/address" 2>/dev/null ||
		on "$1" ip -o link show "$(dev "$1")" |
		sed 's/.*link\/ether \([^ ]*\).*/\1/'
}

# bytes HEX: the bytes themselves, in one write: who sends them as a frame reads
# once. Bash alone writes at each newline, which is a byte of a frame as well.
bytes()
{
	# shellcheck disable=SC2001,SC2059
	printf "$(sed 's/../\\x&/g' <<<"$1")" | dd obs=64k status=none
}

send()
{
	local name=$1 device hex
	device=$(dev "$1")
	shift

	for hex; do
		bytes "$hex" | on "$name" socat -u - "INTERFACE:$device" || return
	done
}

frame()
{
	local text
	text=$(printf '%s' "$3" | od -An -v -tx1 | tr -d ' \n')

	printf '%s%s%s%-92s' "${1//:/}" "${2//:/}" "$TEST" "$text" | tr ' ' 0
}

# Only what comes from the switch: what the host itself sends is not heard.
ear()
{
	local name=$1 listen=(tcpdump)
	shift

	rm -f "$W/$name.pcap" "$W/$name.ear"
	# ... and to listen, it is told that setgroups(2) went well.
	[ -z "$_denied" ] || listen=(strace -f --seccomp-bpf -o "$W/$name.trace"
		-e trace=setgroups -e inject=setgroups:retval=0 tcpdump)
	# A slot of its ring has the size of the longest frame it expects: of
	# 256 KiB, unless told otherwise, there would be eight.
	on "$name" "${listen[@]}" -i "$(dev "$name")" -Q in -n -U -s 4096 \
		--immediate-mode -Z root -w "$W/$name.pcap" "$@" \
		>/dev/null 2>"$W/$name.ear" &
	wait_for 10 grep -q 'listening on' "$W/$name.ear" || {
		note "capture at $name: $(cat "$W/$name.ear")"
		return 1
	}
}

heard()
{
	local name=$1
	shift

	# A frame of unknown type is followed by lines with its octets.
	tcpdump -r "$W/$name.pcap" -n "$@" 2>/dev/null | grep -vc $'^\t'
}

heard_some()
{
	[ "$(heard "$@")" -gt 0 ]
}

heard_none()
{
	[ "$(heard "$@")" = 0 ]
}

counter()
{
	"$WEIR" show -j ports | jq -r --arg port "$1" --arg key "$2" \
		'.[] | select(.port == $port)[$key]'
}

counted()
{
	[ "$(counter "$1" "$2")" -ge "$3" ]
}

dropped()
{
	"$WEIR" show -j drops | jq -r --arg port "$1" --arg reason "$2" \
		'[.[] | select(.port == $port and .reason == $reason).count] |
			add // 0'
}

trace_says()
{
	"$WEIR" trace "$@" | awk -F '\t' '$1 == "verdict" { print $2, $3 }'
}

reach()
{
	on "$1" timeout 20 ping -n -c 4 -i 0.2 -W 2 "$2"
}

no_reach()
{
	! on "$1" timeout 20 ping -n -c 2 -i 0.2 -W 1 "$2"
}

# Not by on(): the process itself is wanted, to be told that it is enough.
steady()
{
	nsenter --net="/run/netns/$1" ping -n -i 0.1 -W 2 "$2" \
		>"$W/steady.txt" 2>&1 &
	_steady=$!
}

steady_lost()
{
	kill -INT "$_steady"
	wait "$_steady"
	if [ -n "${2-}" ]; then
		like "$1" "$(tail -n 3 "$W/steady.txt")" " $2% packet loss"
		return
	fi
	# The last one may be on its way when ping is stopped.
	is "$1" "$(awk '
		match($0, /icmp_seq=[0-9]+/) {
			got[substr($0, RSTART + 9, RLENGTH - 9)] = 1
		}
		/packets transmitted/ { sent = $1 }
		END {
			for (i = 1; i < sent; i++)
				if (!(i in got))
					printf "%d ", i
			if (sent < 2)
				print "all"
		}' "$W/steady.txt")" ""
}

# tcp FROM SERVER ADDRESS [ARGS...]
tcp()
{
	local from=$1 server=$2 address=$3
	shift 3

	on "$server" timeout 30 iperf3 -s -1 >"$W/iperf-$server.log" 2>&1 &
	wait_for 10 on "$server" sh -c 'ss -Hltn sport = :5201 | grep -q .'
	on "$from" timeout 30 iperf3 -c "$address" -n 24M -J "$@" \
		>"$W/iperf-$from.json" || {
		jq -r .error "$W/iperf-$from.json"
		return 1
	}
	# iperf3 does not wait until what sockets hold has been read.
	jq -e '.end.sum_sent.bytes >= 24000000 and
		.end.sum_received.bytes >= 1000000' "$W/iperf-$from.json"
}

# can_talk A NUMBER B NUMBER
can_talk()
{
	local a=$1 v4=10.0.0.$4 v6=fd00::$4 b=$3 back=10.0.0.$2

	on "$a" ip neigh flush all
	ok "$a finds $b by ARP" \
		on "$a" busybox arping -c 2 -w 5 -f -I "$(dev "$a")" "$v4"
	ok "$a pings $b, IPv4" reach "$a" "$v4"
	ok "$a pings $b, IPv6" reach "$a" "$v6"
	ok "$b pings $a, IPv4" reach "$b" "$back"
	ear "$b" 'ip[6:2] & 0x3fff != 0 or ip6 proto 44'
	ok "$a pings $b with 9000 octets, IPv4" \
		on "$a" ping -n -c 2 -W 2 -s 9000 "$v4"
	ok "$a pings $b with 9000 octets, IPv6" \
		on "$a" ping -n -c 2 -W 2 -s 9000 "$v6"
	ok "they came in fragments" wait_for 5 heard_at_least "$b" 14
	ok "TCP from $a to $b" tcp "$a" "$b" "$v4"
	ok "TCP from $b to $a" tcp "$a" "$b" "$v4" -R
	ok "TCP from $a to $b, IPv6" tcp "$a" "$b" "$v6"
}

heard_at_least()
{
	[ "$(heard "$1")" -ge "$2" ]
}

serve_dhcp()
{
	on "$1" dnsmasq --no-daemon --conf-file=/dev/null --port=0 \
		--interface="$(dev "$1")" --bind-interfaces \
		--dhcp-authoritative --no-ping --dhcp-leasefile="$W/leases" \
		--dhcp-range=10.0.0.100,10.0.0.199,255.255.255.0,10m \
		>"$W/dnsmasq.log" 2>&1 &
	wait_for 10 grep -q started "$W/dnsmasq.log"
}

lease()
{
	local device
	device=$(dev "$1")

	on "$1" udhcpc -f -q -n -t 10 -T 1 -i "$device" \
		-s "${_root:?}/examples/home/lease.sh" || return
	on "$1" ip -o -4 addr show dev "$device" | sed 's/.*inet \([^/]*\).*/\1/'
}
