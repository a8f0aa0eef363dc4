#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# "May reach, may not be reached" in one line: what a has started may be
# answered, by TCP, UDP, ping, ARP and ICMP errors, and nothing else comes back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

host a 10.0.0.1/24 fd00::1/64
host b 10.0.0.2/24 fd00::2/64
host c 10.0.0.3/24 fd00::3/64
web='tcp port 80 or tcp port 443'
topology()
{
	cat <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c" }
}
$1
END
}
topology "allow a -> b when \"$web\" reply" >one.conf
topology "" >none.conf
weir_start one.conf

mkdir www
head -c 300000 /dev/urandom | base64 >www/page
for name in a b; do
	for port in 80 443 8080; do
		on $name busybox httpd -f -p $port -h "$W/www" >/dev/null 2>&1 &
	done
done
listening()
{
	[ "$(on a ss -Hltn | wc -l) $(on b ss -Hltn | wc -l)" = "3 3" ]
}
ok "both have servers" wait_for 10 listening

# fetch FROM URL [ARGS...]: the page, whole
fetch()
{
	on "$1" curl -sS --noproxy '*' --connect-timeout 2 -m 15 "${@:3}" \
		-o got "$2" </dev/null && cmp got www/page
}
# flows PROTOCOL: from, to and state
flows()
{
	"$WEIR" show -j flows | jq -r --arg p "$1" '.[] |
		select(.protocol == $p) | [.from, .to, .source, .destination,
			.state, .where] | join(" ")' | sed "s, $W/, ,"
}

# --- TCP -------------------------------------------------------------------

ok "a gets b's page" fetch a http://10.0.0.2/page
ok "at the other port too" fetch a http://10.0.0.2:443/page
ok "over IPv6" fetch a 'http://[fd00::2]/page'
like "the flow is shown, with its rule" "$(flows tcp)" \
	'^sw0.a sw0.b 10.0.0.1 10.0.0.2 [a-z]+ one.conf:6$'
like "so is that of IPv6" "$(flows tcp)" \
	'^sw0.a sw0.b fd00::1 fd00::2 [a-z]+ one.conf:6$'
is "nobody else has any" "$("$WEIR" show -j flows |
	jq -r '.[].from' | sort -u)" sw0.a

# A host has more addresses than the one it asked from.
on a ip addr add 10.0.0.11/24 dev a0
on a ip addr add fd00::11/64 dev a0
on a ip neigh flush all
on b ip neigh flush all
for from in 10.0.0.1 10.0.0.11; do
	ok "from $from" fetch a http://10.0.0.2/page --interface $from
done
for from in fd00::1 fd00::11; do
	ok "from $from" fetch a 'http://[fd00::2]/page' --interface $from
done
on a ip addr del 10.0.0.11/24 dev a0
on a ip addr del fd00::11/64 dev a0

# None of these gets an answer, which takes a while to find out.
refused_b() { dropped sw0.b no_flow; }
before=$(refused_b)
tries=()
# try NAME COMMAND...: in the background; not_done NAME MSG: it has failed
try()
{
	{ "${@:2}" >"$1.txt" 2>&1; echo "status $?" >>"$1.txt"; } &
	tries+=($!)
}
not_done()
{
	like "$2" "$(tail -n 1 "$1.txt")" '^status ([1-9]|[1-9][0-9]|124)$'
}
try other_port fetch a http://10.0.0.2:8080/page
try back fetch b http://10.0.0.1/page
try back6 fetch b 'http://[fd00::1]/page'
try from_80 on b timeout 5 socat -u OPEN:/dev/null \
	TCP:10.0.0.1:80,bind=10.0.0.2:81,connect-timeout=2
wait "${tries[@]}"
not_done other_port "a does not get it at a port that is not allowed"
ok "refused for want of a rule" [ "$(dropped sw0.a no_rule)" -ge 1 ]
not_done back "b does not get a's page"
not_done back6 "over IPv6 neither"
not_done from_80 "nor does b connect from a port of its own"
ok "counted where it came from" [ "$(refused_b)" -ge $((before + 3)) ]
is "no flow of b's" "$(flows tcp | grep '^sw0.b')" ""

# From the very addresses and ports of a flow: b may answer it, and not open
# another, even though to a filter that looks at ports it is the same.
A=$(mac a) B=$(mac b)
a_to_b=$(ether "$B" "$A" 0800 "$(syn 10.0.0.1 10.0.0.2 7777 80)")
ear a tcp port 7777
send a "$a_to_b"
answered()
{
	heard_some a 'tcp[13] = 0x12'
}
ok "a SYN from a is answered" wait_for 5 answered
before=$(refused_b)
is "trace: a SYN back from there" "$(trace_says sw0.b \
	"$(ether "$A" "$B" 0800 "$(syn 10.0.0.2 10.0.0.1 80 7777)")")" \
	"drop no_flow"
send b "$(ether "$A" "$B" 0800 "$(syn 10.0.0.2 10.0.0.1 80 7777)")"
more() { [ "$(refused_b)" -gt "$before" ]; }
ok "and indeed" wait_for 5 more
is "it has not arrived" "$(heard a 'tcp[13] = 2')" 0

# --- UDP, ping, errors -----------------------------------------------------

answer()
{
	local port
	port=$("$WEIR" show -j flows | jq '[.[] | select(.protocol == "tcp" and
		.source == "10.0.0.1" and .destination_port == 80 and
		.source_port != 7777)][0].source_port')
	trace_says sw0.b "$(ether "$A" "$B" 0800 \
		"$(ack 10.0.0.2 10.0.0.1 80 "$port")")"
}
is "trace: an answer" "$(answer)" "deliver none"
ok "a file in which nothing is allowed" "$WEIR" reload none.conf
is "a flow without its rule is none" "$(answer)" "drop not_allowed"
like "and is shown so" "$(flows tcp)" '^sw0.a sw0.b 10.0.0.1 10.0.0.2 [a-z]+ $'
ok "DNS for a" "$WEIR" allow a b when "udp port 53 or udp port 54" reply
on b dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts \
	--address=/b.example/10.0.0.2 >dnsmasq.log 2>&1 &
asked()
{
	[ "$(on a dig @10.0.0.2 +time=1 +tries=1 +short b.example)" = 10.0.0.2 ]
}
ok "its answers come" wait_for 10 asked
like "as a flow" "$(flows udp)" \
	'^sw0.a sw0.b 10.0.0.1 10.0.0.2 answered \(runtime\)$'
ear a icmp
# socat ends when it is told that nobody is there.
is "an ICMP error about it comes back: nobody is at that port" "$(on a \
	timeout 10 sh -c 'echo x | socat -t 5 - UDP:10.0.0.2:54' 2>&1 |
	grep -c 'Connection refused')" 1
ok "and is one indeed" wait_for 5 heard_some a 'icmp[0] = 3 and icmp[1] = 3'
before=$(refused_b)
on b socat -u - UDP:10.0.0.1:53 <<<"unasked"
ok "b may not ask a" wait_for 5 more
is "an error about what a never sent" "$(trace_says sw0.b \
	"$(ether "$A" "$B" 0800 "$(ipv4 10.0.0.2 10.0.0.1 1 "$(
		hex=0303SUM_00000000$(ipv4 10.0.0.1 10.0.0.2 17 \
			"$(printf '%04x%04x00080000' 999 998)")
		echo "${hex/SUM_/$(sum16 "${hex/SUM_/0000}")}")")")")" \
	"drop no_flow"
is "the same about what it did send is let through" "$(
	port=$("$WEIR" show -j flows | jq '[.[] | select(.protocol == "udp" and
		.destination_port == 53)][0].source_port')
	trace_says sw0.b "$(ether "$A" "$B" 0800 "$(ipv4 10.0.0.2 10.0.0.1 1 "$(
		hex=0303SUM_00000000$(ipv4 10.0.0.1 10.0.0.2 17 \
			"$(printf '%04x%04x00080000' "$port" 53)")
		echo "${hex/SUM_/$(sum16 "${hex/SUM_/0000}")}")")")")" \
	"deliver none"

ok "ping for a" "$WEIR" allow a b when "icmp or icmp6" reply
# While nothing was allowed, each has given up on where the other is.
on a ip neigh flush all
on b ip neigh flush all
ok "a pings b" reach a 10.0.0.2
ok "IPv6 too" reach a fd00::2
ok "b does not ping a" no_reach b 10.0.0.1
ok "nor by IPv6" no_reach b fd00::1
ok "c pings nobody" no_reach c 10.0.0.1

# --- the end of it ---------------------------------------------------------

ok "deny" "$WEIR" deny a b when icmp
ok "no ping any more" no_reach a 10.0.0.2
ok "the rest goes on" asked
ok "IPv6 goes on" reach a fd00::2

# A connection that runs when it is denied, and is allowed again.
on b pkill -x busybox
"$WEIR" reload one.conf
on b sh -c 'exec socat -u TCP-LISTEN:443,reuseaddr OPEN:/dev/null' &
ok "a sink at b" wait_for 10 on b sh -c 'ss -Hltn sport = :443 | grep -q .'
(yes weir | on a socat -u - TCP:10.0.0.2:443) 2>/dev/null &
flows_to_b() { [ "$(counter sw0.b out_bytes)" -ge "$1" ]; }
ok "a sends and sends" \
	wait_for 10 flows_to_b $(($(counter sw0.b out_bytes) + 1000000))
ok "until it is denied" "$WEIR" deny a b
before=$(counter sw0.b out_frames) denied=$(dropped sw0.a denied)
tried_again() { [ "$(dropped sw0.a denied)" -ge $((denied + 2)) ]; }
wait_for 20 tried_again
is "nothing more has arrived" "$(counter sw0.b out_frames)" "$before"
ok "loaded again" "$WEIR" reload
ok "the connection goes on where it was" \
	wait_for 30 flows_to_b $(($(counter sw0.b out_bytes) + 1000000))
finish
