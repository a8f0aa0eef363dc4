# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Guests of stock QEMU on this machine, whose cards are ports of Weir, and whose
# disks are disks of Weir. Sourced by examples/qemu/run.sh and tests/e2e/, after machine/lib.sh:
#
#	vm_missing		why none can be started here; fails if they can
#	vm_start NAME SOCKET [OPTION...]
#				start one whose card is the vhost-user port that
#				listens at SOCKET, or, as tap=INTERFACE, a tap;
#				-: it has none. An option
#				ends up with the card: mac=02:00:00:00:00:01,
#				packed=on; but disk=SOCKET is the vhost-user
#				disk that listens there: /dev/vda and so on
#	vm_ready NAME		until it obeys
#	vm NAME COMMAND...	have its shell run the command: output and exit
#				status are the command's
#	vm_kill NAME		end it, as a crash would
#
# Its files are in $W/NAME.vm: console.log, what its kernel says; qemu.log, what
# QEMU does.
#
# The environment: VM_DIR, the folder that vm_image.sh has made; VM_ACCEL, what
# QEMU uses: tcg, which works everywhere, or kvm.

declare -A _vm_pid=() _vm_in=() _vm_out=()

vm_missing()
{
	if [ "$(uname -m)" != x86_64 ]; then
		echo "the guests are for x86-64, and this is $(uname -m)"
	elif ! command -v qemu-system-x86_64 >/dev/null; then
		echo "QEMU is not installed: 'apt install qemu-system-x86'"
	elif [ ! -r "${VM_DIR:?}/root.cpio" ]; then
		echo "there is no $VM_DIR/root.cpio: 'make vm' makes it"
	else
		return 1
	fi
}

# _vm_qemu DIR SOCKET OPTION...; the guest's memory is shared with the port.
# Without KVM, QEMU 7.2 crashes if a card served by vhost-user has MSI-X vectors.
_vm_qemu()
{
	local dir=$1 socket=$2 option n=0 devices=()
	local card=virtio-net-pci,netdev=net0,romfile=,vectors=0
	shift 2

	for option; do
		case $option in
		disk=*) devices+=(-chardev
			"socket,id=disk$n,path=${option#disk=},reconnect=1"
			-device "vhost-user-blk-pci,chardev=disk$n,vectors=0")
			n=$((n + 1)) ;;
		*) card+=,$option ;;
		esac
	done
	# shellcheck disable=SC2054 # the commas are QEMU's
	case $socket in
	-) ;;
	tap=*)	devices+=(-device "$card" -netdev
			"tap,id=net0,ifname=${socket#*=},script=no,downscript=no")
		;;
	*)	devices+=(-device "$card"
			-chardev "socket,id=card,path=$socket,reconnect=1"
			-netdev vhost-user,id=net0,chardev=card) ;;
	esac
	exec setpriv --pdeathsig KILL qemu-system-x86_64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-M "q35,accel=${VM_ACCEL:-tcg},memory-backend=ram0" \
		-cpu max -m 128 \
		-object memory-backend-memfd,id=ram0,size=128M,share=on \
		-kernel "$VM_DIR/vmlinuz" -initrd "$VM_DIR/root.cpio" \
		-append "console=ttyS0 panic=-1 quiet norandmaps no_timer_check" \
		-serial "file:$dir/console.log" \
		-chardev "pipe,id=command,path=$dir/command" \
		-device virtio-serial-pci \
		-device virtserialport,chardev=command,name=command \
		"${devices[@]}"
}

vm_start()
{
	local name=$1 dir=$W/$1.vm in out
	shift

	rm -rf "$dir" && mkdir "$dir" && mkfifo "$dir"/command.{in,out} &&
		: >"$dir/console.log" || return
	_vm_qemu "$dir" "$@" >"$dir/qemu.log" 2>&1 </dev/null &
	_vm_pid[$name]=$!
	exec {in}<>"$dir/command.in" {out}<>"$dir/command.out"
	_vm_in[$name]=$in _vm_out[$name]=$out
}

# `inside` of machine/lib.sh, with this guest for the machine.
vm()
{
	local _machine_dir=$W/$1.vm _machine_pid=${_vm_pid[$1]}
	local _machine_in=${_vm_in[$1]} _machine_out=${_vm_out[$1]}
	shift

	inside "$@"
}

vm_ready()
{
	MACHINE_TIMEOUT=120 vm "$1" true
}

vm_kill()
{
	local in=${_vm_in[$1]} out=${_vm_out[$1]}

	kill -KILL "${_vm_pid[$1]}"
	wait "${_vm_pid[$1]}" 2>/dev/null
	exec {in}>&- {out}>&-
}
