#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A client VM that was taken over (tests/guests/attack.c) attacks its
# devices in every way, by strategy and seed. Meanwhile two others talk without
# a loss. Nothing of it has to be restarted, and its port works afterwards.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"
. "$_repo/machine/guests.sh"

guest=${MACHINE_DIR:-$_repo/build/machine}/../guest/attack.cpio.gz
[ -s "$guest" ] || skip_all "no hostile guest: make tests-guests"
seeds=2
cat >attack.conf <<END
kernel = "Image"
initrd = "client.cpio.gz"

switch sw0 {
	port ann    { vm ann;  mac lock 02:00:00:00:00:01 }
	port bea    { vm bea;  mac lock 02:00:00:00:00:02 }
	port evil   { vm evil; mac lock 02:00:00:00:00:0e }
	port friend { tap "friend0" }
}
allow ann <-> bea
allow evil <-> friend

vm ann {
	kernel \$kernel
	initrd \$initrd
	memory 96m
	append "name=ann eth0=10.0.5.1/24"
}
vm bea {
	kernel \$kernel
	initrd \$initrd
	memory 96m
	append "name=bea eth0=10.0.5.2/24"
}
vm evil {
	kernel \$kernel
	initrd "attack.cpio.gz"
	memory 64m
	append "seeds=$seeds"
}
END
guests_folder add attack.conf "$guest"
in_machine add

ready()
{
	said "$1: guest: $1 is ready"
}
about()
{
	inside weir show -j vms | jq -r ".[] | select(.vm == \"$1\") | .$2"
}
pid_of()
{
	inside weir show -j system |
		jq --arg pd "$1" '.pds[] | select(.name == $pd).pid'
}
fds()
{
	inside ls "/proc/$(pid_of "$1")/fd" | wc -w
}
# Of what the hostile guest says since it was started: lines that match.
told()
{
	tail -c "+$mark" "$WEIR_LOG" | grep -cE -e "evil: guest: attack: $1"
}
has_told()
{
	[ "$(told "$1")" -gt 0 ]
}

turned_off()
{
	inside weir vm stop evil
	[ "$(about evil state)" = off ]
}

guests_run attack.conf
ok "evil waits" wait_for 60 turned_off
for name in ann bea; do
	ok "$name starts" wait_for 240 ready $name
done
ok "ann reaches bea" guest ann "ping -c 1 -W 60 10.0.5.2"
guest ann "{ until [ -e /tmp/end ]; do ping -c 5 -W 60 10.0.5.2 | grep loss; \
	done >/tmp/log; mv /tmp/log /tmp/done; } 2>/dev/null & true"

# --- the attack -------------------------------------------------------------

mark=$(($(stat -c %s "$WEIR_LOG") + 1))
inside weir vm start evil
ok "evil begins" wait_for 240 has_told begins
ok "and has done all it can" wait_for 1500 has_told over
is "in one life" "$(told begins)" 1
number=$(sed -n '/^const struct strategy strategies/,/^}/p' \
	"$_repo/tests/guests/attack_strategies.c" | grep -c '{ "')
for device in card rng console; do
	ok "its $device can be used after each attack" has_told \
		"$device survived $((number * seeds)) of $((number * seeds))"
done
is "nor is the card lost later" "$(told '.*(cannot be used|does not send)')" 0
kinds=$(tail -c "+$mark" "$WEIR_LOG" |
	sed -n 's/.*sw0\.evil: the guest broke the rules.*(fault \([0-9]*\)).*/\1/p' |
	sort -u | wc -l)
note "rules were broken in $kinds ways"
ok "rules were broken in many ways, and told" [ "$kinds" -ge 5 ]

# --- afterwards -------------------------------------------------------------

counted_out()
{
	[ "$(port friend out_frames)" -gt 0 ]
}
ok "it can send" counted_out
inside '/bin/ip addr add 10.0.9.1/24 dev friend0; /bin/ip link set friend0 up
	ping -c 1 -W 1 10.0.9.2 >/dev/null; true'
ok "and receive" wait_for 60 has_told "the card receives"
is "its port's process is the same" "$(port evil restarts)" 0
is "it has as many descriptors as another" "$(fds sw0.evil)" "$(fds sw0.ann)"
is "so is the VM's" "$(about evil restarts)" 0
is "the switch has not been restarted" "$(inside weir show -j system |
	jq '.pds[] | select(.name == "sw0").restarts')" 0

guest ann "touch /tmp/end"
ok "ann has pinged to the end" wait_for 120 guest ann "ls /tmp/done"
guest ann "cat /tmp/done" >pings
ok "again and again" [ "$(grep -c 'packet loss' pings)" -ge 5 ]
is "and has lost nothing" "$(grep -v ' 0% packet loss' pings)" ""
is "none of their frames was dropped" "$(inside weir show -j drops |
	jq '[.[] | select(.port == "sw0.ann" or .port == "sw0.bea").count] |
		add // 0')" 0
for name in ann bea; do
	is "$name went on" "$(about $name restarts)" 0
done
ok "weir ends when told to" inside weir stop -t 60
finish
