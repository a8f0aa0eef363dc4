# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Client VMs in the machine, from outside; to be sourced after lib.sh.
#
#	guests_folder DIR FILE...	what machine_start lays over the root:
#					/vms, with these topologies, and what
#					they name: Image, client.cpio.gz,
#					driver.gz, driver.cpio.gz
#	guests_run FILE			have weir run /vms/FILE there; its log
#					is that of the machine
#	guest VM COMMAND		have the shell in a VM run it, as ssh
#					would
#	guests_matrix NAME=ADDRESS=MAC...
#					each tries to reach each other: lines
#					"FROM TO yes" or "no"

_guests_build=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build

guests_folder()
{
	local dir=$1/vms machine=${MACHINE_DIR:-$_guests_build/machine} guests
	shift

	guests=$(dirname "$machine")/guest
	mkdir -p "$dir" && cp "$@" "$dir" &&
		cp "${SYSROOT:-$_guests_build/sysroot}/boot/vmlinuz" \
			"$dir/Image" &&
		cp "$guests/Image.gz" "$dir/driver.gz" &&
		cp "$guests"/{driver,client}.cpio.gz "$dir"
}

guests_run()
{
	inside "mkdir -p /run/vms && cd /run/vms &&
		{ weir run '/vms/$1' >/dev/virtio-ports/log 2>&1 &
		echo \$! >pid; }"
}

# A shell that edits its line would take tabs for questions.
guest()
{
	inside "guest '$1' '${2//[$'\n\t']/ }'"
}

# All of them ask at the same time.
guests_matrix()
{
	local from to all='' row name address mac

	for from; do
		row=
		for to; do
			IFS='=' read -r name address mac <<<"$to"
			[ "$from" != "$to" ] || continue
			row+="echo ${from%%=*} $name "
			row+="\$(reaches $address $mac); "
		done
		all+="guest ${from%%=*} '${row%; }' & "
	done
	inside "$all wait"
}
