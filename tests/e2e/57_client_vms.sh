#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Client VMs in the emulated machine: four on one switch and a card in a driver
# VM, who reaches whom, the way to the world, reboots and deaths, no exit on the
# path of frames; then VMs on two chained switches.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"
. "$_repo/machine/guests.sh"
export MACHINE_MEMORY=1536

# bob's card takes no segments, so that frames are many.
sed -e 's/^\(	port bob .*02\) }/\1; offload off }/' \
	"$_repo/examples/four-vms/four-vms.conf" >four-vms.conf
ok "one port has no offloads" grep -q 'port bob.*offload off' four-vms.conf
guests_folder add four-vms.conf \
	"$_repo/examples/two-switches/two-switches.conf"
in_machine add

# ready VM [TIMES]: a condition: it has started.
ready()
{
	[ "$(grep -c "$1: guest: $1 is ready" "$WEIR_LOG")" -ge "${2-1}" ]
}
# about VM KEY: from `show vms`.
about()
{
	inside weir show -j vms | jq -r ".[] | select(.vm == \"$1\") | .$2"
}
about_is()
{
	[ "$(about "$1" "$2")" = "$3" ]
}
pid_of()
{
	inside weir show -j system |
		jq --arg pd "$1" '.pds[] | select(.name == $pd).pid'
}

# cells 'PAIR...' NAME=ADDRESS=MAC...: the whole matrix.
cells()
{
	local pairs=" $1 " from to want
	shift

	guests_matrix "$@" >matrix 2>matrix.err
	for from; do
		from=${from%%=*}
		for to; do
			to=${to%%=*}
			[ "$from" != "$to" ] || continue
			want=no
			[[ $pairs != *" $from-$to "* &&
				$pairs != *" $to-$from "* ]] || want=yes
			is "$from reaches $to: $want" \
				"$(sed -n "s/^$from $to //p" matrix)" $want
		done
	done
}

# --- four VMs ----------------------------------------------------------------

guests_run four-vms.conf
for name in alice bob carol dave; do
	ok "$name starts" wait_for 240 ready $name
	is "$name runs" "$(about $name state)" running
done
is "alice has the CPUs she was given" "$(guest alice nproc)" 2
is "and bob one" "$(guest bob nproc)" 1
like "a VM has random bytes of the host's" \
	"$(guest bob "cat /sys/class/misc/hw_random/rng_current")" virtio_rng
is "its card has its port's address" \
	"$(guest carol "cat /sys/class/net/eth0/address")" 02:00:00:00:00:03
ok "alice gets a lease through the card" wait_for 120 \
	said 'alice: guest: eth0 has 10\.0\.2\.15'

four=(alice=10.0.2.15=02:00:00:00:00:01 bob=10.0.2.22=02:00:00:00:00:02
	carol=10.0.2.23=02:00:00:00:00:03 dave=10.0.2.24=02:00:00:00:00:04)
cells 'alice-bob alice-carol carol-dave' "${four[@]}"
is "alice reaches the world" "$(guest alice "reaches 10.0.2.2")" yes
is "bob does not" "$(guest bob "reaches 10.0.2.2")" no

# --- frames cost no exit -------------------------------------------------------

# Of alice and bob together: exits to user space; what the kernel serves.
exits()
{
	inside weir show -j vms | jq '[.[] | select(.vm == "alice" or
		.vm == "bob").exits] | add'
}
doorbells()
{
	inside "cat /sys/kernel/debug/kvm/$(pid_of alice)-*/mmio_exit_kernel \
		/sys/kernel/debug/kvm/$(pid_of bob)-*/mmio_exit_kernel" |
		awk '{ n += $1 } END { print n }'
}
sent()
{
	[ "$(port bob out_frames)" -ge $((frames + 10000)) ]
}
# Nothing is typed meanwhile: a console costs exits.
inside mount -t debugfs debug /sys/kernel/debug
frames=$(port bob out_frames)
guest alice "{ sleep 20; dd if=/dev/zero bs=64k count=256 | nc 10.0.2.22 9; } \
	>/dev/null 2>&1 & true"
inside sleep 3
exits=$(exits) doorbells=$(doorbells)
ok "10000 frames go from alice to bob" wait_for 120 sent
note "$(($(port bob out_frames) - frames)) frames to bob," \
	"$(($(doorbells) - doorbells)) doorbells and acknowledgements"
exits=$(($(exits) - exits))
note "$exits exits to user space, of all devices"
# A few there are; if frames had any, there would be thousands.
ok "frames need no exit to user space" test $exits -lt 50

# --- time ------------------------------------------------------------------

# clocks: seconds since the start: the machine's, bob's, the machine's again.
clocks()
{
	inside "cut -d' ' -f1 /proc/uptime
		guest bob 'cut -f1 -d\" \" /proc/uptime'
		cut -d' ' -f1 /proc/uptime" | xargs
}
# as_fast BEFORE AFTER: as much time passed for bob as for the machine.
as_fast()
{
	note "before $1; after $2"
	awk -v before="$1" -v after="$2" 'BEGIN {
		split(before, b); split(after, a)
		passed = a[2] - b[2]
		exit !(passed >= a[1] - b[3] - 0.02 && passed <= a[3] - b[1] + 0.02)
	}'
}
before=$(clocks)
inside "kill -STOP $(pid_of bob); sleep 5; kill -CONT $(pid_of bob)"
after=$(clocks)
ok "a VM that was stopped knows how late it is" as_fast "$before" "$after"
# The whole machine, as if it had been suspended.
before=$after
echo stop >"$_dir/monitor.in"
sleep 5
echo cont >"$_dir/monitor.in"
after=$(clocks)
ok "a stopped host makes no time pass in it" as_fast "$before" "$after"

# --- it comes and goes ---------------------------------------------------------

guest bob "{ sleep 1; reboot -f; } & true"
ok "bob reboots" wait_for 120 ready bob 2
is "which is no failure" "$(about bob 'restarts, .reboots' | xargs)" "0 1"
ok "alice reaches it" wait_for 60 guest alice "reaches 10.0.2.22 | grep yes"
guest dave "{ sleep 1; poweroff -f; } & true"
ok "dave turns itself off" wait_for 60 about_is dave state off
inside weir vm start dave
ok "and is started" wait_for 120 ready dave 2
inside kill -KILL "$(pid_of carol)"
ok "carol's VMM is killed: carol comes back" wait_for 120 ready carol 2
inside kill -KILL "$(pid_of sw0.alice)"
ok "alice's card is killed: it comes back" wait_for 60 \
	guest alice "reaches 10.0.2.22 | grep yes"
is "and alice went on meanwhile" "$(about alice restarts)" 0
cells 'alice-bob alice-carol carol-dave' "${four[@]}"
ok "weir ends when told to" inside weir stop

# --- two switches ----------------------------------------------------------------

guests_run two-switches.conf
for name in ann bea cal dan; do
	ok "$name starts" wait_for 240 ready $name
done
cells 'ann-bea cal-dan ann-cal' ann=10.0.3.1=02:00:00:00:01:01 \
	bea=10.0.3.2=02:00:00:00:01:02 cal=10.0.3.3=02:00:00:00:01:03 \
	dan=10.0.3.4=02:00:00:00:01:04
ok "weir ends when told to" inside weir stop
gone()
{
	! inside pidof weir
}
ok "no process of it is left" wait_for 30 gone
finish
