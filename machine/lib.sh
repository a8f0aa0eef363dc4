# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The machine: a whole arm64 host, emulated by QEMU, with an IOMMU, KVM and one
# network card, running Debian's kernel. It needs neither root nor KVM. Sourced
# by examples/echo/run.sh and tests/e2e/:
#
#	machine_start DIR [FOLDER]
#		start it; its files are in DIR. What is in FOLDER is laid over
#		its root. Returns when it obeys; 1, having said why, if not
#	inside COMMAND...
#		have its shell run the command there, as ssh would: output and
#		exit status are the command's. 124: no answer in time
#	machine_fetch FILE
#		print a file of its; `inside cat` is for small ones
#	machine_port tcp|udp ADDRESS
#		the port of 127.0.0.1 that is forwarded to port 7 of this
#		address, 10.0.2.15 or 10.0.2.16, behind its card
#	machine_shell
#		the terminal becomes one of its own, until it is turned off
#	machine_stop
#		end it. Must be called, in an EXIT trap; never fails
#
# In DIR: console.log, what its kernel says; weir.log, what was written to
# /dev/virtio-ports/log in it.
#
# The environment: MACHINE_DIR, the folder with the root file system; SYSROOT,
# that with the kernel; MACHINE_MEMORY, in MiB; MACHINE_TIMEOUT, in seconds, for
# one command (120); MACHINE_ACCEL, MACHINE_CPUS, MACHINE_QEMU: for QEMU.

_machine_build=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build

_machine_pid='' _machine_dir=''
_machine_in='' _machine_out=''

_machine_says()
{
	printf 'machine: %s\n' "$@" >&2
}

# Each byte on the serial port costs an exit of the emulation, so the kernel is
# quiet. The emulator keeps what it has translated by address: a program that
# lies elsewhere each time is translated each time, which takes as long as all
# else that starting it needs.
_machine_qemu()
{
	local dir=$1 kernel=$2 net=user,id=net0 guest proto more
	local card=e1000e,netdev=net0,bus=port0,romfile=,mac=52:54:00:12:34:56

	read -ra more <<<"${MACHINE_QEMU-}"

	for guest in 15 16; do
		for proto in tcp udp; do
			net+=,hostfwd=$proto:127.0.0.1:0-10.0.2.$guest:7
		done
	done
	exec setpriv --pdeathsig KILL qemu-system-aarch64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-accel "${MACHINE_ACCEL:-tcg,thread=multi}" \
		-M virt,virtualization=on,gic-version=3,iommu=smmuv3 \
		-cpu max,pauth-impdef=on -smp "${MACHINE_CPUS:-2}" \
		-m "${MACHINE_MEMORY:-1024}" \
		-kernel "$kernel" -initrd "$dir/initrd" \
		-append "console=ttyAMA0 panic=-1 quiet norandmaps" \
		-serial "file:$dir/console.log" \
		-netdev "$net" \
		-device pcie-root-port,id=port0,addr=3 \
		-device "$card" \
		-device virtio-serial-device \
		-chardev "pipe,id=command,path=$dir/command" \
		-device virtserialport,chardev=command,name=command \
		-chardev "file,id=log,path=$dir/weir.log" \
		-device virtserialport,chardev=log,name=log \
		-chardev "file,id=files,path=$dir/files" \
		-device virtserialport,chardev=files,name=files \
		-chardev "pipe,id=shell,path=$dir/shell" \
		-device virtconsole,chardev=shell \
		-chardev "pipe,id=monitor,path=$dir/monitor" \
		-mon chardev=monitor,mode=readline \
		"${more[@]}"
}

# Ask QEMU which free ports it got. Its answer is meant for a terminal and has a
# line TCP[HOST_FORWARD] FD 127.0.0.1 PORT ADDRESS 7.
_machine_ask_ports()
{
	local dir=$1 line found=0 in out

	exec {in}<>"$dir/monitor.in" {out}<>"$dir/monitor.out"
	echo "info usernet" >&"$in"
	while [ $found -lt 4 ] && IFS= read -r -t 20 line <&"$out"; do
		[[ $line == *HOST_FORWARD* ]] || continue
		printf '%s\n' "$line"
		found=$((found + 1))
	done >"$dir/ports"
	exec {in}>&- {out}>&-
	[ $found = 4 ]
}

_machine_alive()
{
	kill -0 "$_machine_pid" 2>/dev/null
}

# _machine_failed WHY: why it did not start, as far as it reported it.
_machine_failed()
{
	_machine_says "$1" "what QEMU and the machine's kernel said:"
	tail -n 30 "$_machine_dir"/{qemu,console}.log >&2
	machine_stop
	return 1
}

# _machine_missing: names what is missing for a start.
_machine_missing()
{
	local file

	for file; do
		[ -r "$file" ] || {
			_machine_says "there is no $file;" \
				"'make machine' makes it"
			return
		}
	done
	command -v qemu-system-aarch64 >/dev/null || {
		_machine_says "qemu-system-aarch64 is missing;" \
			"'make run' installs it (Debian's qemu-system-arm)"
		return
	}
	return 1
}

machine_start()
{
	local dir=$1 root=${MACHINE_DIR:-$_machine_build/machine}/root.cpio name
	local kernel=${SYSROOT:-$_machine_build/sysroot}/boot/vmlinuz

	! _machine_missing "$root" "$kernel" || return 1
	_machine_dir=$dir
	mkdir -p "$dir" && cp "$root" "$dir/initrd" || return
	if [ -n "${2-}" ]; then
		(cd "$2" && find . -mindepth 1 |
			cpio -o -H newc -R 0:0 --quiet) >>"$dir/initrd" || return
	fi
	for name in command shell monitor; do
		mkfifo "$dir/$name".{in,out} || return
	done
	: >"$dir/console.log"
	: >"$dir/weir.log"
	: >"$dir/files"

	_machine_qemu "$dir" "$kernel" >"$dir/qemu.log" 2>&1 </dev/null &
	_machine_pid=$!
	exec {_machine_in}<>"$dir/command.in" {_machine_out}<>"$dir/command.out"
	_machine_ask_ports "$dir" ||
		_machine_failed "QEMU does not start" || return
	# It is in memory now.
	MACHINE_TIMEOUT=300 inside true ||
		_machine_failed "the machine does not start" || return
	rm -f "$dir/initrd"
}

# _machine_answer NUMBER UNTIL: the next line that belongs to this command. An
# abandoned command may still be answered. A line may come in pieces.
_machine_answer()
{
	local piece line=

	while :; do
		if IFS= read -r -t 1 piece <&"$_machine_out"; then
			line+=$piece
			[ "${line%% *}" != "$1" ] || break
			line=
			continue
		fi
		line+=$piece
		if ! _machine_alive; then
			_machine_says "it has ended, with a command unanswered"
			return 1
		elif [ $SECONDS -ge "$2" ]; then
			_machine_says "no answer to a command in time"
			return 1
		fi
	done
	printf '%s\n' "${line#* }"
}

# One at a time, also from subshells, hence the lock and a number for each.
inside()
{
	local number=${EPOCHREALTIME//[!0-9]/} lock status out err
	local until=$((SECONDS + ${MACHINE_TIMEOUT:-120}))

	exec {lock}>"$_machine_dir/lock" && flock "$lock" || return
	printf '%s %s\n' "$number" "$(printf %s "$*" | base64 -w 0)" \
		>&"$_machine_in" &&
		status=$(_machine_answer "$number" $until) &&
		out=$(_machine_answer "$number" $until) &&
		err=$(_machine_answer "$number" $until) || status=124
	exec {lock}>&-
	base64 -d <<<"${out-}"
	base64 -d <<<"${err-}" >&2
	return "$status"
}

# Files come out one after the other, at QEMU's pace.
machine_fetch()
{
	local files=$_machine_dir/files before size
	local until=$((SECONDS + ${MACHINE_TIMEOUT:-120}))

	before=$(stat -c %s "$files")
	size=$(inside "cp '$1' /tmp/fetched && stat -c %s /tmp/fetched &&
		cat /tmp/fetched >/dev/virtio-ports/files") || return
	until [ "$(stat -c %s "$files")" -ge $((before + size)) ]; do
		_machine_alive && [ $SECONDS -lt $until ] || return
		sleep 0.1
	done
	tail -c "+$((before + 1))" "$files"
}

machine_port()
{
	awk -v proto="${1^^}[" -v to="$2" 'index($1, proto) == 1 && $5 == to {
		print $4
	}' "$_machine_dir/ports"
}

# Everything typed goes into the machine, Ctrl-C too.
machine_shell()
{
	local state terminal from to

	state=$(stty -g) || return
	echo "A shell in the machine; 'poweroff -f' ends it."
	# In the background standard input would be nothing.
	exec {terminal}<&0
	stty raw -echo
	cat "$_machine_dir/shell.out" &
	from=$!
	cat <&"$terminal" >"$_machine_dir/shell.in" &
	to=$!
	wait "$_machine_pid"
	kill $from $to 2>/dev/null
	exec {terminal}<&-
	stty "$state"
	echo
}

machine_stop()
{
	[ -n "$_machine_pid" ] || return 0
	kill -KILL "$_machine_pid" 2>/dev/null
	wait "$_machine_pid" 2>/dev/null
	_machine_pid=
	exec {_machine_in}>&- {_machine_out}>&-
}
