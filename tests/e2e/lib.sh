# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What every end-to-end test stands on. A test is a bash script that begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and ends with `finish`. It prints TAP. On entry it is executed again as
# process 1 of namespaces of its own (network, mount, pid; as an ordinary user
# also a user namespace, in which it is root). Whatever it makes, interfaces,
# named network namespaces, sockets, processes, lives in those and ends with
# them, even if the test is killed: nothing is left on the machine.
#
# Inside, /run is an empty private tmpfs, the test stands in an empty directory
# of it ($W, also $TMPDIR), `lo` is up, and $WEIR is the command under test.
# A script runs under `set -u`; it must never sleep for something to happen, but
# say what it waits for (wait_for).
#
#	host NAME [ADDR/LEN...]	a host: a network namespace NAME. Its addresses
#				are given to its interface when weir is up
#	on NAME CMD...		run CMD in that host
#	weir_start FILE		run a topology (- : from standard input), wait
#				until it runs; the log is $WEIR_LOG. Without
#				/dev/net/tun a topology with taps ends the
#				script, as skipped
#	weir_stop		stop it; checks that it ends well and that
#				nothing of it is left
#	ok MSG CMD...		CMD must succeed
#	nok MSG CMD...		CMD must fail (but exist, and not be killed)
#	is MSG GOT WANT		two texts must be the same
#	like MSG TEXT ERE	TEXT must match
#	unlike MSG TEXT ERE	TEXT must not match
#	skip MSG WHY		this check cannot be made here
#	skip_all WHY		none of the script's can
#	wait_for SECONDS CMD...	until CMD succeeds; fails when time is up
#	other_user		a condition: there is a user 65534 here to become
#	note TEXT...		a line for the reader of the log
#	finish			the end; without it the script counts as failed

# --- into the namespaces ---------------------------------------------------

# _enter SCRIPT [ARGS]: execute the script again, inside. The way in is tried
# first, so that a system that forbids it gets a reason, not a riddle.
_enter()
{
	local in why

	in=("$_root/mk/own-root.sh" unshare -n -m -p -f --kill-child --mount-proc)
	if [ "$(id -u)" != 0 ]; then
		in+=(-U -r)
		# With more users than one where newuidmap(1) gives them.
		! unshare -U -r --map-auto true 2>/dev/null || in+=(--map-auto)
	fi
	if ! why=$("${in[@]}" true 2>&1); then
		echo "1..0 # SKIP no private namespaces here: $why" \
			"(needs root, or user namespaces for ordinary users:" \
			"sysctl kernel.unprivileged_userns_clone=1)"
		exit 0
	fi
	exec "${in[@]}" env WEIR_E2E=inside bash "$@"
}

_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit
export WEIR="${WEIR:-$_root/build/weir}"
export EXAMPLES="${EXAMPLES:-$(dirname "$WEIR")/examples}"
[ "${WEIR_E2E-}" = inside ] || _enter "$(realpath "$0")" "$@"
unset WEIR_E2E WEIR_RUNDIR XDG_RUNTIME_DIR

set -u
export LC_ALL=C
# An ordinary user's PATH lacks the places of sysctl and dnsmasq.
export PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs -o mode=755 weir-test /run || exit
export W=/run/test TMPDIR=/run/test
mkdir "$W" && cd "$W" || exit
ip link set lo up

# A chroot or a container may lack the device TAP interfaces are made with; the
# kernel may have it all the same. Root can then make a node in a /dev that is
# this test's alone.
if [ ! -e /dev/net/tun ]; then
	mkdir .dev .dev-work
	mount -n -t overlay -o "lowerdir=/dev,upperdir=$W/.dev,workdir=$W/.dev-work" \
		weir-test-dev /dev && mkdir -p /dev/net &&
		mknod /dev/net/tun c 10 200
fi 2>/dev/null

# The same for terminals.
[ -e /dev/pts/ptmx ] || [ ! -d /dev/pts ] ||
	mount -n -t devpts -o newinstance,ptmxmode=0666,mode=0620 \
		weir-test-pts /dev/pts 2>/dev/null

# other_user: can a process become user 65534 here?
other_user()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null
}

# _no_tun: why no TAP interface can be made here; fails if one can.
_no_tun()
{
	if [ ! -e /dev/net/tun ]; then
		echo "there is no /dev/net/tun here; \`modprobe tun\` or the" \
			"container's settings give it"
	elif [ ! -w /dev/net/tun ] || ! : </dev/net/tun; then
		echo "/dev/net/tun cannot be opened by this user; usual is" \
			"\`chmod 666 /dev/net/tun\`"
	else
		return 1
	fi 2>/dev/null
}

# --- checks ----------------------------------------------------------------

_count=0 _failed=0 _ended=
WEIR_LOG=$W/weir.log WEIR_PID=

note()
{
	printf '# %s\n' "$*"
}

# _result STATUS MSG [FILE]: one line of TAP, and what was said if it failed.
_result()
{
	_count=$((_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $_count - $2"
		return 0
	fi
	_failed=$((_failed + 1))
	echo "not ok $_count - $2"
	[ -z "${3-}" ] || sed 's/^/#   /' "$3"
	return 1
}

ok()
{
	local msg=$1 status
	shift

	"$@" >"$W/.out" 2>&1 </dev/null
	status=$?
	[ $status = 0 ] || echo "(status $status of: $*)" >>"$W/.out"
	_result $status "$msg" "$W/.out"
}

# A command that is not there (127), cannot be run (126) or was killed (>= 128)
# has not refused anything.
nok()
{
	local msg=$1 status wrong=0
	shift

	"$@" >"$W/.out" 2>&1 </dev/null
	status=$?
	if [ $status = 0 ] || [ $status -ge 126 ]; then
		wrong=1
		echo "(status $status of: $*)" >>"$W/.out"
	fi
	_result $wrong "$msg" "$W/.out"
}

is()
{
	local same=0

	if [ "$2" != "$3" ]; then
		same=1
		printf 'got:\n%s\nwant:\n%s\n' "$2" "$3" >"$W/.out"
	fi
	_result $same "$1" "$W/.out"
}

like()
{
	printf '%s\n' "$2" >"$W/.out"
	grep -qE -e "$3" "$W/.out"
	_like $? "$1" "must match: $3"
}

unlike()
{
	printf '%s\n' "$2" >"$W/.out"
	! grep -qE -e "$3" "$W/.out"
	_like $? "$1" "must not match: $3"
}

_like()
{
	echo "($3)" >>"$W/.out"
	_result "$1" "$2" "$W/.out"
}

skip()
{
	_count=$((_count + 1))
	echo "ok $_count - $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $*"
	_ended=1
	exit 0
}

wait_for()
{
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1 </dev/null; do
		[ $SECONDS -le $end ] || return 1
		sleep 0.05
	done
}

# --- hosts and the switch --------------------------------------------------

declare -A _addrs=()

# Addresses are usable at once: nobody else is there to have taken them.
host()
{
	local name=$1
	shift

	ip netns add "$name" || exit
	on "$name" ip link set lo up
	on "$name" sh -c 'cd /proc/sys/net/ipv6/conf &&
		echo 0 >default/accept_dad && echo 0 >default/router_solicitations'
	_addrs[$name]=$*
}

# nsenter and not `ip netns exec`, which mounts a new /sys: an ordinary user may
# not do that everywhere.
on()
{
	local name=$1
	shift

	nsenter --net="/run/netns/$name" "$@"
}

# _address NAME: give a host's one interface the host's addresses.
_address()
{
	local dev addr

	dev=$(on "$1" ip -o link show | sed -n '/: lo:/!s/^[0-9]*: \([^:@]*\).*/\1/p')
	case $dev in
	'' | *[[:space:]]*)
		note "host $1 has not exactly one interface: ${dev:-none}"
		return 1 ;;
	esac
	on "$1" ip link set "$dev" up || return
	for addr in ${_addrs[$1]}; do
		on "$1" ip addr add "$addr" dev "$dev" || return
	done
}

_weir_is_up()
{
	grep -qE '(^| )weir: [^:]+: running$' "$WEIR_LOG"
}

_weir_up_or_gone()
{
	_weir_is_up || ! kill -0 "$WEIR_PID"
}

# Not a check: a test that cannot start its switch has nothing left to say.
weir_start()
{
	local file=$1 name why

	if [ "$file" = - ]; then
		file=$W/topology.weir
		cat >"$file"
	fi
	if grep -qwE '^[^#]*tap' "$file" && why=$(_no_tun); then
		skip_all "$why"
	fi
	: >"$WEIR_LOG" # or the last one's "running" is taken for this one's
	"$WEIR" run "$file" >"$W/weir.out" 2>"$WEIR_LOG" </dev/null &
	WEIR_PID=$!
	wait_for 20 _weir_up_or_gone
	if ! _weir_is_up; then
		_result 1 "weir run $1 starts" "$WEIR_LOG"
		exit 1
	fi
	for name in "${!_addrs[@]}"; do
		[ -z "${_addrs[$name]}" ] || _address "$name" || exit
	done
}

# _left: what weir should have taken away when it ended.
_left()
{
	local exe name

	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe")" != "$(readlink -f "$WEIR")" ] ||
			echo "process ${exe//[!0-9]/}"
	done
	find /run/weir ! -type d 2>/dev/null
	ip -o link show type tun
	for name in "${!_addrs[@]}"; do
		on "$name" ip -o link show type tun
	done
}

weir_stop()
{
	local status

	kill -TERM "$WEIR_PID"
	wait_for 10 _weir_gone || kill -KILL "$WEIR_PID"
	wait "$WEIR_PID"
	status=$?
	WEIR_PID=
	[ $status = 0 ] || echo "(exit status $status)" >>"$WEIR_LOG"
	_result $status "weir ends well when told to" "$WEIR_LOG"
	is "weir leaves nothing behind" "$(_left)" ""
}

# A child that has ended but was not waited for is still in /proc, as a zombie.
_weir_gone()
{
	! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$WEIR_PID/status"
}

# --- the end ---------------------------------------------------------------

finish()
{
	[ -z "$WEIR_PID" ] || weir_stop
	_ended=1
	[ $_failed = 0 ]
	exit
}

# As process 1 this shell takes everything else with it when it ends.
_on_exit()
{
	local status=$?

	if [ -z "$_ended" ]; then
		[ -z "$WEIR_PID" ] || sed 's/^/# log: /' "$WEIR_LOG"
		_result 1 "$(basename "$0") runs to its end (status $status)"
	fi
	[ $_count = 0 ] || echo "1..$_count"
	[ $_failed = 0 ] || exit 1
}
trap _on_exit EXIT
trap 'note "stopped by a signal: time is up?"; exit 1' TERM INT HUP
