#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Every cell of a matrix of six ports, both ways: unicast and broadcast frames
# arrive exactly where the matrix says, ping works exactly where both directions
# are allowed, and `weir trace` says the same.
#
# That something did not arrive is known without waiting: when the switch has
# counted all frames in, a last frame is sent to every port, and a capture that
# has that one has all that came before it.
# shellcheck disable=SC2086 # names of ports are single letters
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

ports=(a b c d e f) n=0 k=0
# Row: from; column: to.
matrix='a .xx..x
b x...x.
c ...x..
d ..x...
e .....x
f x.....'

# cell FROM TO: "x" or "."
cell()
{
	local column=$(($(printf %d "'$2") - $(printf %d "'a")))

	awk -v from="$1" -v column=$column \
		'$1 == from { print substr($2, column + 1, 1) }' <<<"$matrix"
}

topology()
{
	local x y

	echo 'switch sw0 {'
	for x in "${ports[@]}" probe; do
		echo "port $x { tap \"${x}0\" netns \"$x\" }"
	done
	echo '}'
	for x in "${ports[@]}"; do
		echo "allow probe -> $x"
		for y in "${ports[@]}"; do
			[ "$(cell $x $y)" != x ] || echo "allow $x -> $y"
		done
	done
}

quiet_host probe
for x in "${ports[@]}"; do
	quiet_host $x 10.0.0.$((++n))/24
done
weir_start - < <(topology)
while read -r row; do
	note "$row"
done <<<"$matrix"

declare -A MAC number
for x in "${ports[@]}" probe; do
	MAC[$x]=$(mac $x)
	number[$x]=$((++k))
done

# --- raw frames ------------------------------------------------------------

# First everybody says where he is.
for x in "${ports[@]}"; do
	send $x "$(frame ff:ff:ff:ff:ff:ff ${MAC[$x]} hello)"
done
known()
{
	[ "$("$WEIR" show fdb | cut -f 4 | grep -c 'sw0\.[a-f]$')" = 6 ]
}
ok "the switch learns all six" wait_for 10 known

for x in "${ports[@]}"; do
	ear $x ether proto 0x$TEST || finish
done
declare -A before
for x in "${ports[@]}"; do
	before[$x]=$(counter sw0.$x in_frames)
	frames=("$(frame ff:ff:ff:ff:ff:ff ${MAC[$x]} broadcast-$x)")
	for y in "${ports[@]}"; do
		[ $x = $y ] ||
			frames+=("$(frame ${MAC[$y]} ${MAC[$x]} unicast-$x-$y)")
	done
	send $x "${frames[@]}"
done
for x in "${ports[@]}"; do
	wait_for 10 counted sw0.$x in_frames $((before[$x] + 6)) ||
		_result 1 "the switch has seen all of $x's frames"
done
send probe "$(frame ff:ff:ff:ff:ff:ff ${MAC[probe]} last)"
for x in "${ports[@]}"; do
	wait_for 10 heard_some $x ether src ${MAC[probe]} ||
		_result 1 "the last frame arrives at $x"
done

# arrived FROM TO: "x" if the unicast came, "." if not; then the broadcast.
arrived()
{
	local unicast=. broadcast=.

	! heard_some $2 ether src ${MAC[$1]} and ether dst ${MAC[$2]} ||
		unicast=x
	! heard_some $2 ether src ${MAC[$1]} and ether broadcast ||
		broadcast=x
	echo $unicast$broadcast
}

for x in "${ports[@]}"; do
	for y in "${ports[@]}"; do
		[ $x != $y ] || continue
		want=$(cell $x $y)
		is "$x -> $y: ${want/./denied}" "$(arrived $x $y)" $want$want
		if [ $want = x ]; then
			said="deliver none"
		else
			said="drop not_allowed"
		fi
		is "trace $x -> $y" "$(trace_says sw0.$x \
			"$(frame ${MAC[$y]} ${MAC[$x]} unicast)")" "$said"
	done
	# Nothing else came either: nothing twice, nothing meant for others.
	want=$(awk -v x=$x 'BEGIN { c = index("abcdef", x) }
		substr($2, c, 1) == "x" { n += 2 } END { print n + 1 }' \
		<<<"$matrix")
	is "$x got these and no others" "$(heard $x)" "$want"
done

denied=$(grep -o '\.' <<<"$matrix" | wc -l)
is "every refused unicast was counted, once" "$("$WEIR" show -j drops |
	jq '[.[] | select(.reason == "not_allowed").count] | add')" $((denied - 6))

# --- ping ------------------------------------------------------------------

# At the same time, because a ping that fails takes seconds.
for x in "${ports[@]}"; do
	for y in "${ports[@]}"; do
		[ $x = $y ] || on $x timeout 20 ping -n -c 3 -i 0.3 -W 2 \
			10.0.0.$((number[$y])) >ping-$x-$y 2>&1 &
	done
done
pings_done()
{
	[ "$(grep -l 'packet loss' ping-* | wc -l)" = 30 ]
}
ok "thirty pings" wait_for 30 pings_done
for x in "${ports[@]}"; do
	for y in "${ports[@]}"; do
		[ $x != $y ] || continue
		want="0 received"
		[ "$(cell $x $y)$(cell $y $x)" != xx ] || want="[1-3] received"
		like "ping $x -> $y" "$(cat ping-$x-$y)" " $want"
	done
done
finish
