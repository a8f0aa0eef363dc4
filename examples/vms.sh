# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the examples with client VMs share: the machine is started, weir runs in
# it, checks are made from out here. To be sourced, with $here set.
#
#	vms_begin FILE TEXT	say what comes, run the topology $here/FILE, in
#				a machine in which vms_prepare, if there is such
#				a function, has been called
#	vms_ready NAME...	wait for the VMs to have started
#	matrix 'A-B...' NAME=ADDRESS=MAC...
#				each of them to each other: "yes" for the pairs
#				that are listed, "no" for the others
#	log ERE			is it in weir's log?
#	traced ARGS...		of `weir trace`: verdict and reason
#	vms_show		VMs, ports and refused frames
#	vms_again VM		have it reboot
#	vms_off VM		have it turn itself off, and start it again
#	vms_end			stop weir, print the table; the exit status
#
# ... and what report.sh, machine/lib.sh and machine/guests.sh give.
set -u
export LC_ALL=C
# Four guests with Debian's kernel.
export MACHINE_MEMORY=${MACHINE_MEMORY:-1536}
_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit
. "$_root/examples/report.sh"
. "$_root/machine/lib.sh"
. "$_root/machine/guests.sh"

_work=$(mktemp -d) || exit
_reader=
_leave()
{
	# A second Ctrl-C must not leave anything behind.
	trap '' INT TERM HUP
	machine_stop
	[ -z "$_reader" ] || kill "$_reader" 2>/dev/null
	cd / && rm -rf "$_work"
}
trap _leave EXIT
trap 'exit 130' INT TERM HUP
cd "$_work" || exit

log()
{
	grep -qE -e "$1" weir.log
}

vms_begin()
{
	echo "$2"
	step "an arm64 machine: QEMU, no KVM and no root needed here"
	# shellcheck disable=SC2154 # the caller's
	guests_folder over "$here/$1" && machine_start "$_work" over || exit
	rm -rf over
	! declare -F vms_prepare >/dev/null || vms_prepare
	step "weir check $1"
	inside weir check "/vms/$1" || exit
	step "weir run $1"
	tail -n +1 -f weir.log 2>/dev/null | sed -u 's/^/   | /' &
	_reader=$!
	guests_run "$1" || exit
}

_ready_or_ended()
{
	log "$1: guest: $1 is ready" || ! inside 'kill -0 $(cat /run/vms/pid)'
}

vms_ready()
{
	local name

	for name; do
		until_ok 480 _ready_or_ended "$name"
		check "$name is ready" yes outcome log \
			"$name: guest: $name is ready"
	done
}

matrix()
{
	local pairs=" $1 " from to name want
	shift

	guests_matrix "$@" >matrix
	for from; do
		from=${from%%=*}
		for to; do
			[ "$from" != "${to%%=*}" ] || continue
			want=no name=${to%%=*}
			[[ $pairs != *" $from-$name "* &&
				$pairs != *" $name-$from "* ]] || want=yes
			check "$from -> $name" $want \
				sed -n "s/^$from $name //p" matrix
		done
	done
}

traced()
{
	inside weir trace "$@" | awk -F '\t' '$1 == "verdict" { print $2, $3 }'
}

vms_show()
{
	step "weir show vms, ports, drops"
	inside 'weir show --table vms; weir show --table ports
		weir show --table drops' | sed 's/^/   /'
}

# _count VM KEY
_count()
{
	inside weir show -j vms | jq -r ".[] | select(.vm == \"$1\").$2"
}

_readies()
{
	[ "$(grep -c "$1: guest: $1 is ready" weir.log)" -ge "$2" ]
}

vms_again()
{
	guest "$1" "{ sleep 1; reboot -f; } & true"
	check "$1 has started again" yes outcome until_ok 120 _readies "$1" 2
	check "it has rebooted" 1 _count "$1" reboots
}

_is()
{
	[ "$(_count "$1" state)" = "$2" ]
}

vms_off()
{
	guest "$1" "{ sleep 1; poweroff -f; } & true"
	check "$1 is off" yes outcome until_ok 60 _is "$1" off
	inside weir vm start "$1"
	check "weir vm start $1" yes outcome until_ok 120 _readies "$1" 2
}

vms_end()
{
	local status

	if [ -z "${KEEP-}" ]; then
		step "weir stop"
		check "weir ends well" yes outcome inside 'weir stop'
	fi
	table weir.log
	status=$?
	if [ -n "${KEEP-}" ]; then
		step "KEEP=1: the machine goes on; weir console NAME"
		kill "$_reader"
		machine_shell
	fi
	exit $status
}
