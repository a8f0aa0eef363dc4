# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# How the examples say what they do, and judge it. To be sourced; leaves small
# files in the folder it is used in.
#
#	step TEXT		say what is being done
#	check WHAT WANT CMD...	CMD's last line of output must be WANT
#	outcome CMD...		print "yes" if CMD succeeds, else "no"
#	until_ok SECONDS CMD...	wait until CMD succeeds
#	aligned			a filter: tab-separated columns, for the eye
#	table LOG		all checks, the verdict, and LOG if it is FAIL, which
#				is the status too
#
# Where WEIR_ROWS names a file, another script prints the table: the checks are
# added to that file (check|expected|got|result), here is only the verdict.

_rows=()
_good=0

step()
{
	printf '\033[1m== %s\033[0m\n' "$*"
}
[ -t 1 ] || step() { printf '== %s\n' "$*"; }

# until_ok SECONDS CMD...: wait until CMD succeeds.
until_ok()
{
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || return 1
		sleep 0.1
	done
}

outcome()
{
	if "$@" >.outcome 2>&1; then
		echo yes
	else
		echo no
	fi
}

# Columns for the eye: aligned and indented.
aligned()
{
	awk -F '\t' '{
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i
			if (length($i) > width[i]) width[i] = length($i)
		}
		cells[NR] = NF
	}
	END {
		for (r = 1; r <= NR; r++) {
			line = "  "
			for (i = 1; i <= cells[r]; i++)
				line = line sprintf(" %-" width[i] "s", cell[r, i])
			sub(/ +$/, "", line)
			print line
		}
	}'
}

check()
{
	local what=$1 want=$2 got result=FAIL
	shift 2

	got=$("$@" 2>.stderr | tail -n 1)
	if [ "$got" = "$want" ]; then
		result=pass
		_good=$((_good + 1))
	fi
	_rows+=("$what|$want|${got:-nothing}|$result")
	printf '   %-44s %s\n' "$what" "${got:-nothing}"
	[ $result = pass ] || sed 's/^/   | /' .stderr
}

# rows: lines of check|expected|got|result, for the eye.
rows()
{
	local what want got result

	printf '\n%-46s %-18s %-18s\n' check expected got
	while IFS='|' read -r what want got result; do
		printf '%-46s %-18s %-18s %s\n' "$what" "$want" "$got" "$result"
	done
}

table()
{
	local verdict=FAIL

	if [ -n "${WEIR_ROWS-}" ]; then
		printf '%s\n' "${_rows[@]}" >>"$WEIR_ROWS"
	else
		printf '%s\n' "${_rows[@]}" | rows
	fi
	if [ "$_good" = ${#_rows[@]} ]; then
		verdict=PASS
	else
		printf '\nthe log of weir:\n'
		sed 's/^/   | /' "$1"
	fi
	printf '\nverdict: %s (%d of %d)\n' $verdict "$_good" ${#_rows[@]}
	[ $verdict = PASS ]
}
