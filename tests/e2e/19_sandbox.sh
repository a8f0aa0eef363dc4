#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What /proc says of every domain: no privileges, a system call filter, its own
# namespaces, only its regions in memory, only its descriptors; and that nothing
# runs while there is nothing to do.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
ip link add port0 type veth peer name peer0
ip link set port0 up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1

weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port up   { nic "port0" }
	port sock { socket listen "$W/s.sock" }
	port app  { attach "$W/app.sock" }
	port pcap { capture "x.pcapng" of a; drops }
}
switch sw1 {
	port x { attach "$W/x.sock" }
}
link sw0.down <-> sw1.up
allow a <-> b
allow a <-> sw0.up
END
ok "a pings b" reach a 10.0.0.2

system=$("$WEIR" show -j system)
monitor=$(jq .pid <<<"$system")
is "the monitor is who we started" "$monitor" "$WEIR_PID"
is "seven domains" "$(jq '.pds | length' <<<"$system")" 7

status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# what PID is allowed, against what a domain should be.
privileges()
{
	local set
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(status_of "$1" $set)" = 0000000000000000 ] || echo "$set"
	done
	[ "$(status_of "$1" NoNewPrivs)" = 1 ] || echo NoNewPrivs
	[ "$(status_of "$1" Seccomp)" = 2 ] || echo Seccomp
	[ "$(status_of "$1" Threads)" = 1 ] || echo Threads
}

shared_namespaces()
{
	local kind
	for kind in user mnt net pid ipc uts cgroup; do
		[ "$(readlink "/proc/$1/ns/$kind")" != \
			"$(readlink "/proc/$2/ns/$kind")" ] || echo $kind
	done
}

# regions PID: name, permissions and octets of what it maps, but for the rings
# that a packet socket shares with the kernel.
regions()
{
	awk '$6 ~ /memfd:weir:/ {
		split($1, range, "-")
		name = substr($6, index($6, "weir:") + 5)
		perms = substr($2, 1, 2) == "rw" ? "rw" : \
			substr($2, 1, 3) == "r--" ? "r" : "wrong:" $2
		print name, perms, range[1], range[2]
	}' "/proc/$1/maps" | while read -r name perms from to; do
		echo "$name $perms $((0x$to - 0x$from))"
	done | sort
}

# rings PID: octets of these.
rings()
{
	awk '$6 ~ /^socket:/ { split($1, range, "-"); print range[1], range[2] }' \
		"/proc/$1/maps" | {
		all=0
		while read -r from to; do
			all=$((all + 0x$to - 0x$from))
		done
		echo $all
	}
}

# Descriptors, without the numbers that tell one socket from another.
descriptors()
{
	local fd
	for fd in "/proc/$1/fd"/*; do
		readlink "$fd"
	done | sed 's/:\[.*//' | sort | uniq -c | sed 's/^ *//'
}

is "of all ports a nic shares memory with the kernel" "$(jq -r '.pds[].maps[] |
	select(.region | endswith(".kernel")).region' <<<"$system")" \
	sw0.up.kernel
for i in $(seq 0 6); do
	name=$(jq -r ".pds[$i].name" <<<"$system")
	pid=$(jq ".pds[$i].pid" <<<"$system")
	is "$name has no privilege, one thread, a filter" \
		"$(privileges "$pid")" ""
	is "$name shares no namespace with the monitor" \
		"$(shared_namespaces "$pid" "$monitor")" ""
	is "$name maps its regions, with its permissions, and no other" \
		"$(regions "$pid")" \
		"$(jq -r ".pds[$i].maps[] | select(.region | endswith(\".kernel\")
			| not) | \"\(.region) \(.perms) \(.size)\"" \
			<<<"$system" | sort)"
	is "$name says how much it shares with the kernel" "$(rings "$pid")" \
		"$(jq "[.pds[$i].maps[] | select(.region |
			endswith(\".kernel\")).size] | add // 0" <<<"$system")"
	is "$name maps nothing it could write and execute" \
		"$(awk '$2 ~ /w.*x/' "/proc/$pid/maps")" ""
	is "$name sees an empty file system" "$(ls -A "/proc/$pid/root/")" ""
	unlike "$name has no file, directory or memory open" \
		"$(descriptors "$pid" | grep -v x.pcapng)" \
		'[0-9]+ /(run|tmp|home|proc|sys|etc|dev/[^n])|memfd'
	for other in $(jq ".pds[] | select(.pid != $pid).pid" <<<"$system"); do
		[ "$(readlink "/proc/$pid/ns/user")" != \
			"$(readlink "/proc/$other/ns/user")" ] ||
			_result 1 "$name shares a user namespace with $other"
	done
done

descriptors_of()
{
	descriptors "$(jq ".pds[] | select(.name == \"$1\").pid" <<<"$system")"
}
note "descriptors of sw0:" "$(descriptors_of sw0 | paste -sd ,)"
note "descriptors of sw0.a:" "$(descriptors_of sw0.a | paste -sd ,)"
is "a tap's domain has one device open" \
	"$(descriptors_of sw0.a | grep -c /dev/net/tun)" 1
is "the switch has none" \
	"$(descriptors_of sw0 | grep /dev/ | grep -vc /dev/null)" 0
is "only the capture has the file" "$(for i in $(seq 0 6); do
	descriptors "$(jq ".pds[$i].pid" <<<"$system")" | grep -c x.pcapng
done | grep -vc '^0')" 1

# files_of NAME: how long a file it may write.
files_of()
{
	awk '/^Max file size/ { print $4, $5 }' \
		"/proc/$(jq ".pds[] | select(.name == \"$1\").pid" <<<"$system")/limits"
}
is "the capture's file has a bound" "$(files_of sw0.pcap)" \
	"1099511627776 1099511627776"
is "a tap's domain can write none" "$(files_of sw0.a)" "0 0"

# No two domains but the two ends of a connection share a region; and of data,
# only one of them writes.
is "every region is shared by at most two domains" "$(jq -r '
	[.pds[] | .name as $pd | .maps[] | {region, pd: $pd, perms}] |
	group_by(.region)[] | select(length > 2)[0].region' <<<"$system")" ""
is "of every data region, at most one writes" "$(jq -r '
	[.pds[] | .maps[] | select(.region | endswith(".data"))] |
	group_by(.region)[] | select(map(select(.perms == "rw")) | length > 1) |
	.[0].region' <<<"$system")" ""

# --- idle ------------------------------------------------------------------

ticks()
{
	local pid
	for pid in $(jq '.pid, .pds[].pid' <<<"$1"); do
		# After the name in parentheses: utime and stime.
		sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 12,13
	done
}
wakeups()
{
	local pid
	for pid in $(jq '.pds[].pid' <<<"$1"); do
		status_of "$pid" voluntary_ctxt_switches
	done
}
# The first window may end what ping began; one of five must be still.
still()
{
	local before
	before=$(ticks "$system" && wakeups "$system")
	sleep 2
	[ "$before" = "$(ticks "$system" && wakeups "$system")" ]
}
ok "with nothing to do, no domain uses any CPU nor wakes up" \
	wait_for 20 still
finish
