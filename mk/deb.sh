#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# deb.sh DIR: make Debian packages from a copy of this tree, and let lintian
# look at them. DIR is made anew; the packages are in it afterwards.
set -eu
export LC_ALL=C

mkdir -p "$1"
dir=$(cd "$1" && pwd)
case $dir in
*/deb) ;;
*) echo "deb.sh: a folder called deb is expected, not $dir" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
rm -rf "$dir"
mkdir -p "$dir/weir"
# What belongs to the sources: what git knows or, in an archive, everything.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z
else
	find . -path ./build -prune -o -type f -print0
fi | xargs -0 cp --parents -t "$dir/weir"
cd "$dir/weir"
dpkg-buildpackage -us -uc -b >"$dir/log" 2>&1 || {
	tail -n 40 "$dir/log" >&2
	exit 1
}
lintian --allow-root --fail-on error,warning "$dir"/weir_*.changes
cd "$dir"
for file in *.deb; do
	printf '  %-36s %9d bytes\n' "$file" "$(stat -c %s "$file")"
done
