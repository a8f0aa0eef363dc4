#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh: do the signalling protocols of base/queue.h and base/blk.h hold on a
# machine that reorders, and does the model notice when a piece of one is taken
# away? Searches every interleaving of signal.pml, then of each variant, which
# must fail. Takes seconds; needs spin and a C compiler.
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

# search PROTOCOL [VARIANT]: "STATES RESULT", the result being `holds`, what was
# violated, or `incomplete` if the search did not get to its end.
search() {
	rm -f pan*
	spin "-D$1" ${2:+-D$2} -a "$model" >spin.log 2>&1 || {
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
# expect PROTOCOL RESULT [VARIANT]
expect() {
	result=$(search "$1" "${3:-}")
	verdict=ok
	[ "${result#* }" = "$2" ] || verdict=FAILED status=1
	printf '%-7s %-11s %-17s %s (%s states)\n' "$verdict" "$1" \
		"${3:-the protocol}" "${result#* }" "${result%% *}"
}

for protocol in SHARED_FLAG OWN_FLAG; do
	expect $protocol holds
	expect $protocol 'invalid end state' NO_ARM_FENCE
	expect $protocol 'invalid end state' NO_NOTIFY_FENCE
	expect $protocol 'invalid end state' NO_SECOND_LOOK
	expect $protocol 'assertion violated' NO_RELEASE
done
# A notifier that writes no flag has nothing left that could come late.
expect SHARED_FLAG 'invalid end state' UNORDERED_NOTIFY
exit $status
