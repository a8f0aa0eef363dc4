#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh: does the signalling protocol of base/queue.h hold on a machine that
# reorders, and does the model notice when a piece of it is taken away? Searches
# every interleaving of signal.pml, then of each variant, which must fail. Takes
# seconds; needs spin and a C compiler.
set -eu

model=$(cd "$(dirname "$0")" && pwd)/signal.pml
for tool in spin "${CC:-gcc}"; do
	command -v "${tool%% *}" >/dev/null || {
		echo "model: $tool is missing (make deps installs it)" >&2
		exit 1
	}
done

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# search [VARIANT]: "STATES RESULT", the result being `holds`, what was violated,
# or `incomplete` if the search did not get to its end.
search() {
	rm -f pan*
	spin ${1:+-D$1} -a "$model" >spin.log 2>&1 || {
		cat spin.log >&2
		exit 1
	}
	${CC:-gcc} -O2 -DSAFETY -DNOFAIR -DCOLLAPSE -DMEMLIM=1024 -w \
		-o pan pan.c
	timeout 300 ./pan -m200000 >pan.log 2>&1 || true
	awk '/^pan:1: / { what = $2 " " $3 (/end state/ ? " " $4 : "") }
	     /depth too small|out of memory|not completed/ { cut = 1 }
	     /errors: / { errors = $NF; done = 1 }
	     /states, stored/ { states = $1 }
	     END {
		if (what == "" && (cut || !done || errors))
			what = "incomplete"
		print states + 0, what == "" ? "holds" : what
	     }' pan.log
}

status=0
# expect RESULT [VARIANT]
expect() {
	result=$(search "${2:-}")
	verdict=ok
	[ "${result#* }" = "$1" ] || verdict=FAILED status=1
	printf '%-7s %-17s %s (%s states)\n' "$verdict" "${2:-the protocol}" \
		"${result#* }" "${result%% *}"
}

expect holds
expect 'invalid end state' NO_ARM_FENCE
expect 'invalid end state' NO_NOTIFY_FENCE
expect 'invalid end state' NO_SECOND_LOOK
expect 'invalid end state' UNORDERED_NOTIFY
expect 'assertion violated' NO_RELEASE
exit $status
