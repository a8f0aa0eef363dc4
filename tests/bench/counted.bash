# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# Instructions per frame in the switch core, by callgrind.  Beside each figure
# stands its aim; `ratio` lines are aim / figure, so that more is better.

FRAMES=200000
# Fewer where a frame costs more, and more flows than that.
RULE_FRAMES=20000
NEW_FLOWS=100000

# count NAME AIM ARGUMENT-OF-CORE...: a row, and a ratio line if there is an aim.
count()
{
	local n

	n=$(instructions core "${@:3}") || exit 1
	printf '  %-34s %9s\n' "$1" "$n"
	[ "$2" = - ] || awk -v name="$1" -v n="$n" -v aim="$2" 'BEGIN {
		gsub(/[ ,]+/, "-", name)
		printf "ratio instructions-%s %.2f aim 1.00\n", name, aim / n
	}' >>"$work/ratios"
}

# stages: what a plain frame costs in each pass over its batch.
stages()
{
	instructions core 64 "$FRAMES" 2 >/dev/null || exit 1
	callgrind_annotate --threshold=100 "$work/callgrind" |
		awk -v frames="$FRAMES" '
		!/^ *[0-9,]+ \(.*:[a-z_0-9.]+( \[.*)?$/ { next }
		{
			gsub(/,/, "", $1)
			name = $0
			sub(/ \[.*/, "", name)
			sub(/.*:/, "", name)
			stage = "per batch"
			if (name == "visit") stage = "descriptors, headers"
			if (name == "lane_run") stage = "short path"
			if (name == "forward_batch") stage = "copies"
			sum[stage] += $1
		}
		END {
			for (stage in sum)
				printf "    of these: %-22s %9.1f\n", stage,
					sum[stage] / frames
		}' | sort
}

# cards: from one guest's ring through two vhost-user ports to another's.
cards()
{
	local ring length n

	for ring in split packed; do
		for length in 64 1500; do
			n=$(instructions card "$length" "$FRAMES" "$ring") ||
				exit 1
			printf '  %-34s %9s\n' \
				"guest to guest, $ring, $length B" "$n"
		done
	done
}

counted()
{
	echo "Instructions per frame in the switch core (callgrind, burst 32):"
	if ! command -v valgrind >/dev/null; then
		echo "  not counted: valgrind is not installed" \
			"(apt install valgrind)"
		return
	fi
	: >"$work/ratios"
	count '64 B, 2 addresses' 200 64 "$FRAMES" 2
	stages
	count '64 B, 1024 addresses' - 64 "$FRAMES" 1024
	count '64 B, 65536 addresses' - 64 "$FRAMES" 65536
	count '64 B, to 63 ports in turn' - 64 "$FRAMES" 6300 mesh 64
	count '1500 B, 1024 addresses' - 1500 "$FRAMES" 1024
	count 'flood to 63 ports, a copy' 150 60 "$FRAMES" 2 flood 64
	count '1 rule, cached' 350 64 "$RULE_FRAMES" 2 1 4
	count '1 rule, new flow' - 64 "$RULE_FRAMES" 2 1 "$NEW_FLOWS"
	count '100 rules, cached' - 64 "$RULE_FRAMES" 2 100 4
	count '100 rules, new flow' 4000 64 "$RULE_FRAMES" 2 100 "$NEW_FLOWS"
	count 'reply, known flow' 700 64 "$RULE_FRAMES" 2 1 4 reply
	count 'reply, new flow' - 64 "$RULE_FRAMES" 2 1 "$NEW_FLOWS" reply
	count 'reply, answers' - 64 "$RULE_FRAMES" 2 1 4 answers
	cards
	cat "$work/ratios"
}
