# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the tests in the emulated machine share, on top of lib.sh. The checks are
# made out here; `inside` runs a command in there.
#
#	in_machine [FOLDER]	start it, or skip the script
#	weir_inside FILE	run a topology in it; the log is $WEIR_LOG
#	said ERE		is it in weir's log?
#	vm KEY			of the driver VM, from `show vms`
#	port NAME KEY		from `show ports`
#	address CLIENT		what it got by DHCP
#	leased CLIENT		a condition
#	load PROTO CLIENT SIZE COUNT WINDOW
#				tests/bench/echo_load from out here, through
#				the card
#	serves CLIENT		a condition: it answers UDP and TCP

_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$_repo/machine/lib.sh"
BENCH=${BENCH:-$(dirname "$WEIR")/bench}
_dir=$W/machine

# What failed is explained by the log; the machine ends with this namespace.
_on_machine_exit()
{
	local status=$?

	[ -n "$_ended" ] && [ "${_failed:-0}" = 0 ] ||
		tail -n 100 "$WEIR_LOG" "$_dir"/{qemu,console}.log 2>/dev/null |
		sed 's/^/# log: /'
	return $status
}

in_machine()
{
	if ! command -v qemu-system-aarch64 >/dev/null; then
		skip_all "no qemu-system-aarch64 (Debian's qemu-system-arm)"
	fi
	trap '_on_machine_exit; _on_exit' EXIT
	if ! machine_start "$_dir" "$@" 2>"$W/start.log"; then
		_result 1 "the machine starts" "$W/start.log"
		exit 1
	fi
	WEIR_LOG=$_dir/weir.log
}

# As lib.sh's, but nothing happens any more in a machine that has ended; and a
# question takes the machine's time, so that asking without a pause would delay
# the answer: the pause is as long as the question took.
wait_for()
{
	local end=$((SECONDS + $1)) asked took
	shift

	while :; do
		asked=${EPOCHREALTIME//[!0-9]/}
		! "$@" >/dev/null 2>&1 </dev/null || return 0
		[ $SECONDS -le $end ] && _machine_alive || return 1
		took=$((${EPOCHREALTIME//[!0-9]/} - asked + 100000))
		sleep "$((took / 1000000)).$(printf %06d $((took % 1000000)))"
	done
}

weir_inside()
{
	inside "mkdir -p /run/echo && cd /run/echo &&
		weir run $1 >/dev/virtio-ports/log 2>&1 &"
}

said()
{
	grep -qE -e "$1" "$WEIR_LOG"
}

vm()
{
	inside weir show -j vms | jq -r ".[0].$1"
}

vm_is()
{
	[ "$(vm "$1")" = "$2" ]
}

port()
{
	inside weir show -j ports | jq -r --arg port "sw0.$1" \
		".[] | select(.port == \$port).$2"
}

address()
{
	sed -nE "s/.*sw0\.$1: DHCP request finished.* is: ([0-9.]+).*/\1/p" \
		"$WEIR_LOG" | tail -n 1
}

leased()
{
	[ -n "$(address "$1")" ]
}

load()
{
	timeout 300 "$BENCH/echo_load" "$1" 127.0.0.1 \
		"$(machine_port "$1" "$(address "$2")")" "${@:3}"
}

serves()
{
	load udp "$1" 64 1 1 && load tcp "$1" 64 1 1
}
