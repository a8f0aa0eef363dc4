#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The harness itself: that it is private, that its checks can fail, and that
# nothing outlives it. Without this, green would mean nothing.
. "$(dirname "$0")/lib.sh"

# --- it is private ---------------------------------------------------------

is "process 1 of its own pid namespace" $$ 1
is "no interface but lo" "$(ip -o link show | cut -d' ' -f2)" "lo:"
is "/run holds nothing but the test" "$(ls /run)" test
is "lo is up" "$(ip -o link show lo up | wc -l)" 1
is "root inside" "$(id -u)" 0

# --- checks fail when they should ------------------------------------------

# fails_once CMD...: runs a check in a subshell with counters of its own.
fails_once()
(
	_count=0 _failed=0
	"$@" >/dev/null
	[ "$_count" = 1 ] && [ "$_failed" = 1 ]
)

passes_once()
(
	_count=0 _failed=0
	"$@" >/dev/null
	[ "$_count" = 1 ] && [ "$_failed" = 0 ]
)

ok "ok fails on failure" fails_once ok x false
ok "nok passes on failure" passes_once nok x false
ok "nok fails on success" fails_once nok x true
ok "nok fails on a command that is not there" fails_once nok x no-such-command
ok "nok fails on a command that was killed" \
	fails_once nok x sh -c 'kill -KILL $$'
ok "is fails on a difference" fails_once is x a b
ok "is passes on equality" passes_once is x a a
ok "like fails without a match" fails_once like x abc '^b'
ok "unlike fails on a match" fails_once unlike x abc '^a'
nok "wait_for gives up" wait_for 0 false

# --- whole scripts ---------------------------------------------------------

# nested BODY: run a test script of its own, in namespaces within these.
nested()
{
	printf '. "%s"\n%s\n' "$_root/tests/e2e/lib.sh" "$1" >"$W/nested.sh"
	bash "$W/nested.sh" >"$W/nested.out" 2>&1
}

ok "a script whose checks hold passes" nested 'ok one true; finish'
is "and prints TAP" "$(cat nested.out)" "ok 1 - one
1..1"
nok "a script with a failed check fails" nested 'ok one false; finish'
nok "a script that ends early fails" nested 'ok one true; exit 0'
like "and says so" "$(cat nested.out)" '^not ok 2 - nested.sh runs to its end'
nok "a script with an unset variable fails" nested 'ok one $typo; finish'
ok "a script that skips itself passes" nested 'skip_all "no moon"'
is "and says why" "$(cat nested.out)" "1..0 # SKIP no moon"

# --- hosts -----------------------------------------------------------------

host left
host right
ok "a host has its lo up" on left ip link show lo up
ip link add eth0 netns left type veth peer name eth0 netns right
_addrs[left]="10.0.0.1/24 fd00::1/64" _addrs[right]="10.0.0.2/24 fd00::2/64"
ok "a host's one interface gets its addresses" _address left
ok "and the other's" _address right
ok "IPv4 between them" on left ping -c 1 -W 5 10.0.0.2
ok "IPv6 at once, no waiting for tentative addresses" \
	on right ping -c 1 -W 5 fd00::1
ip link add eth1 netns left type veth peer name eth2 netns left
nok "a host with two interfaces must be addressed by hand" _address left

# --- what tests/run makes of a skip ----------------------------------------

cat >skips.log <<END
ok 1 - before
not ok 2 # SKIP silent
not ok 8 # SKIP silent as well
the reason
not ok 3 # SKIP spoken
ok 4 - a check # SKIP it cannot be made
1..0 # SKIP nothing can
END
eval "$(sed -n '/^why()/,/^}/p' "$_root/tests/run")"
is "each skip has its own reason" "$(why skips.log | tr '\t' :)" \
	"it does not say why:silent
it does not say why:silent as well
the reason:spoken
it cannot be made:
nothing can:"

# --- nothing outlives a script that is killed ------------------------------

cat >victim.sh <<END
. "$_root/tests/e2e/lib.sh"
host inner
cp "\$(command -v sleep)" outliver # a name to be recognised by
on inner setsid ./outliver 1000 &
wait
END

# outlivers COUNT: are there that many?
outlivers()
{
	[ "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^outliver$')" = "$1" ]
}

bash victim.sh >victim.out 2>&1 &
victim=$!
disown # or bash tells everybody that it was killed
ok "a script starts something" wait_for 10 outlivers 1
kill -KILL $victim
ok "killing the script ends it too" wait_for 10 outlivers 0
ok "no named network namespace is left" test ! -e /run/netns/inner

finish
