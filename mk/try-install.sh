#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# try-install.sh BUILD: install into an empty folder and use nothing else of
# this tree: the command and weir.pc must agree on the version, and every client
# example must build with pkg-config's flags.
set -eu -o pipefail

build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

"${MAKE:-make}" -s B="$build" DESTDIR="$root" PREFIX=/usr install
find "$root" -type f -printf '%P\n' | sort

export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig
export PKG_CONFIG_SYSROOT_DIR=$root
read -ra flags < <(pkg-config --cflags --libs weir)

version=$("$root/usr/bin/weir" --version)
echo "$version"
[ "$version" = "weir $(pkg-config --modversion weir)" ] || {
	echo "but weir.pc says $(pkg-config --modversion weir)" >&2
	exit 1
}

for example in client/examples/*.c; do
	# The one line that differs outside the tree.
	sed 's|"client/weir.h"|<weir.h>|' "$example" >"$root/example.c"
	(cd "$root" && gcc -Wall -o example example.c "${flags[@]}")
	echo "$example builds against the installed library"
done
