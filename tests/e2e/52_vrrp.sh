#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Two routers that share one Ethernet address, by keepalived's `use_vmac`: the
# address is found at the master, also when it comes back, and what the backup
# sends from that address to itself does not move it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

command -v keepalived >/dev/null ||
	skip_all "there is no keepalived: \`apt install keepalived\`"
ip link add try0 type veth peer name try1
ip link add link try0 type macvlan || skip_all "this kernel has no macvlan"
ip link del try0
quiet_host a 10.0.0.10/24
quiet_host r1 10.0.0.1/24
quiet_host r2 10.0.0.2/24
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port r1 { tap "r1" netns "r1" }
	port r2 { tap "r2" netns "r2" }
}
group us { a, r1, r2 }
allow us <-> us
END
VMAC=00:00:5e:00:01:07

# router N PRIORITY: its keepalived; the process's id is in $pid.
router()
{
	cat >"r$1.conf" <<-END
	global_defs {
		router_id r$1
	}
	vrrp_instance shared {
		version 3
		state BACKUP
		interface r$1
		use_vmac
		virtual_router_id 7
		priority $2
		advert_int 0.2
		virtual_ipaddress {
			10.0.0.254/24
		}
	}
	END
	nsenter --net="/run/netns/r$1" keepalived --dont-fork --vrrp \
		--log-console --use-file="$W/r$1.conf" --pid="$W/r$1.pid" \
		--vrrp_pid="$W/r$1.vrrp" >>"r$1.log" 2>&1 &
	pid=$!
}
behind()
{
	"$WEIR" show fdb | awk -F '\t' -v mac=$VMAC '$2 == mac { print $4 }'
}
is_at()
{
	[ "$(behind)" = "sw0.r$1" ]
}
# last_state N STATE: what its keepalived has said last
last_state()
{
	grep -o 'Entering [A-Z]* STATE' "r$1.log" | tail -n 1 | grep -qw "$2"
}

router 1 200
master=$pid
router 2 100
ok "the first router becomes master" wait_for 20 last_state 1 MASTER
ok "their address is found there" wait_for 10 is_at 1
ok "and answers" reach a 10.0.0.254
kill $master
wait $master
ok "it ends: the other becomes master" wait_for 20 last_state 2 MASTER
ok "the address is found there" wait_for 10 is_at 2
ok "and answers" reach a 10.0.0.254
router 1 200
ok "the first comes back: the other is backup" wait_for 20 last_state 2 BACKUP
ok "the address is found where it was" wait_for 10 is_at 1

# Both hold still, so that no advertisement mends what is learned now.
kill -STOP "$(cat r1.vrrp)" "$(cat r2.vrrp)"
before=$(dropped sw0.r2 same_port)
bytes "$(frame $VMAC $VMAC probe)" | on r2 socat -u - INTERFACE:vrrp.7
refused()
{
	[ "$(dropped sw0.r2 same_port)" -gt "$before" ]
}
ok "the backup's frame from the address to itself goes nowhere" \
	wait_for 10 refused
is "and teaches nothing" "$(behind)" sw0.r1
is "who sends there gets to the master" "$("$WEIR" trace -j a \
	"$(frame $VMAC "$(mac a)" x)" | jq -c .deliver)" '["sw0.r1"]'
ok "which answers" reach a 10.0.0.254
kill -CONT "$(cat r1.vrrp)" "$(cat r2.vrrp)"
finish
