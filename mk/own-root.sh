#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# own-root.sh CMD...: run CMD where namespaces can be made.
#
# In a plain chroot they cannot: the kernel makes no user namespace for a
# process whose root is not the root of its mount namespace, and mounts made
# there would show outside. So in a chroot, root gets a mount namespace in which
# the chroot's folder is the real root. Everywhere else CMD is simply executed.
set -u

if [ "$(id -u)" != 0 ] || unshare -m true 2>/dev/null ||
	! unshare -m --propagation unchanged true 2>/dev/null; then
	exec "$@"
fi

# Entering the own mount namespace again leaves the chroot, which is then known
# only by a descriptor of its root; until pivot_root the tools are those of the
# outer system.
# shellcheck disable=SC2093
exec unshare -m --propagation unchanged bash -c '
	exec 9</
	exec nsenter --mount=/proc/self/ns/mnt sh -c '\''
		root=$(readlink /proc/self/fd/9) && exec 9<&- &&
		mount --make-rprivate / && mount --rbind "$root" "$root" &&
		cd "$root" && pivot_root . . && umount -l . &&
		cd "$1" && shift && exec "$@"
		echo "weir: cannot leave the chroot; is /proc mounted?" >&2
		exit 1
	'\'' - "$@"
' - "$PWD" "$@"
