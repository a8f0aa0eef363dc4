#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# vhost-user ports with guests of stock QEMU, without KVM: one ring of each
# kind, offloads, and either side killed under traffic.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$_repo/machine/lib.sh"
. "$_repo/machine/vm.sh"
export VM_DIR=${VM_DIR:-$_repo/build/vm}

! why=$(vm_missing) || skip_all "$why"
trap '[ -n "$_ended" ] && [ "$_failed" = 0 ] ||
	tail -n 20 "$W"/*.vm/*.log | sed "s/^/# log: /"; _on_exit' EXIT

quiet_host host 10.0.0.1/24
quiet_host other 10.0.0.9/24
weir_start - <<END
switch sw0 {
	port host { tap "host0" netns "host" }
	port other { tap "other0" netns "other" }
	port split { vhost-user "$W/split.sock"; mode 0600 }
	port packed { vhost-user "$W/packed.sock"; offload off }
}
allow host <-> { split, packed }
allow split <-> packed
END

is "the socket has the mode it is given" "$(stat -c %a split.sock)" 600
is "there is no peer yet" "$("$WEIR" show -j ports |
	jq -r '.[] | select(.port == "sw0.split").state')" "no peer"

port_is()
{
	[ "$("$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).state')" = "$2" ]
}
pid_of()
{
	"$WEIR" show -j system | jq -r --arg name "$1" \
		'.pds[] | select(.name == $name).pid'
}

# begin NAME NUMBER [OPTION...]: a guest with an address.
begin()
{
	local name=$1 number=$2
	shift 2

	vm_start "$name" "$W/$name.sock" "mac=02:00:00:00:00:0$number" "$@"
}
up()
{
	vm_ready "$1" && vm "$1" "ip addr add 10.0.0.$2/24 dev eth0 &&
		ip link set eth0 up"
}
# Without KVM a guest has little time: each has three seconds an answer.
pings()
{
	vm "$1" "ping -c 4 -W 3 $2 >/dev/null"
}
answers()
{
	on "$1" ping -n -c 4 -W 3 "$2"
}

begin split 2
begin packed 3 packed=on
ok "a guest with a split ring starts" up split 2
ok "a guest with a packed ring starts" up packed 3
ok "its card brings the port up" wait_for 10 port_is split up
ok "the other's, too" wait_for 10 port_is packed up

# --- who reaches whom -----------------------------------------------------

ok "a guest reaches the host behind a tap" pings split 10.0.0.1
ok "so does the other" pings packed 10.0.0.1
ok "the host reaches a guest" answers host 10.0.0.3
ok "guests reach each other" pings split 10.0.0.3
nok "a denied pair does not: from the guest" pings split 10.0.0.9
nok "nor to the guest" on other ping -n -c 2 -W 1 10.0.0.2

# --- TCP, both ways, with a sum -------------------------------------------

# there NAME NUMBER FILE: a file to a guest, which sums what it gets.
there()
{
	vm "$1" "nc -l -p 5000 </dev/null 2>/dev/null | tee /tmp/got |
		sha256sum >/tmp/sum 2>&1 &" >/dev/null
	on host socat -u "FILE:$3" "TCP:10.0.0.$2:5000,retry=100,interval=0.1"
}
# back NAME: what the guest got, again here.
back()
{
	on host socat -u TCP-LISTEN:5001,reuseaddr OPEN:back,creat,trunc &
	wait_for 10 on host sh -c 'ss -Hltn sport = :5001 | grep -q .'
	vm "$1" "nc 10.0.0.1 5001 </tmp/got"
	wait $!
}
# whole NAME FILE: the guest has all of it.
whole()
{
	[ "$(vm "$1" "cut -d ' ' -f 1 /tmp/sum")" = \
		"$(sha256sum <"$2" | cut -d ' ' -f 1)" ]
}

head -c 8M /dev/urandom >stream
number=2
for name in split packed; do
	ok "TCP to the guest with a $name ring" there $name $number stream
	ok "all of it arrives" wait_for 20 whole $name stream
	ok "TCP from it" back $name
	ok "all of it arrives" cmp stream back
	number=$((number + 1))
done

# --- the port's process dies under traffic --------------------------------

fds()
{
	find "/proc/$1/fd" -type l | wc -l
}
maps()
{
	wc -l <"/proc/$1/maps"
}
seq 6000000 >long
old=$(pid_of sw0.split)
had="$(fds "$old") $(maps "$old")"
there split 2 long &
sending=$!
wait_for 20 counted sw0.split out_bytes 12000000
kill -KILL "$old"
ok "it was under way" kill -0 $sending
anew()
{
	[ "$(pid_of sw0.split)" != "$old" ] && port_is split up
}
ok "the port's process is killed and QEMU connects to the next one" \
	wait_for 20 anew
ok "the stream goes on" wait $sending
ok "all of it arrives" wait_for 30 whole split long
new=$(pid_of sw0.split)
is "the process has as many descriptors and mappings as the one before" \
	"$(fds "$new") $(maps "$new")" "$had"
ok "the other port has not noticed" pings packed 10.0.0.1

# --- QEMU dies --------------------------------------------------------------

vm_kill split
ok "QEMU is killed: the port has no peer" wait_for 10 port_is split "no peer"
is "the port's process is the same" "$(pid_of sw0.split)" "$new"
begin split 2
ok "a new one starts" up split 2
ok "its card brings the port up" wait_for 10 port_is split up
ok "it reaches the host" pings split 10.0.0.1
vm_kill split
ok "and is killed as well" wait_for 10 port_is split "no peer"
# What a peer brings is given up when it goes.
ok "its descriptors are closed" \
	test "$(fds "$new")" -lt "${had% *}"
finish
