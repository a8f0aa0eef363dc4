#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Driver VMs that were taken over (tests/guests/hostile.c), one after another.
# Meanwhile two others talk, without a loss; one hears what it may; one hears
# nothing. Then the real one gets the card they had.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"

guest=${MACHINE_DIR:-$_repo/build/machine}/../guest/hostile.cpio.gz
mkdir -p add/echo
cp "$guest" add/echo/ || skip_all "no hostile guest: make tests-guests"
cp "$_repo/tests/sandbox/check.sh" add
in_machine add

# --- who is there ----------------------------------------------------------

# The machine's shell has a smaller `ip` of its own, hence /bin/ip.
#
# Host names and the last octets of their addresses, as hostile.c has them.
hosts="a:10 b:11 friend:12 nobody:13"

# topology INITRD [STATEMENT]
topology()
{
	local host

	printf '%s\n' 'switch sw0 {' 'port uplink { driver-vm netvm }'
	for host in $hosts; do
		printf 'port %s { tap "%s0" netns "%s"; mac lock %s }\n' \
			"${host%:*}" "${host%:*}" "${host%:*}" \
			"$(printf 02:00:00:00:00:%02x "${host#*:}")"
	done
	printf '%s\n' '}' 'allow a <-> b' 'allow friend <-> uplink' \
		'vm netvm {' 'kernel "Image.gz"' "initrd \"$1\"" 'memory 32m' \
		'nic pci "0000:01:00.0"' "${2-}" '}'
}

inside "for host in $hosts; do
	/bin/ip netns add \${host%:*}
	/bin/ip netns exec \${host%:*} sh -c '/bin/ip link set lo up
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done"
inside '/bin/ip netns exec b /examples/echo_host 7 >/dev/null 2>&1 &'

# Hosts know each other's addresses, so that nobody asks for them and every
# frame can be accounted for. The friend finds the gateway behind the uplink.
# One process for each host: in the machine, starting one is what takes time.
connect()
{
	local host other dev last mac=02:00:00:00:00

	for host in $hosts; do
		dev=${host%:*}0 last=${host#*:}
		echo "/bin/ip -n ${host%:*} -force -batch - <<END"
		printf "link set $dev address $mac:%02x\n" "$last"
		echo "link set $dev up"
		echo "addr add 10.0.2.$last/24 dev $dev"
		for other in $hosts; do
			printf "neigh replace 10.0.2.%d dev $dev lladdr $mac:%02x\n" \
				"${other#*:}" "${other#*:}"
		done
		echo "neigh replace 10.0.2.99 dev $dev lladdr 02:00:00:00:0b:ad"
		echo END
	done >connect
	inside "$(<connect)"
}

heard()
{
	inside /bin/ip netns exec "$1" cat "/sys/class/net/${1}0/statistics/rx_packets"
}

# --- a and b talk ----------------------------------------------------------

talk()
{
	inside 'rm -f /tmp/talk.*
		/bin/ip netns exec a sh -c "while [ ! -e /tmp/talk.end ]; do
			/examples/echo_load udp 10.0.2.11 7 512 200 8
		done" >/tmp/talk.log 2>&1 && mv /tmp/talk.log /tmp/talk.done &'
}
rounds()
{
	inside 'cat /tmp/talk.log /tmp/talk.done 2>/dev/null' | wc -l
}
more_rounds()
{
	[ "$(rounds)" -ge "$1" ]
}

# More than fits into the uplink's queue, at once; nobody there answers.
burst()
{
	inside '/bin/ip netns exec friend /examples/echo_load udp 10.0.2.99 \
		7 64 960 960 >/dev/null 2>&1 &'
}

# --- one hostile guest -----------------------------------------------------

at_least()
{
	[ "$(vm "$1")" -ge "$2" ]
}
gone()
{
	! inside pidof weir
}
answers()
{
	local topic

	for topic in vms ports drops system fdb; do
		inside timeout 20 weir show -j "$topic" >"$topic.json" || return
	done
}
# What this one has logged.
log()
{
	tail -c "+$mark" "$WEIR_LOG"
}
says()
{
	log | grep -qE -e "$1"
}

# start INITRD [STATEMENT]: a topology runs, and everybody is connected.
start()
{
	topology "$@" >conf
	inside "cat >/echo/hostile.conf <<'END'
$(<conf)
END"
	mark=$(($(stat -c %s "$WEIR_LOG") + 1))
	weir_inside /echo/hostile.conf
	if ! wait_for 60 says 'hostile: running'; then
		_result 1 "weir runs" "$WEIR_LOG"
		exit 1
	fi
	connect
}

# begin MODE: it has begun, while a and b talk.
begin()
{
	start hostile.cpio.gz "append \"hostile=$1\""
	talk
	ok "$1: the attack begins" wait_for 120 says "guest: .*hostile: $1"
	burst
}

# end MODE: what is true whatever it did.
end()
{
	local echoes

	ok "$1: a and b still talk" wait_for 60 more_rounds $(($(rounds) + 2))
	ok "$1: the monitor answers" answers
	is "$1: nobody else was restarted" "$(jq '[.pds[] |
		select(.name != "netvm").restarts] | add' system.json)" 0
	is "$1: nobody else has a fault" "$(jq -r '.[] |
		select(.faults > 0 and .port != "sw0.uplink").port' ports.json)" ""
	inside touch /tmp/talk.end
	ok "$1: a and b have talked" wait_for 60 inside test -e /tmp/talk.done
	inside cat /tmp/talk.done >talked
	echoes=$(($(wc -l <talked) * 200))
	note "$1: $echoes echoes, $(jq '.[0].restarts' vms.json) restarts," \
		"$(jq -c '[.[] | select(.port == "sw0.uplink") |
			"\(.reason) \(.count)"]' drops.json)" \
		"$(jq -c '.[0].refused | map("\(.queue) \(.side) \(.reason) \(.count)")' \
			vms.json)"
	is "$1: nothing of it was lost" \
		"$(grep -vx 'sent=200 echoed=200 lost=0 wrong=0' talked)" ""
	is "$1: b heard a, and nothing else" "$(heard b)" $echoes
	is "$1: a heard b, and nothing else" "$(heard a)" $echoes
	is "$1: nobody heard anything" "$(heard nobody)" 0
	unlike "$1: nothing has changed that it may not change" \
		"$(log)" 'hostile: .* (has changed|was (read|stored|not found))'
	ok "$1: weir ends" inside weir stop
	ok "$1: with all its processes" wait_for 30 gone
}

dropped()
{
	inside timeout 20 weir show -j drops |
		jq -e ".[] | select(.port == \"sw0.uplink\" and
			.reason == \"$1\" and .count > 0)"
}

# A frame of the switch's that came before the driver was up is not its doing.
reasons()
{
	vm 'refused[] | select(.side == "driver" and .reason != "peer_down").reason' |
		sort -u | paste -sd ' '
}

# --- they end, and come back -----------------------------------------------

# ends MODE LIVES [REASON]: over and over, said in these words.
ends()
{
	begin "$1"
	ok "$1: it is started again" wait_for 200 at_least restarts "$2"
	[ -z "${3-}" ] || ok "$1: the log says why" says "$3"
	end "$1"
}

# hc43, hc44: the friend takes segments, and what is left is none of those.
begin offloads
for reason in bad_offload oversize; do
	ok "offloads: those that do not fit are refused, $reason" \
		wait_for 60 dropped $reason
done
ok "offloads: the friend hears the others" test "$(heard friend)" -gt 0
end offloads
is "offloads: the VM was not restarted" "$(jq '.[0].restarts' vms.json)" 0

# --- the card is as good as new --------------------------------------------

start driver.cpio.gz
ok "the real driver VM is ready" wait_for 120 vm_is state ready
ok "its card has a link" wait_for 60 vm_is carrier up
ok "the friend reaches the gateway" wait_for 60 inside \
	/bin/ip netns exec friend ping -c 1 -W 2 10.0.2.2
is "nothing it wrote was refused" "$(reasons)" ""

ok 'weir ends' inside weir stop
finish
