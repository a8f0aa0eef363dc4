#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tools.sh LIBRARY...: check for the build's tools, these pkg-config libraries
# and the headers $HEADERS. Names everything missing and how to get it. Looks
# for the tools themselves, not for Debian packages, so it works on any system.
set -u

missing=
for tool in "${CC:-gcc}" pkg-config; do
	# CC may carry a wrapper or flags ("ccache gcc"); its first word is run.
	command -v "${tool%% *}" >/dev/null || missing="$missing ${tool%% *}"
done
if command -v pkg-config >/dev/null; then
	for lib; do
		pkg-config --exists "$lib" || missing="$missing $lib"
	done
else
	missing="$missing $*"
fi
for header in ${HEADERS:-}; do
	# Word splitting is intended: see above.
	# shellcheck disable=SC2086
	echo "#include <$header>" | ${CC:-gcc} -E - >/dev/null 2>&1 ||
		missing="$missing $header"
done
[ -z "$missing" ] && exit 0
echo "weir: cannot build, not found:$missing" >&2
echo "weir: 'make deps' installs what is needed (Debian packages, by" \
	"apt-get)" >&2
exit 1
