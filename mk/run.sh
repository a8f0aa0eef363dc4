#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh [EXAMPLE]: what `make run` does.
#
# With a name, runs that example. Without one, runs two: the tour, which needs
# only a compiler, and then the machine with a driver VM in it, for which a
# kernel is built first; at the end there is one table for both. Installs what
# is missing. The exit status is 0 only if everything passed.
#
# Environment: MAKE; B, the build directory; O, that of this configuration;
# MACHINE_DIR, SYSROOT.
set -u -o pipefail
export LC_ALL=C

cd "$(dirname "$0")/.." || exit
B=$(realpath -m "${B:-build}") O=$(realpath -m "${O:-$B}")
export MACHINE_DIR=${MACHINE_DIR:-$B/machine} SYSROOT=${SYSROOT:-$B/sysroot}
read -ra make <<<"${again:-make}"
. examples/report.sh

# names: the examples there are.
names()
{
	local example

	for example in examples/*/run.sh; do
		basename "$(dirname "$example")"
	done | paste -sd ' '
}

native()
{
	mk/deps.sh build run && "${make[@]}" all &&
		WEIR=$O/weir mk/own-root.sh "examples/$1/run.sh"
}

# machine: make it; print progress now and then, because compiling a kernel is
# silent for minutes.
machine()
{
	local status pulse since=$SECONDS

	mk/deps.sh build run machine || return
	# Nothing ever comes through this pipe; a sleep would outlive the loop.
	exec 9<> <(:)
	while ! read -rt 15 -u 9; do
		printf '  ...     %d s; %d files of the kernel are compiled\n' \
			$((SECONDS - since)) \
			"$(find "$B/linux" -name '*.o' 2>/dev/null | wc -l)"
	done &
	pulse=$!
	"${make[@]}" machine
	status=$?
	kill $pulse 2>/dev/null
	exec 9>&-
	return $status
}

# part NAME CMD...: the part's checks, or that it did not get that far.
part()
{
	local name=$1 rows=$B/run.rows
	shift

	rm -f "$rows"
	WEIR_ROWS=$rows "$@" || failed=1
	if [ -s "$rows" ]; then
		sed "s/^/$name: /" "$rows"
	else
		echo "$name|runs to its end|it did not|FAIL"
	fi >>"$B/run.all"
	rm -f "$rows"
}

# emulated NAME: an example that needs the machine, which is made first.
emulated()
{
	machine && "examples/$1/run.sh"
}

# With guests of QEMU.
guests()
{
	mk/deps.sh build run vm && "${make[@]}" vm && VM_DIR=$B/vm native "$1"
}

example=${1-}
case $example in
'') ;;
qemu | qemu-disk)
	guests "$example"
	exit ;;
echo | four-vms | two-switches | block)
	emulated "$example"
	exit ;;
*)
	if [ ! -x "examples/$example/run.sh" ]; then
		echo "make run: there is no example '$example'; there are:" \
			"$(names)" >&2
		exit 2
	fi
	native "$example"
	exit ;;
esac

trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM HUP
failed=0
mkdir -p "$B" && rm -f "$B/run.all" || exit
step "1 of 2: a tour, on this machine"
part tour native tour
step "2 of 2: a network card in a driver VM, in an emulated arm64 machine"
part echo emulated echo
rows <"$B/run.all"
good=$(grep -c '|pass$' "$B/run.all") all=$(grep -c . "$B/run.all")
rm -f "$B/run.all"
if [ $failed = 0 ] && [ "$good" = "$all" ]; then
	printf '\nverdict: PASS (%d of %d)\n' "$good" "$all"
else
	printf '\nverdict: FAIL (%d of %d)\n' "$good" "$all"
	exit 1
fi
