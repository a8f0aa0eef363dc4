#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench-quick: what the switch costs, in under two minutes.
#
# 1. Instructions per frame in the switch core, by callgrind: the same on every
#    machine and every day for the same compiler.  Once by addresses, and once by
#    the number of rules a frame is held against, of which the last lets it pass;
#    `cached` frames are like one before, each `new flow` is like none.
# 2. Throughput one way, attach client -> switch -> attach client, beside the
#    same client over a bare loop (tests/bench/relay.c) in the same minute, as a
#    ratio.
set -u -o pipefail
here=$(dirname "$0")
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/bench/counted.bash
. "$here/counted.bash"

ROUNDS=${ROUNDS:-3}
MS=${MS:-1500}

counted

echo "One way, client on CPU $near, switch or bare loop on CPU $far:"
start_switch "poll 200us"
for _ in $(seq "$ROUNDS"); do
	for length in 64 1500; do
		slice switch "$length" rate "$BENCH/pair" "$work/a.sock" \
			"$work/b.sock" "$length" "$MS" "$near" "$far" || exit
		start_relay
		slice bare "$length" rate "$BENCH/pair" "$work/ra.sock" \
			"$work/rb.sock" "$length" "$MS" "$near" "$far" || exit
		wait "$relay"
	done
done
stop_switch
echo "Ratio, median of pairs at like distance:"
ratios rate switch bare |
	awk '{ printf "  %5d B, %s: %.2f of the bare loop (%d pairs)\n", $1, $2, $3, $4 }
	END { if (NR == 0) print "  no two runs at like distance: run it again" }'
