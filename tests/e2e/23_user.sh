#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# As an ordinary user, with user namespaces and no privilege at all: domains are
# locked in just the same, sockets and attach ports work, and so do interfaces in
# namespaces of the user's own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null ||
	skip_all "only root can become an ordinary user, and this is none"
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
		env -u HOME WEIR_RUNDIR="$W/nobody/run" "$@"
}
as_nobody unshare -Ur true 2>/dev/null ||
	skip_all "ordinary users may not make user namespaces here"
chmod 755 "$W"
mkdir nobody && chown 65534:65534 nobody
finish
