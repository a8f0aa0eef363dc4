#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Programs of another user that attach in order to stop the monitor, or to leave
# something behind for the next one (tests/bench/hostile_client.c): each at a
# port of its own, over and over, all at once, beside honest ones. HOSTILE is
# for how many seconds, or more if the machine is slow.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

client=$(dirname "$WEIR")/bench/hostile_client
[ -x "$client" ] || skip_all "$client is not there; \`make benches\`"
uid=
! other_user || uid=65534

modes=(fill brim inode reader forge linger flood)
quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
mkdir -m 755 attach
weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port from { attach "$W/from.sock" }
	port to   { attach "$W/to.sock" }
	port next { attach "$W/attach/next.sock" }
$(for m in "${modes[@]}" fuse; do
	echo "	port $m { attach \"$W/attach/$m.sock\" }"
done)
}
allow a <-> b
allow from <-> to
$(for m in "${modes[@]}" fuse; do echo "allow $m <-> next"; done)
END
chmod 666 attach/*.sock

# --- everybody at once -----------------------------------------------------

pids=() names=()
# hostile NAME MODE SOCKET: start one; its words go to NAME.txt.
hostile()
{
	# shellcheck disable=SC2086 # no uid: no argument
	"$client" "$2" "$3" $uid >"$1.txt" 2>&1 &
	pids+=($!)
	names+=("$1")
}
for m in "${modes[@]}"; do
	hostile "$m" "$m" "$W/attach/$m.sock"
done
NEVER=fuse hostile fuse inode "$W/attach/fuse.sock"
hostile folder folder "$W/attach/x"

switch_pid()
{
	pgrep -f '^weir: sw0$|^weir: sw0 ' | head -n 1
}
before=$(switch_pid)
steady a 10.0.0.2
timeout 3000 "$EXAMPLES/sink" "$W/to.sock" 1000000000 >/dev/null 2>&1 &
sink=$!
timeout 3000 "$EXAMPLES/echo" "$W/attach/next.sock" 02:00:00:00:00:ee \
	2>/dev/null &
echo=$!

late=0 asked=0
until_time_is_up()
{
	local end=$((SECONDS + ${HOSTILE:-4}))

	while [ "$SECONDS" -lt "$end" ]; do
		timeout 5 "$WEIR" show ports >/dev/null 2>&1 || late=$((late + 1))
		asked=$((asked + 1))
		timeout 20 "$EXAMPLES/generate" "$W/from.sock" \
			02:00:00:00:00:22 02:00:00:00:00:11 64 1000 \
			>/dev/null 2>&1 || return
		sleep 0.05
	done
}
ok "an honest program attaches over and over, and sends" until_time_is_up
is "weir answers each time, of $asked" $late 0
steady_lost "nothing is lost between others"
is "the switch is the one it was" "$(switch_pid)" "$before"
in_state()
{
	[ "$("$WEIR" show -j ports | jq -r --arg p "sw0.$1" \
		'.[] | select(.port == $p).state')" = "$2" ]
}
ok "an honest program is still attached" in_state next up
for i in "${!pids[@]}"; do
	if ! kill -0 "${pids[i]}" 2>/dev/null; then
		wait "${pids[i]}"
		status=$?
		if [ $status = 77 ]; then
			skip "${names[i]} has attacked" \
				"neither FUSE nor userfaultfd() is for this user"
		else
			is "${names[i]} has attacked" $status 0
		fi
	elif [ "${names[i]}" != folder ]; then
		ok "${names[i]} has attacked" grep -q once "${names[i]}.txt"
	fi
done

# --- what dies comes back, and all ends when it is told to -----------------

kill -KILL "$(switch_pid)"
# Nobody can be reached through a switch that is not there.
again()
{
	[ -n "$(switch_pid)" ] && [ "$(switch_pid)" != "$before" ]
}
ok "the switch is killed: it comes back" wait_for 10 again
ok "and forwards" wait_for 10 reach a 10.0.0.2
kill $sink $echo 2>/dev/null
wait $sink $echo 2>/dev/null
ended()
{
	[ ! -e "/proc/$WEIR_PID/exe" ]
}
kill -TERM "$WEIR_PID"
ok "weir ends, whatever the attackers hold" wait_for 15 ended
wait "$WEIR_PID"
is "and with status 0" $? 0
WEIR_PID=
for pid in "${pids[@]}"; do
	kill -KILL -- "-$pid"
	wait "$pid"
done 2>/dev/null
nothing_left()
{
	[ -z "$(_left)" ] && [ -z "$(find "$W" -type s)" ]
}
ok "after they have ended, nothing is left" wait_for 10 nothing_left
finish
