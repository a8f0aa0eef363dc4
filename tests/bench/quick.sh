#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench-quick: what the switch costs, in under two minutes.
#
# 1. Instructions per frame in the switch core, by callgrind: the same on every
#    machine and every day for the same compiler.  Once by addresses, and once by
#    the number of rules a frame is held against, of which the last lets it pass;
#    `remembered` frames are like one before, each `new flow` is like none.
# 2. Throughput one way, attach client -> switch -> attach client, beside the
#    same client over a bare loop (tests/bench/relay.c) in the same minute, as a
#    ratio.  The distance between the two CPUs is sampled around each run; only
#    runs at like distance are compared.
#
# The environment names what is measured: WEIR (the command), BENCH (where the
# programs of this folder are).
set -u -o pipefail

: "${WEIR:?path of the weir command}" "${BENCH:?folder of the programs}"
ROUNDS=${ROUNDS:-3}
MS=${MS:-1500}
FRAMES=200000
# Fewer where a frame costs more, and more flows than that.
RULE_FRAMES=20000
NEW_FLOWS=100000
work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX") || exit 1
export WEIR_RUNDIR=$work/run
monitor=
relay=

cleanup()
{
	[ -n "$relay" ] && kill "$relay" 2>/dev/null
	[ -n "$monitor" ] && kill "$monitor" 2>/dev/null && wait "$monitor"
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

die()
{
	echo "bench-quick: $*" >&2
	exit 1
}

# Instructions per delivered frame; the arguments are those of core.c.
instructions()
{
	valgrind --tool=callgrind --toggle-collect='counted*' \
		--callgrind-out-file="$work/callgrind" \
		"$BENCH/core" "$@" 2>"$work/log" >"$work/frames" ||
		die "callgrind failed: $(tail -n 3 "$work/log")"
	awk -v frames="$(cat "$work/frames")" \
		'/^summary:/ { printf "%.1f\n", $2 / frames }' "$work/callgrind"
}

# name rules [reply|answers] -> a line of the table
rule_row()
{
	local name=$1 seen new
	shift
	seen=$(instructions 64 "$RULE_FRAMES" 2 "$1" 4 "${@:2}") || exit 1
	new=$(instructions 64 "$RULE_FRAMES" 2 "$1" "$NEW_FLOWS" "${@:2}") ||
		exit 1
	printf '  %-20s %10s %10s\n' "$name" "$seen" "$new"
}

rule_table()
{
	local rules
	printf '  %-20s %10s %10s\n' rules remembered 'new flow'
	for rules in 0 1 10 100; do
		rule_row "$rules" "$rules"
	done
	rule_row '1 with reply' 1 reply
	rule_row '  its answers' 1 answers
}

start_switch()
{
	cat >"$work/bench.conf" <<-CONF
	switch sw0 {
		port a { attach "$work/a.sock"; buffers 1024 }
		port b { attach "$work/b.sock"; buffers 1024 }
	}
	allow a <-> b
	domain fast { sw0; poll 200us }
	CONF
	"$WEIR" run "$work/bench.conf" 2>"$work/weir.log" &
	monitor=$!
	for _ in $(seq 100); do
		grep -q ': running' "$work/weir.log" && break
		kill -0 "$monitor" 2>/dev/null || break
		sleep 0.1
	done
	grep -q ': running' "$work/weir.log" ||
		die "weir did not start: $(cat "$work/weir.log")"
	taskset -p -c "$far" \
		"$("$WEIR" show system -j | jq '.pds[0].pid')" >/dev/null ||
		die "cannot pin the switch to CPU $far"
}

stop_switch()
{
	kill "$monitor" && wait "$monitor"
	monitor=
}

start_relay()
{
	taskset -c "$far" "$BENCH/relay" "$work/ra.sock" "$work/rb.sock" 1024 \
		>"$work/relay.log" &
	relay=$!
	for _ in $(seq 100); do
		[ -s "$work/relay.log" ] && return
		sleep 0.05
	done
	die "the bare loop did not start"
}

# name length -> appends "name length Mpps label" to the results
run()
{
	local a=$work/a.sock b=$work/b.sock line
	if [ "$1" = bare ]; then
		start_relay
		a=$work/ra.sock b=$work/rb.sock
	fi
	line=$(timeout 20 "$BENCH/pair" "$a" "$b" "$2" "$MS" "$near" "$far") ||
		die "the client failed"
	if [ "$1" = bare ]; then
		wait "$relay"
		relay=
	fi
	# shellcheck disable=SC2086 # fields on purpose
	set -- "$1" "$2" $line
	# near: a cache line moves in under 120 ns; mixed: it changed meanwhile
	awk -v name="$1" -v len="$2" -v mpps="$4" -v win="$6" -v lost="$8" \
		-v x="${10}" -v y="${11}" 'BEGIN {
		l = x < 120 && y < 120 ? "near" : x >= 120 && y >= 120 ? "far" : "mixed"
		printf "%-8s %5d B %9.2f Mpps  windows %-9s lost %-7s %s (%d, %d ns)\n",
			name, len, mpps, win, lost, l, x, y
		print name, len, mpps, l >> "'"$work"'/results"
	}'
}

# Median ratio switch / bare of the rounds in which both had like distance.
ratios()
{
	awk '
	$1 == "switch" { rate = $3; label = $4; next }
	$1 == "bare" && $4 == label && label != "mixed" && $3 > 0 {
		key = $2 " " label
		r[key, ++n[key]] = rate / $3
	}
	END {
		for (key in n) {
			m = n[key]
			for (i = 2; i <= m; i++)
				for (j = i; j > 1 && r[key, j] < r[key, j - 1]; j--) {
					t = r[key, j]
					r[key, j] = r[key, j - 1]
					r[key, j - 1] = t
				}
			split(key, k, " ")
			printf "  %5d B, %s: %.2f of the bare loop (%d pairs)\n",
				k[1], k[2], r[key, int((m + 1) / 2)], m
		}
		if (length(n) == 0)
			print "  no two runs at like distance: run it again"
	}' "$work/results" | sort -n
}

# Two CPUs this process may use.
mapfile -t cpus < <(taskset -c -p $$ | sed 's/.*: //' | tr ',' '\n' |
	awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
[ "${#cpus[@]}" -ge 2 ] || die "needs two CPUs, has ${#cpus[@]}"
near=${cpus[0]}
far=${cpus[1]}

echo "Instructions per frame in the switch core (callgrind, burst 32):"
if command -v valgrind >/dev/null; then
	for what in '64 2' '64 1024' '1500 1024'; do
		read -r length stations <<<"$what"
		count=$(instructions "$length" "$FRAMES" "$stations") || exit 1
		printf '  %5s B, %4s addresses: %s\n' "$length" "$stations" \
			"$count"
	done
	echo "The same for a UDP packet of 64 B under rules:"
	rule_table
else
	echo "  not counted: valgrind is not installed (apt install valgrind)"
fi

echo "One way, client on CPU $near, switch or bare loop on CPU $far:"
start_switch
for _ in $(seq "$ROUNDS"); do
	for length in 64 1500; do
		run switch "$length"
		run bare "$length"
	done
done
stop_switch
echo "Ratio, median of pairs at like distance:"
ratios
