# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# bash completion for weir(1)

_weir_instances()
{
	local dir file

	for dir in ${WEIR_RUNDIR:-/run/weir \
		${XDG_RUNTIME_DIR:-/nonexistent}/weir /tmp/weir-$UID}; do
		for file in "$dir"/*.sock; do
			[ ! -S "$file" ] || basename "$file" .sock
		done
	done
}

# The instance named so far, as options for weir.
_weir_named()
{
	local i

	for ((i = 1; i < COMP_CWORD - 1; i++)); do
		[ "${COMP_WORDS[i]}" != -n ] || echo "-n ${COMP_WORDS[i + 1]}"
	done
}

# Ports in full, and by their own name; weir says so if that is ambiguous.
_weir_ports()
{
	local port

	# shellcheck disable=SC2046
	weir show ports -t 1 $(_weir_named) 2>/dev/null |
		while IFS=$'\t' read -r port _; do
			printf '%s\n%s\n' "$port" "${port#*.}"
		done
}

_weir_vms()
{
	# shellcheck disable=SC2046
	weir show vms -t 1 $(_weir_named) 2>/dev/null | cut -f 1
}

_weir()
{
	local word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	local words='' at=1 command

	# Options may stand in front of the command.
	while [[ $at -lt $COMP_CWORD && ${COMP_WORDS[at]} == -* ]]; do
		case ${COMP_WORDS[at]} in
		-n | --name | -t | --timeout) at=$((at + 2)) ;;
		*) at=$((at + 1)) ;;
		esac
	done
	command=${COMP_WORDS[at]-}
	COMPREPLY=()
	if [ "$COMP_CWORD" = "$at" ]; then
		words='check run compile show top metrics graph trace allow deny limit
			storm lock undo reload vm console stop help --version'
	elif [ "$before" = -n ] || [ "$before" = --name ]; then
		words=$(_weir_instances)
	else
		case $command:$word in
		check:-*) words='-v --verbose' ;;
		run:-*) words='-n --name' ;;
		compile:-*) words='-k --microkit -o --output -n --name' ;;
		allow:-* | deny:-*)
			words='-b --both -j --json -n --name -t --timeout' ;;
		show:-* | trace:-*)
			words='-j --json --table -n --name -t --timeout' ;;
		metrics:-*) words='-O --openmetrics -n --name -t --timeout' ;;
		limit:-* | storm:-* | lock:-* | undo:-* | reload:-*)
			words='-j --json -n --name -t --timeout' ;;
		top:-* | graph:-* | stop:-* | vm:-* | console:-*)
			words='-n --name -t --timeout' ;;
		show:*)
			words='ports fdb policy flows groups drops system vms
				disks' ;;
		allow:*) words="$(_weir_ports) when reply" ;;
		deny:*) words="$(_weir_ports) when" ;;
		limit:*) words="$(_weir_ports) in out off burst" ;;
		storm:*) words="$(_weir_ports) broadcast multicast unknown none
				off burst" ;;
		lock:*) words="$(_weir_ports) mac ip off" ;;
		vm:*)
			words=$(_weir_vms)
			[ "$before" != vm ] || words='start stop restart' ;;
		console:*) words=$(_weir_vms) ;;
		stop:*) words=$(_weir_instances) ;;
		help:*)
			words='check run compile show top metrics graph trace allow deny
				limit storm lock undo reload vm console stop' ;;
		trace:@*)
			mapfile -t COMPREPLY < <(compgen -P @ -f -- "${word#@}")
			return ;;
		trace:*)
			words="$(_weir_ports) tcp udp icmp icmp6 arp ip ip6 src
				dst port vlan broadcast who-has reply segment
				partial dst= src= vlan= type= len=" ;;
		check:* | run:* | compile:* | reload:*)
			mapfile -t COMPREPLY < <(
				compgen -f -X '!*.conf' -- "$word"
				compgen -d -S / -- "$word")
			compopt -o nospace
			return ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}
complete -F _weir weir
