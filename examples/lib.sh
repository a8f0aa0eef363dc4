# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the examples' run.sh stand on. On entry the script is executed again as
# process 1 of namespaces of its own (network, mount, pid; for an ordinary user
# also a user namespace in which it is root). Every interface, network namespace
# and process made after that lives in those, so that nothing can be left on the
# machine, whatever becomes of the script. It has two minutes.
#
#	begin FILE		say what comes, check FILE, run it
#	client NAME [ADDR...]	a network namespace that gets the interface NAME
#	on NAME CMD...		run CMD in that namespace
#	mac NAME		the address of its interface
#	pings FROM TO		print "yes" if FROM reaches TO, else "no"
#	traced PORT FRAME...	print verdict and reason
#	verdict			stop weir, print the table; the exit status
#
# ... and what report.sh gives.

_here=$(cd "$(dirname "$0")" && pwd) || exit
_root=$(cd "$_here/../.." && pwd) || exit

if [ "${WEIR_EXAMPLE-}" != inside ]; then
	WEIR=$(realpath -m "${WEIR:-$_root/build/weir}")
	if [ ! -x "$WEIR" ]; then
		echo "there is no $WEIR; type 'make' first, or say WEIR=PATH" >&2
		exit 1
	fi
	enter=("$_root/mk/own-root.sh" unshare -n -m -p -f --kill-child
		--mount-proc)
	[ "$(id -u)" = 0 ] || enter+=(-U -r)
	if ! why=$("${enter[@]}" true 2>&1); then
		echo "cannot make private namespaces: $why" >&2
		echo "run this as root, or allow user namespaces:" \
			"sysctl kernel.unprivileged_userns_clone=1" >&2
		exit 1
	fi
	exec timeout --foreground -k 5 120 "${enter[@]}" \
		env WEIR_EXAMPLE=inside WEIR="$WEIR" bash "$_here/run.sh" "$@"
fi

set -u
export LC_ALL=C
# An ordinary user's PATH lacks the places of dnsmasq and udhcpc.
export PATH=$PATH:/usr/sbin:/sbin
. "$_root/examples/report.sh"
unset WEIR_RUNDIR XDG_RUNTIME_DIR
mount -t tmpfs -o mode=755 weir-example /run || exit
W=/run/example
mkdir "$W" && cd "$W" || exit
ip link set lo up

# A chroot or container may lack the device TAP interfaces are made with, though
# its kernel has it; root can make a node in a /dev that is private.
if [ ! -e /dev/net/tun ]; then
	mkdir .dev .dev-work
	mount -n -t overlay -o "lowerdir=/dev,upperdir=$W/.dev,workdir=$W/.dev-work" \
		weir-example-dev /dev && mkdir -p /dev/net &&
		mknod /dev/net/tun c 10 200
fi 2>/dev/null

# tcpdump gives its privileges away as soon as it can. That takes setgroups(2),
# which is denied to the root of an ordinary user's namespace; there it gets one
# more namespace in which it is nobody in particular.
tcpdump()
{
	if grep -q deny /proc/self/setgroups; then
		command unshare -U --map-user=1 tcpdump "$@"
	else
		command tcpdump "$@"
	fi
}

_pid=

_die()
{
	echo "$*" >&2
	exit 1
}

_running()
{
	grep -q 'weir: [^:]*: running$' weir.log || ! kill -0 "$_pid"
}

begin()
{
	step "weir check $1"
	"$WEIR" check "$_here/$1" || exit
	step "weir run $1"
	"$WEIR" run "$_here/$1" 2>weir.log &
	_pid=$!
	until_ok 20 _running
	if ! grep -q ': running$' weir.log; then
		cat weir.log >&2
		_die "weir run $1 did not start; the lines above say why"
	fi
}

# nsenter and not `ip netns exec`, which mounts a new /sys: an ordinary user may
# not do that everywhere.
on()
{
	local name=$1
	shift

	nsenter --net="/run/netns/$name" "$@"
}

# Not from /sys, which shows the interfaces of the namespace it was mounted in.
mac()
{
	on "$1" ip -o link show "$1" | sed 's/.*link\/ether \([^ ]*\).*/\1/'
}

# Duplicate address detection is off: nobody else is there, and it takes time.
client()
{
	local name=$1 address
	shift

	ip netns add "$name" && ip link set "$name" netns "$name" ||
		_die "cannot make client $name"
	on "$name" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/'"$name"'/accept_dad'
	on "$name" ip link set lo up
	on "$name" ip link set "$name" up
	for address; do
		on "$name" ip addr add "$address" dev "$name"
	done
}

# Three requests; one answer is enough.
pings()
{
	outcome on "$1" ping -c 3 -i 0.3 -W 1 "$2"
}

traced()
{
	"$WEIR" trace "$@" | awk -F '\t' '$1 == "verdict" { print $2, $3 }'
}

verdict()
{
	local status

	step "weir stop"
	"$WEIR" stop || _die "weir does not stop"
	wait "$_pid"
	status=$?
	check "weir ends well" 0 echo $status
	table weir.log
	exit
}

trap 'exit 130' INT TERM HUP
