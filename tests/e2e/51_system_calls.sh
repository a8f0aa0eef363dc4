#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The privileged process makes no system call but those SPECIFICATION.md lists,
# with the reason why each ends: traced from "running" to its end, through
# attachments, faults, deaths, changes and reloads.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

command -v strace >/dev/null || skip_all "there is no strace here"
spec=$(dirname "$0")/../../SPECIFICATION.md

host a 10.0.0.1/24
ip link add port0 type veth peer name plug0
cat >file.weir <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port app  { attach "$W/app.sock" }
	port to   { attach "$W/to.sock" }
	port card { nic "port0"; xdp }
	port pcap { capture "$W/all.pcapng" of a }
}
allow a <-> app
allow app <-> to
allow a <-> card
END
weir_start file.weir
# The process alone: what it starts is another matter.
strace -y -o calls -p "$WEIR_PID" 2>strace.txt &
tracer=$!
attached()
{
	[ "$(awk '/^TracerPid/ { print $2 }' "/proc/$WEIR_PID/status")" != 0 ]
}
wait_for 10 attached || skip_all "nothing can be traced here"

in_state()
{
	[ "$("$WEIR" show -j ports | jq -r --arg p "sw0.$1" \
		'.[] | select(.port == $p).state')" = "$2" ]
}
restarted()
{
	"$WEIR" show -j ports | jq -e --arg p "sw0.$1" \
		'.[] | select(.port == $p) | .restarts > 0 and .path != ""'
}
for _ in 1 2 3; do
	"$EXAMPLES/echo" "$W/app.sock" 2>/dev/null &
	app=$!
	wait_for 10 in_state app up
	timeout 5 "$EXAMPLES/hexdump" "$W/app.sock" >/dev/null 2>&1
	kill -KILL $app
	wait $app 2>/dev/null
	wait_for 10 in_state app down
done
for what in switches ports fdb drops domains; do
	"$WEIR" show $what >/dev/null 2>&1
done
"$WEIR" trace sw0.a 020000000001020000000002080045 >/dev/null 2>&1
"$WEIR" allow app "->" a >/dev/null 2>&1
ok "a reload while it is traced" "$WEIR" reload
if [ -x "$(dirname "$WEIR")/bench/hostile_client" ]; then
	"$(dirname "$WEIR")/bench/hostile_client" forge "$W/app.sock" >forge.txt &
	forge=$!
	wait_for 10 grep -q once forge.txt
	kill $forge
	wait $forge 2>/dev/null
fi
kill -KILL "$(pgrep -f '^weir: sw0$|^weir: sw0 ' | head -n 1)"
ok "the switch comes back" wait_for 10 in_state pcap up
kill -KILL "$(pgrep -f '^weir: sw0.card$|^weir: sw0.card ' | head -n 1)"
ok "a port by AF_XDP comes back" wait_for 10 restarted card
timeout 2 "$WEIR" top -n 1 >/dev/null 2>&1
kill -TERM "$WEIR_PID"
wait "$WEIR_PID"
is "it ends well" $? 0
WEIR_PID=
wait $tracer 2>/dev/null

made=$(sed -nE 's/^([a-z_0-9]+)\(.*/\1/p' calls | sort -u)
# The table's rows: | `call`, `call` | ... |
listed=$(sed -n '/^### System calls of the monitor/,/^#/p' "$spec" |
	sed -nE 's/^\| (`[^|]*) \|.*/\1/p' | grep -o '`[a-z_0-9]*`' | tr -d '`' |
	sort -u)
ok "the list can be read" test "$(wc -l <<<"$listed")" -gt 20
is "every call it makes is listed" "$(comm -23 <(echo "$made") \
	<(echo "$listed"))" ""
note "made: $(tr '\n' ' ' <<<"$made")"

# What must not be, whatever the list says.
is "it reads and writes no eventfd" \
	"$(grep -E '^p?(read|write)[0-9v]*\([0-9]+<anon_inode:\[eventfd\]' calls)" ""
is "and no pipe" "$(grep -E '^(read|write)\([0-9]+<pipe:' calls)" ""
is "it changes no inode that a client has had" \
	"$(grep -E '^fallocate\([0-9]+<[^>]*weir:sw0\.(app|to)' calls)" ""
kernels='"/(proc|dev/(null|urandom)|sys/kernel/btf/)'
is "it opens only its own files and the kernel's" \
	"$(grep '^openat(' calls | grep -vE "$kernels")" ""
is "it receives without waiting" \
	"$(grep -E '^recv' calls | grep -v MSG_DONTWAIT)" ""
is "it sends without waiting" \
	"$(grep -E '^send' calls | grep -v MSG_DONTWAIT)" ""
finish
