#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# QEMU as the peer of a socket port, run by another user: the socket's mode and
# group decide who may connect, one QEMU at a time. Instead of a guest, QEMU's
# own small network (10.0.2.2 and on) is behind its end of the connection.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

command -v qemu-system-aarch64 >/dev/null ||
	skip_all "there is no QEMU: \`apt install qemu-system-arm\`"
# Any numbers will do; a user namespace of one user has no others.
user=30001 group=30002 other=30003
setpriv --reuid=$user --regid=$group --clear-groups true 2>/dev/null ||
	skip_all "there is only one user in this user namespace; root has more"

quiet_host alice 10.0.2.15/24
weir_start - <<END
switch sw0 {
	port alice { tap "alice0" netns "alice" }
	port guest { socket listen "$W/guest.sock"; mode 0660; group $group }
}
allow alice <-> guest
END

# qemu NAME GROUP: one that runs, and has connected or could not.
qemu()
{
	local name=$1 gid=$2

	setpriv --reuid=$user --regid="$gid" --clear-groups \
		qemu-system-aarch64 -M none -nodefaults -display none \
		-qmp stdio \
		-netdev stream,id=weir,server=off,addr.type=unix,addr.path="$W/guest.sock" \
		-netdev user,id=inside,restrict=on \
		-netdev hubport,id=h0,hubid=0,netdev=weir \
		-netdev hubport,id=h1,hubid=0,netdev=inside \
		<"$W/$name.say" >"$W/$name.out" 2>&1 &
}
port_is()
{
	[ "$("$WEIR" show -j ports | jq -r \
		'.[] | select(.port == "sw0.guest").state')" = "$1" ]
}
pid_of()
{
	"$WEIR" show -j system | jq -r --arg name "$1" \
		'.pds[] | select(.name == $name).pid'
}
# QEMU tells what happens once it was asked what it can do. The FIFOs stay open:
# it ends when there is nobody to command it.
for name in first second stranger third; do
	mkfifo "$name.say"
	exec {fd}<>"$name.say"
	echo '{ "execute": "qmp_capabilities" }' >&"$fd"
done

# --- who may connect ------------------------------------------------------

is "the socket has the mode and the group it is given" \
	"$(stat -c '%a %g' guest.sock)" "660 $group"
qemu stranger $other
stranger=$!
shut_out()
{
	echo '{ "execute": "human-monitor-command", "arguments":
		{ "command-line": "info network" } }' >stranger.say
	grep -q 'weir: .*error' stranger.out
}
ok "QEMU in another group may not connect" wait_for 10 shut_out
ok "the port has no peer" port_is "no peer"
kill $stranger
wait $stranger
qemu first $group
first=$!
ok "QEMU of another user, in the group, connects" wait_for 10 port_is up
ok "frames go there and back" wait_for 10 reach alice 10.0.2.2

# --- a second one ---------------------------------------------------------

qemu second $group
second=$!
turned()
{
	grep -q 'guest: a second peer connected and was turned away' "$WEIR_LOG"
}
ok "a second QEMU is turned away, which is logged" wait_for 10 turned
kill $second
wait $second
ok "the first goes on" reach alice 10.0.2.2

# --- the port's process dies ----------------------------------------------

old=$(pid_of sw0.guest)
kill -KILL "$old"
anew()
{
	[ "$(pid_of sw0.guest)" != "$old" ] && port_is "no peer"
}
ok "the port's process is killed and started again" wait_for 20 anew
ok "QEMU is told, which in this version does not connect again by itself" \
	wait_for 10 grep -q NETDEV_STREAM_DISCONNECTED first.out
is "the socket is there, as it was" \
	"$(stat -c '%a %g' guest.sock)" "660 $group"
kill $first
wait $first
qemu third $group
third=$!
ok "the next QEMU connects" wait_for 10 port_is up
ok "and frames flow" wait_for 10 reach alice 10.0.2.2
kill $third
wait $third
ok "it has gone: no peer" wait_for 10 port_is "no peer"
finish
