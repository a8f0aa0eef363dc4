# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Packets by hand, in hex, for what no tool would send: on top of tools.bash.
# All checksums are right, so that nobody refuses one but the switch.
#
#	ip4 ADDR, ip6 ADDR	an address in hex
#	ether DST SRC TYPE HEX	a frame, at least 60 octets long
#	ipv4 SRC DST PROTO HEX	an IPv4 packet
#	ipv6 SRC DST NEXT HEX	an IPv6 packet
#	udp SRC DST SPORT DPORT [TEXT]	a UDP packet, IPv4 or IPv6
#	syn SRC DST SPORT DPORT	a TCP segment that opens a connection
#	ack SRC DST SPORT DPORT	one from the middle of it
#	ping4 SRC DST		an echo request
#	arp OP SHA SPA THA TPA	an ARP packet; OP: request or reply
#	advert SRC DST TARGET MAC	a neighbour advertisement, to override
#	solicit SRC DST TARGET MAC	a neighbour solicitation
#	tagged VLAN FRAME...	frames with one more tag in front
#	ALL		everybody's Ethernet address
#	a_neighbour_of HOST ADDR	what it believes: an Ethernet address

# shellcheck disable=SC2034 # for whoever reads this file in
ALL=ff:ff:ff:ff:ff:ff

ip4()
{
	local IFS=.

	# shellcheck disable=SC2086 # its four numbers
	printf '%02x%02x%02x%02x' $1
}

# One "::" at most, and no dotted end.
ip6()
{
	local left=${1%%::*} right='' group text=''
	local -a l r

	[ "$left" = "$1" ] || right=${1#*::}
	IFS=: read -ra l <<<"$left"
	IFS=: read -ra r <<<"$right"
	for group in "${l[@]}"; do
		text+=$(printf '%04x' "0x$group")
	done
	for ((group = ${#l[@]} + ${#r[@]}; group < 8; group++)); do
		text+=0000
	done
	for group in "${r[@]}"; do
		text+=$(printf '%04x' "0x$group")
	done
	echo "$text"
}

# addr ADDR: of either kind
addr()
{
	case $1 in
	*:*) ip6 "$1" ;;
	*) ip4 "$1" ;;
	esac
}

# sum16 HEX: the Internet checksum
sum16()
{
	local hex=$1 sum=0 i

	[ $((${#hex} % 4)) = 0 ] || hex+=00
	for ((i = 0; i < ${#hex}; i += 4)); do
		sum=$((sum + 0x${hex:i:4}))
	done
	while ((sum > 0xffff)); do
		sum=$(((sum & 0xffff) + (sum >> 16)))
	done
	printf '%04x' $((sum ^ 0xffff))
}

ether()
{
	local hex=${1//:/}${2//:/}$3$4

	while [ ${#hex} -lt 120 ]; do
		hex+=00
	done
	echo "$hex"
}

ipv4()
{
	local head tail

	head=$(printf '4500%04x000000004%s%02x' $((20 + ${#4} / 2)) 0 "$3")
	tail=$(ip4 "$1")$(ip4 "$2")
	echo "$head$(sum16 "${head}0000$tail")$tail$4"
}

ipv6()
{
	printf '60000000%04x%02xff%s%s%s\n' $((${#4} / 2)) "$3" "$(ip6 "$1")" \
		"$(ip6 "$2")" "$4"
}

# _over SRC DST PROTO HEX AT: the packet, with its checksum at digit AT.
_over()
{
	local hex=$4 pseudo sum

	pseudo=$(addr "$1")$(addr "$2")$(printf '%04x%04x' "$3" $((${#hex} / 2)))
	sum=$(sum16 "$pseudo$hex")
	hex=${hex:0:$5}$sum${hex:$5+4}
	case $1 in
	*:*) ipv6 "$1" "$2" "$3" "$hex" ;;
	*) ipv4 "$1" "$2" "$3" "$hex" ;;
	esac
}

udp()
{
	local data
	data=$(printf '%s' "${5-}" | od -An -v -tx1 | tr -d ' \n')

	_over "$1" "$2" 17 "$(printf '%04x%04x%04x0000%s' "$3" "$4" \
		$((8 + ${#data} / 2)) "$data")" 12
}

# _segment SRC DST SPORT DPORT FLAGS
_segment()
{
	_over "$1" "$2" 6 "$(printf '%04x%04x000000010000000150%s2000' "$3" "$4" \
		"$5")00000000" 32
}

syn()
{
	_segment "$@" 02
}

ack()
{
	_segment "$@" 10
}

ping4()
{
	local hex=000100013132333435363738

	ipv4 "$1" "$2" 1 "0800$(sum16 "08000000$hex")$hex"
}

arp()
{
	local op=0001

	[ "$1" = request ] || op=0002
	echo "000108000604$op${2//:/}$(ip4 "$3")${4//:/}$(ip4 "$5")"
}

advert()
{
	_over "$1" "$2" 58 "8800000020000000$(ip6 "$3")0201${4//:/}" 4
}

solicit()
{
	_over "$1" "$2" 58 "8700000000000000$(ip6 "$3")0101${4//:/}" 4
}

# tagged VLAN FRAME...
tagged()
{
	local vlan=$1 hex
	shift

	for hex; do
		printf '%s8100%04x%s\n' "${hex:0:24}" "$vlan" "${hex:24}"
	done
}

a_neighbour_of()
{
	on "$1" ip -j neigh show "$2" | jq -r '.[0].lladdr // empty'
}
