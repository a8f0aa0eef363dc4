#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# As a service: what a manager is told, and the unit for systemd.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
# A manager that writes down what it is told.
socat -u "UNIX-RECV:$W/notify" "CREATE:$W/told" &
manager=$!
wait_for 5 test -S "$W/notify"
told()
{
	grep -q "$1" "$W/told"
}

export NOTIFY_SOCKET=$W/notify WATCHDOG_USEC=300000
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
}
allow a <-> b
END
unset NOTIFY_SOCKET WATCHDOG_USEC
ok "the manager hears that it is ready" wait_for 5 told READY=1
ok "and then that it is alive" wait_for 5 told WATCHDOG=1
kill -STOP $manager
ok "a manager that does not read stops nobody" "$WEIR" show ports
kill -CONT $manager
weir_stop
ok "the manager hears that it stops" wait_for 5 told STOPPING=1
kill $manager
wait $manager 2>/dev/null

# --- the unit --------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
	sed "s|@BINDIR@|$(dirname "$WEIR")|" "$_root/mk/weir@.service" \
		>"$W/weir@.service"
	is "systemd accepts the unit" "$(systemd-analyze verify --man=no \
		"$W/weir@home.service" 2>&1)" ""
else
	skip "systemd accepts the unit" "no systemd-analyze (Debian's systemd)"
fi
finish
