# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What quick.sh and full.sh share: a switch to measure, slices of a run, ratios.
#
# The environment names what is measured: WEIR (the command), BENCH (where the
# programs of this folder are).  $work is a directory of its own, and processes
# whose numbers are in $pids are ended with the script.

: "${WEIR:?path of the weir command}" "${BENCH:?folder of the programs}"
work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX") || exit 1
export WEIR_RUNDIR=$work/run
pids=()

# Overridden by a script that has more to take back.
clean_more()
{
	:
}

cleanup()
{
	local pid

	for pid in "${pids[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	clean_more
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# Two CPUs this process may use: $near for the client, $far for what it measures.
mapfile -t cpus < <(taskset -c -p $$ | sed 's/.*: //' | tr ',' '\n' |
	awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
[ "${#cpus[@]}" -ge 2 ] || die "needs two CPUs, has ${#cpus[@]}"
near=${cpus[0]}
far=${cpus[1]}

# wait_until SECONDS COMMAND...: try it ten times a second.
wait_until()
{
	local tries=$(($1 * 10))

	while [ $((tries--)) -gt 0 ]; do
		"${@:2}" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}

# instructions PROGRAM ARGUMENT...: per delivered frame.
instructions()
{
	valgrind --tool=callgrind --toggle-collect='counted*' \
		--callgrind-out-file="$work/callgrind" \
		"$BENCH/$1" "${@:2}" 2>"$work/log" >"$work/frames" ||
		die "callgrind failed: $(tail -n 3 "$work/log")"
	awk -v frames="$(cut -d ' ' -f 1 "$work/frames")" \
		'/^summary:/ { printf "%.1f\n", $2 / frames }' "$work/callgrind"
}

# start_switch [POLL]: attach ports a, b and c, as $work/a.sock and so on.
start_switch()
{
	cat >"$work/bench.conf" <<-CONF
	switch sw0 {
		port a { attach "$work/a.sock"; buffers 1024 }
		port b { attach "$work/b.sock"; buffers 1024 }
		port c { attach "$work/c.sock"; buffers 1024 }
	}
	allow a <-> { b, c }
	domain fast { sw0; ${1-} }
	placement { fast; cpu $far }
	CONF
	: >"$work/weir.log"
	"$WEIR" run "$work/bench.conf" 2>"$work/weir.log" &
	monitor=$!
	pids+=("$monitor")
	wait_until 10 grep -q ': running' "$work/weir.log" ||
		die "weir did not start: $(cat "$work/weir.log")"
}

stop_switch()
{
	kill "$monitor" && wait "$monitor"
	monitor=
}

# The bare loop serves one client and ends.
start_relay()
{
	: >"$work/relay.log"
	taskset -c "$far" "$BENCH/relay" "$work/ra.sock" "$work/rb.sock" 1024 \
		>"$work/relay.log" &
	relay=$!
	pids+=("$relay")
	wait_until 5 test -s "$work/relay.log" ||
		die "the bare loop did not start"
}

# slice NAME LENGTH WHAT COMMAND...: run a client, show its line, and append
# "NAME LENGTH VALUE near|far|mixed" to the results WHAT, or say that there is
# none.  near: a cache line moves in under 120 ns; mixed: it changed meanwhile,
# or other work took the CPU in most windows, so that the slice does not count.
slice()
{
	local line

	line=$(timeout 30 "${@:4}" 2>"$work/client.log" | tail -n 1)
	if [ -z "$line" ]; then
		printf '  %-10s %5d B  no result: %s\n' "$1" "$2" \
			"$(tail -n 1 "$work/client.log")"
		return 1
	fi
	awk -v name="$1" -v len="$2" -v to="$work/results.$3" '{
		x = $(NF - 1); y = $NF
		l = x < 120 && y < 120 ? "near" : x >= 120 && y >= 120 ? "far" : "mixed"
		if ($2 == 0)
			l = "mixed"
		# What works inside the client takes its time.
		if (name !~ /^(bridge|vde|tap)/ && $3 == "windows" &&
		    split($4, w, "/") && w[1] * 4 < w[2])
			l = "mixed"
		printf "  %-10s %5d B  %s: %s\n", name, len, l, $0
		print name, len, $2, l >> to
	}' <<<"$line"
}

# medians_of: from lines "KEY VALUE" to "KEY MEDIAN LEAST MOST NUMBER"; a KEY may
# have several words.
medians_of()
{
	awk '{ v = $NF; sub(/ [^ ]*$/, ""); print $0 "\t" v }' |
		sort -t '	' -k1,1 -k2,2g | awk -F '\t' '
	function say() {
		if (n)
			print key, v[int((n + 1) / 2)], v[1], v[n], n
	}
	$1 != key { say(); key = $1; n = 0 }
	{ v[++n] = $2 }
	END { say() }'
}

# ratios WHAT OURS THEIRS: "LENGTH near|far RATIO ROUNDS" for each, the median
# of rounds in which both ran at like distance.  A round is a run of OURS and
# what follows it.
ratios()
{
	awk -v ours="$2" -v theirs="$3" '
	$1 == ours { value[$2] = $3; label[$2] = $4 }
	$1 == theirs && $4 == label[$2] && $4 != "mixed" && $3 > 0 {
		print $2, $4, value[$2] / $3
	}' "$work/results.$1" | medians_of |
		awk '{ printf "%s %s %.2f %d\n", $1, $2, $3, $6 }' | sort -n
}
