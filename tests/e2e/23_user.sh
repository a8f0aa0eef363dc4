#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# As an ordinary user, where user namespaces are allowed: ports that need no
# privilege work as they are, interfaces in namespaces of the user's own, and
# domains are locked in just the same.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		env -u HOME WEIR_RUNDIR="$W/nobody/run" "$@"
}
as_nobody true 2>/dev/null ||
	skip_all "only root can become an ordinary user, and this is none"
as_nobody unshare -Ur true 2>/dev/null ||
	skip_all "ordinary users may not make user namespaces here"
mkdir nobody && chown 65534:65534 nobody

# A clone below /root, say, is not for ordinary users: they get a copy, in a
# place that their scripts do not cover, and that is gone with this one.
if ! as_nobody test -x "$WEIR" -a -r "$_root/tests/e2e/lib.sh"; then
	mount -t tmpfs -o mode=755 weir-test-copy /mnt &&
		mkdir /mnt/build /mnt/tests &&
		cp -r "$_root/mk" "$_root/examples" /mnt &&
		cp -r "$_root/tests/e2e" "$_root/tests/sandbox" /mnt/tests &&
		cp -r "$WEIR" "$EXAMPLES" /mnt/build &&
		chmod -R a+rX /mnt || exit
	WEIR=/mnt/build/$(basename "$WEIR")
	EXAMPLES=/mnt/build/$(basename "$EXAMPLES")
	_root=/mnt
fi

# --- without any privilege -------------------------------------------------

cat >plain.conf <<END
switch sw0 {
	port app { attach "$W/nobody/app.sock" }
	port out { socket listen "$W/nobody/out.sock" }
	port pcap { capture "$W/nobody/x.pcapng" of app }
}
switch sw1 {
	port app { attach "$W/nobody/app1.sock" }
}
link sw0.down <-> sw1.up
allow sw0.app <-> sw0.out
allow sw1.app <-> sw1.up
END
as_nobody "$WEIR" run plain.conf 2>plain.log &
ok "sockets, attach ports and captures need no privilege" \
	wait_for 20 grep -q 'weir: plain: running$' plain.log
system=$(as_nobody "$WEIR" show -j system)
is "four domains" "$(jq '.pds | map(select(.state == "running")) | length' \
	<<<"$system")" 4
for pid in $(jq '.pds[].pid' <<<"$system"); do
	is "one without privileges, with a filter" \
		"$(sed -nE 's/^(CapPrm|CapBnd|NoNewPrivs|Seccomp):\s*//p' \
			"/proc/$pid/status" | paste -sd ' ')" \
		"0000000000000000 0000000000000000 1 2"
	nok "in namespaces of its own" \
		test "/proc/$pid/ns/user" -ef /proc/1/ns/user
done
ok "the user stops it" as_nobody "$WEIR" stop
is "nothing is left of it" "$(find nobody -type s; _left)" ""

as_nobody "$WEIR" run - >/dev/null 2>taps.log <<END
switch sw0 {
	port a { tap "a0" }
	port b { tap "b0" }
}
allow a <-> b
END
is "an interface of the machine is refused" $? 1
like "and it says what to do" "$(cat taps.log)" 'as root|unshare -Urn'
is "nothing is left of that either" "$(find nobody -type s; _left)" ""

# --- in namespaces of the user's own ---------------------------------------

# The device is open to everybody on most systems; here, if need be and root
# runs this, for this test alone.
if ! as_nobody test -w /dev/net/tun && mknod tun c 10 200 2>/dev/null; then
	chmod 666 tun && mount --bind tun /dev/net/tun
fi

# passes SCRIPT: the script, run as nobody, passes and is not skipped
passes()
{
	as_nobody env -u W -u TMPDIR WEIR="$WEIR" EXAMPLES="$EXAMPLES" \
		timeout 120 bash "$_root/tests/e2e/$1" >nested.out 2>&1 &&
		! grep -qE '^1\.\.0|^not ok' nested.out
}
for script in 10_one_switch.sh 19_sandbox.sh 21_killed.sh; do
	if why=$(_no_tun); then
		skip "$script passes as an ordinary user" "$why"
		continue
	fi
	ok "$script passes as an ordinary user" passes $script
	note "$(grep -c ^ok nested.out) checks in it"
	[ "$_failed" = 0 ] || grep -A 8 '^not ok' nested.out | sed 's/^/#   /'
done
finish
