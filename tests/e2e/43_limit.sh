#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Rates, seen by iperf3, which offers four times what is allowed. Measured are
# octets by the switch's counters over the clock, once the burst is used up;
# each count is taken at some time between two looks at the clock. Never is it
# more than the rate. That it is all of the rate holds while the sender is not
# kept from sending: of three windows, one must show it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
host c 10.0.0.3/24
host d 10.0.0.4/24
host e 10.0.0.5/24

weir_start - <<'END'
switch sw0 {
	port a { tap "a0" netns "a"; limit 8mbit burst 128k }
	port b { tap "b0" netns "b" }
	port c { tap "c0" netns "c"; storm broadcast 10/s burst 20 }
	port d { tap "d0" netns "d" }
	port e { tap "e0" netns "e"; limit out 16mbit }
}
group hosts { a, b, c, d, e }
allow hosts <-> hosts
END
rate=1000000 # octets a second
for pair in "a 2" "b 1" "c 4" "d 3" "b 5"; do
	ok "${pair% *} reaches 10.0.0.${pair#* }" reach "${pair% *}" "10.0.0.${pair#* }"
done

now()
{
	local time=$EPOCHREALTIME
	echo "${time/./}"
}
# measure PORT COLUMN OCTETS: "least most octets", the window's length in us
measure()
{
	local t0 t1 t2 t3 from to

	t0=$(now)
	from=$(counter "$1" "$2")
	t1=$(now)
	wait_for 20 counted "$1" "$2" $((from + $3))
	t2=$(now)
	to=$(counter "$1" "$2")
	t3=$(now)
	echo $((t2 - t1)) $((t3 - t0)) $((to - from))
}
# flood FROM TO ADDRESS [ARGS...]: UDP, 32 Mbit/s
flood()
{
	# Not by on(): these processes themselves are to be ended.
	nsenter --net="/run/netns/$2" timeout 60 iperf3 -s -1 \
		>"server-$2.txt" 2>&1 &
	server=$!
	wait_for 10 on "$2" sh -c 'ss -Hltn sport = :5201 | grep -q .'
	nsenter --net="/run/netns/$1" timeout 60 iperf3 -c "$3" -u -b 32M \
		-l 1400 -t 50 "${@:4}" >"client-$1.txt" 2>&1 &
	client=$!
}
flood_ends()
{
	kill "$client" "$server"
	wait "$client" "$server"
} 2>/dev/null
refusing() { [ "$(dropped "$1" "$2")" -gt "$3" ]; }

# held WHAT LIMITED REASON PORT COLUMN RATE
held()
{
	local what=$1 limited=$2 reason=$3 rate=$6 least most octets i full=1
	local before got=
	before=$(dropped "$limited" "$reason")

	ok "$what: frames above the rate are refused" \
		wait_for 20 refusing "$limited" "$reason" $((before + 100))
	for i in 1 2 3; do
		read -r least most octets < <(measure "$4" "$5" $((rate * 2)))
		got+="$octets octets in $least to $most us; "
		ok "... no more than the rate, window $i" [ "$octets" -le \
			$((rate * 105 * most / 100000000)) ]
		[ "$octets" -lt $((rate * 95 * least / 100000000)) ] || full=0
		[ $full != 0 ] || break
	done
	note "$got"
	ok "... and no less" [ $full = 0 ]
}

# --- by iperf3 -------------------------------------------------------------

flood a b 10.0.0.2
held "in" sw0.a rate_in sw0.b out_bytes $rate
ok "what a sends is more, by far" [ "$(counter sw0.a in_bytes)" -gt \
	$((2 * $(counter sw0.b out_bytes))) ]
limited=$(dropped sw0.a rate_in)
ok "another pair has TCP as always" tcp c d 10.0.0.4
ok "while this one is still limited" \
	[ "$(dropped sw0.a rate_in)" -gt "$limited" ]
is "the others lost nothing to rates" "$("$WEIR" show -j drops | jq '[.[] |
	select(.port != "sw0.a" and (.reason | startswith("rate")))] | length')" 0
flood_ends

flood a b 10.0.0.2 -R
held "out" sw0.a rate_out sw0.a out_bytes $rate
flood_ends

flood b e 10.0.0.5
held "out of one port alone" sw0.e rate_out sw0.e out_bytes $((2 * rate))
is "which may send without limit" "$(dropped sw0.e rate_in)" 0
flood_ends

like "shown" "$("$WEIR" show policy)" '^sw0.a	limit-in	-	8mbit burst 131072	'

# --- storms ----------------------------------------------------------------

C=$(mac c) n=300
broadcast=$(frame ff:ff:ff:ff:ff:ff "$C" storm)
unicast=$(frame "$(mac d)" "$C" unicast)
# burst NAME HEX: it n times, as fast as it goes
burst()
{
	local i device
	device=$(dev "$1")

	bytes "$2" >one.bin
	for ((i = 0; i < n; i++)); do
		cat one.bin
	done >many.bin
	on "$1" socat -b $((${#2} / 2)) -u OPEN:many.bin "INTERFACE:$device"
}
ear d ether proto 0x$TEST and broadcast
stormed=$(dropped sw0.c storm)
before=$(counter sw0.c in_frames)
t0=$(now)
burst c "$broadcast"
ok "a storm comes" wait_for 10 counted sw0.c in_frames $((before + n))
most=$((20 + 10 * ($(now) - t0) / 1000000 + 1))
refused=$(($(dropped sw0.c storm) - stormed))
ok "$((n - refused)) of $n were let through: the burst, and what the rate gives" \
	[ $((n - refused)) -le $most ]
ok "and no less than half of the burst" [ $((n - refused)) -ge 10 ]
seen() { [ "$(heard d)" = $((n - refused)) ]; }
ok "as many have arrived" wait_for 10 seen
stormed=$(dropped sw0.c storm)
before=$(counter sw0.d out_frames)
burst c "$unicast"
ok "unicast to one station is not a storm" \
	wait_for 10 counted sw0.d out_frames $((before + n))
is "... and not refused" "$(dropped sw0.c storm)" "$stormed"
B=$(mac b)
before=$(counter sw0.d out_frames)
burst b "$(frame ff:ff:ff:ff:ff:ff "$B" storm)"
ok "a port without storm limit floods them all" \
	wait_for 10 counted sw0.d out_frames $((before + n))
ok "c can still be reached" reach c 10.0.0.4
finish
