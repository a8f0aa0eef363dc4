#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# spec_check.sh: does every test that SPECIFICATION.md names exist? It names
# them in backquotes: `tests/unit/FILE.c:FUNCTION`, `tests/e2e/FILE.sh:TEXT` with
# a text that stands in the script, `tests/scenarios/FILE.txt:TITLE`, or
# `tests/FILE` alone.
set -u
cd "$(dirname "$0")/.." || exit

spec=SPECIFICATION.md
status=0
wrong()
{
	echo "$spec: $*" >&2
	status=1
}

# A promise is an item of a list; one that names no test is none.
# shellcheck disable=SC2013 # words are lines: they are numbers
for line in $(awk '
	/^- / { if (open) print open; open = FNR }
	/^#/ { if (open) print open; open = 0 }
	/`tests\// { open = 0 }
	END { if (open) print open }' $spec); do
	wrong "line $line: a promise without a test"
done

named=$(mktemp) || exit
trap 'rm -f "$named"' EXIT
grep -oE '`tests/[^`]*`' $spec | tr -d '`' | sort -u >"$named"
[ -s "$named" ] || wrong "names no test at all"
while IFS= read -r test; do
	file=${test%%:*}
	name=${test#"$file"}
	name=${name#:}
	if [ ! -f "$file" ]; then
		wrong "$file does not exist (for \"$name\")"
	elif [ -z "$name" ]; then
		:
	elif [ "${file%.c}" != "$file" ]; then
		# Defined, and in the list of those that are run.
		[ "$(grep -cw "$name" "$file")" -ge 2 ] ||
			wrong "$file has no test $name"
	elif [ "${file%.txt}" != "$file" ]; then
		grep -qxF "scenario: $name" "$file" ||
			wrong "$file has no scenario \"$name\""
	else
		grep -qF -e "$name" "$file" || wrong "$file has no \"$name\""
	fi
done <"$named"
# Whoever reads a reason finds it in the manual.
manual=docs/weir.1
for key in $(tr '\n' ' ' <base/reason.h | grep -oE 'WEIR_REASON\([A-Z_]+, *[a-z_]+,' |
	sed 's/.*, *\(.*\),/\1/' | grep -vx none) \
	$(tr '\n\134' '  ' <vmm/linux/outside.h |
		grep -oE 'OUTSIDE_DROP\( *[A-Z_]+, *[a-z_]+,' |
		sed 's/.*, *\(.*\),/\1/'); do
	grep -qx "\.It Cm $key" $manual || {
		echo "$manual: does not list the reason $key" >&2
		status=1
	}
done
[ $status != 0 ] || echo "$(wc -l <"$named") tests named, all of them exist"
exit $status
