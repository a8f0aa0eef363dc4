#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# check.sh [--vm] PID [FILE...] <maps: is this process shut in as a protection
# domain must be?
#
# Standard input has one line per region it must have mapped: its name, and "r"
# or "rw". FILEs are what else it may have open (a capture). With --vm it is one
# with a VM: it has a thread for the virtual processor, which is shut in as the
# other one is, and what KVM and VFIO have given it, open and mapped.
#
# Whatever /proc shows that should not be is printed, one line each; the exit
# status is 0 only if there was nothing. Must be run by whoever started the PD,
# from outside of it. Any shell will do, the emulated machine's too.
set -u
export LC_ALL=C

vm=0
[ "${1-}" != --vm ] || {
	vm=1
	shift
}
pid=${1:?usage: check.sh [--vm] PID [FILE...] <maps}
shift
proc=/proc/$pid
bad=0

wrong()
{
	printf 'pid %s: %s\n' "$pid" "$*"
	bad=1
}

# field NAME [TASK]
field()
{
	sed -n "s/^$1:[[:space:]]*//p" "${2:-$proc}/status"
}

[ -r "$proc/status" ] || {
	wrong "no such process"
	exit 1
}

# --- privileges --------------------------------------------------------------

# All of this is each thread's own.
for task in "$proc"/task/*; do
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(field $set "$task")" = 0000000000000000 ] ||
			wrong "has capabilities: $set $(field $set "$task")"
	done
	[ "$(field NoNewPrivs "$task")" = 1 ] ||
		wrong "may gain privileges by exec"
	[ "$(field Seccomp "$task")" = 2 ] || wrong "has no system call filter"
	[ "$(field Seccomp_filters "$task")" = "$(field Seccomp_filters)" ] ||
		wrong "has threads with different system call filters"
done
[ "$(field Threads)" = $((1 + vm)) ] || wrong "has $(field Threads) threads"
[ -z "$(field Groups | tr -d ' 0-9')" ] || wrong "groups: $(field Groups)"

# Its user is not ours if we are root and had another to give.
mine=$(id -u)
real=$(field Uid | cut -f 1)
if [ "$mine" = 0 ] && awk '{ exit !($3 > 65534) }' /proc/self/uid_map; then
	[ "$real" = 65534 ] || wrong "runs as user $real outside"
	[ -z "$(field Groups)" ] || wrong "kept our groups: $(field Groups)"
fi

limit()
{
	awk -v name="$1" 'index($0, name) == 1 {
		sub(name, ""); print $1, $2 }' "$proc/limits"
}
[ "$(limit 'Max processes')" = "0 0" ] || wrong "may start processes"
[ "$(limit 'Max core file size')" = "0 0" ] || wrong "may dump core"

# --- namespaces and the file system ------------------------------------------

for ns in user mnt net pid ipc uts cgroup; do
	theirs=$(readlink "$proc/ns/$ns") || wrong "$ns namespace unreadable"
	[ "$theirs" != "$(readlink "/proc/self/ns/$ns")" ] ||
		wrong "shares our $ns namespace"
done
[ "$(awk '/^NSpid:/ { print $NF }' "$proc/status")" = 1 ] ||
	wrong "is not process 1 of its own"

if things=$(ls -A "$proc/root/" 2>&1); then
	[ -z "$things" ] || wrong "sees files: $things"
else
	wrong "root folder unreadable: $things"
fi
[ "$(readlink "$proc/cwd")" = / ] || wrong "is in $(readlink "$proc/cwd")"
awk '$5 == "/" && $6 ~ /^ro,/ && / - tmpfs / { ok = 1 }
	END { exit !(ok && NR == 1) }' "$proc/mountinfo" ||
	wrong "mounts: $(cat "$proc/mountinfo")"

# --- descriptors and memory --------------------------------------------------

for fd in "$proc"/fd/*; do
	to=$(readlink "$fd")
	for file; do
		[ "$to" != "$file" ] || continue 2
	done
	case $to in
	/dev/null | 'anon_inode:[eventfd]' | 'anon_inode:[eventpoll]') ;;
	'pipe:['* | 'socket:['* | /dev/net/tun) ;;
	/dev/kvm | anon_inode:kvm-* | /dev/vfio/* | 'anon_inode:[vfio-device]')
		[ $vm = 1 ] || wrong "descriptor ${fd##*/}: $to" ;;
	*) wrong "descriptor ${fd##*/}: $to" ;;
	esac
done

# A region is there once, shared, with its permissions and no others; what is
# mapped read-only could not even be made writable (VmFlags "mw"); nothing is
# both writable and executable. A VM's are the virtual processor's page and the
# card's registers, too.
awk -v pid="$pid" -v vm=$vm '
function wrong(text) { print "pid " pid ": " text; bad = 1 }
FILENAME == "-" { want[$1] = $2; next }
/^[0-9a-f]+-[0-9a-f]+ / {
	perms = $2
	name = ""
	if (perms ~ /w.*x|x.*w/)
		wrong("writable and executable: " $0)
	if (index($0, "/memfd:weir:")) {
		name = $0
		sub(/.*\/memfd:weir:/, "", name)
		sub(/ \(deleted\)$/, "", name)
		allowed = want[name]
		if (!(name in want))
			wrong("maps region " name)
		else if (perms != (allowed == "rw" ? "rw-s" : "r--s"))
			wrong("region " name " is " perms)
		if (seen[name]++)
			wrong("region " name " is mapped twice")
	} else if (perms ~ /s$/ && !(vm && perms == "rw-s" &&
			/ anon_inode:(kvm-vcpu:0|\[vfio-device\])$/)) {
		wrong("shares memory: " $0)
	}
	next
}
/^VmFlags:/ && name != "" && want[name] == "r" && / mw / {
	wrong("region " name " could become writable")
}
END {
	for (name in want)
		if (!(name in seen))
			wrong("region " name " is not mapped")
	exit bad
}' - "$proc/smaps" || bad=1

exit $bad
