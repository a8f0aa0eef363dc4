#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What cannot work says what is wrong and what to do, starts nothing and leaves
# nothing, and an instance that runs beside it loses no ping.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
	port app { attach "$W/app.sock" }
}
allow a <-> b
END
ok "an instance runs" reach a 10.0.0.2
steady a 10.0.0.2

# What there is: processes of weir, interfaces, sockets, namespaces.
inventory()
{
	local exe
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe")" != "$(readlink -f "$WEIR")" ] ||
			echo "$exe"
	done
	ip -o link show | cut -d : -f 2
	on a ip -o link show | cut -d : -f 2
	find /run -type s
	ls /run/netns
}
before=$(inventory)
same_as_before()
{
	[ "$(inventory)" = "$before" ]
}

# refused MSG ERE [COMMAND...]: `weir run` of standard input must fail so.
refused()
{
	local msg=$1 want=$2 status
	shift 2

	timeout 30 "$@" "$WEIR" run -n other - >refused.out 2>refused.err
	status=$?
	like "$msg" "$(cat refused.err)" "$want"
	is "... status" $status 1
	is "... nothing on standard output" "$(cat refused.out)" ""
	ok "... leaves nothing" wait_for 5 same_as_before
}

refused "a malformed topology: every error, with its place" \
	'^-:2:[0-9]+: .*|^<stdin>:2|stdin.*:2:' <<END
switch sw0 {
	prot x { tap "x0" }
	port y { }
}
END
is "both of them" "$(grep -cE ':[0-9]+:[0-9]+: ' refused.err)" 2
refused "an interface that does not exist" '"?nope0"?.*' <<END
switch sw0 {
	port x { nic "nope0" }
	port y { tap "y0" }
}
allow x <-> y
END
refused "a network namespace that does not exist" 'ip netns add nowhere' <<END
switch sw0 {
	port y { tap "y0" }
	port x { tap "x0" netns "nowhere" }
}
allow x <-> y
END
refused "an interface name that is taken" \
	'"a0" is in use by another process' <<END
switch sw0 {
	port y { tap "y0" }
	port x { tap "a0" netns "a" }
}
allow x <-> y
END
refused "a capture file that cannot be written" 'folder does not exist' <<END
switch sw0 {
	port x { tap "x0" }
	port y { tap "y0" }
	port pcap { capture "$W/nowhere/x.pcapng" of x }
}
allow x <-> y
END
echo precious >notes.txt
refused "a capture over a file that is none" 'not a pcapng capture' <<END
switch sw0 {
	port x { tap "x0" }
	port y { tap "y0" }
	port pcap { capture "$W/notes.txt" of x }
}
allow x <-> y
END
is "... and the file is as it was" "$(cat notes.txt)" precious
refused "a socket somebody listens on" 'app\.sock' <<END
switch sw0 {
	port x { attach "$W/app.sock" }
	port y { tap "y0" }
}
allow x <-> y
END
refused "a socket path where a file is" 'notes\.txt' <<END
switch sw0 {
	port x { socket listen "$W/notes.txt" }
	port y { tap "y0" }
}
allow x <-> y
END
is "... and the file is as it was" "$(cat notes.txt)" precious

good='switch sw0 {
	port x { tap "x0" }
	port y { tap "y0" }
}
allow x <-> y'
refused "without the right to make interfaces" 'as root' \
	setpriv --bounding-set -net_admin <<<"$good"
if other_user; then
	mkdir nobody && chown 65534:65534 nobody
	refused "as nobody" 'as root|/dev/net/tun' env WEIR_RUNDIR="$W/nobody" \
		setpriv --reuid 65534 --regid 65534 --clear-groups <<<"$good"
else
	skip "as nobody" \
		"no second user here (uidmap and /etc/subuid give some)"
fi

"$WEIR" run topology.weir 2>refused.err
like "a name that is in use" "$(cat refused.err)" \
	'topology is already running.*-n'
ok "... leaves nothing" wait_for 5 same_as_before
"$WEIR" check nowhere.conf 2>refused.err
like "a topology that is not there" "$(cat refused.err)" 'nowhere\.conf'
head -c 100000 /dev/urandom >noise.conf
timeout 20 "$WEIR" check noise.conf >/dev/null 2>refused.err
is "noise is an error, no crash" $? 1
unlike "and nothing of it reaches the terminal raw" \
	"$(cat -v refused.err)" '\^\['

# --- the instance beside it ------------------------------------------------

for noise in '' '{}' 'x' '{"cmd":"show"}' '{"cmd":"trace","port":7}' \
	'{"cmd":"trace","port":"sw0.a","frame":"zz"}' '[1,2' \
	'{"cmd":"show","what":"secrets"}' "$(printf '%060000d' 0)"; do
	printf '%s\n' "$noise" |
		timeout 10 socat -t 5 - UNIX-CONNECT:/run/weir/topology.sock
done >answers.txt 2>&1
is "nonsense on the control socket is answered, each time" \
	"$(grep -c '"ok":false' answers.txt)" 9
timeout 5 socat -u OPEN:/dev/null,ignoreeof \
	UNIX-CONNECT:/run/weir/topology.sock &
printf '%0900000d\n' 0 | timeout 10 socat -t 5 - \
	UNIX-CONNECT:/run/weir/topology.sock >/dev/null 2>&1
ok "one that says nothing does not keep others waiting" \
	"$WEIR" show ports -t 2

steady_lost "the ping beside all this lost nothing"
is "no PD was restarted" \
	"$("$WEIR" show -j ports | jq 'map(.restarts) | add')" 0
finish
