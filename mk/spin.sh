#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# spin.sh MODEL WORKDIR: verify a model exhaustively: no assertion fails, no
# deadlock, no claim is violated, and nothing was left unexplored. A model that
# needs options says so in a comment: "pan-cc: -DNFAIR=3", "pan: -a -f".
set -eu

model=$(realpath "$1")
work=$2/$(basename "$1" .pml)
mkdir -p "$work"
cd "$work"

option()
{
	sed -n "s|^[ /*]*$1:[[:space:]]*\([^*]*\).*|\1|p" "$model" | head -n 1
}

spin -a "$model"
# Word splitting is wanted: these are lists of options.
# shellcheck disable=SC2046
gcc -O2 -w $(option pan-cc) -o pan pan.c
# shellcheck disable=SC2046
./pan -m1000000 $(option pan) | tee pan.out

if grep -qE 'depth too small|out of memory|not completed' pan.out; then
	echo "the search was cut short: it proves nothing"
	exit 1
fi
grep -q 'errors: 0$' pan.out
