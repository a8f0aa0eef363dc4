#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A topology cannot hold up what reads it: FIFOs, names nobody answers for, and
# mistakes without end (hc36).
. "$(dirname "$0")/lib.sh"

# check MSG ERE FILE: `weir check` must refuse FILE with a message like this.
check()
{
	local status
	timeout 60 "$WEIR" check "$3" >check.out 2>check.err </dev/null
	status=$?
	is "hc36: $1 is refused" $status 1
	like "... with what to do" "$(cat check.err)" "$2"
	is "... and nothing else is said" "$(cat check.out)" ""
}

good='switch sw0 {
	port a { tap "a0" }
	port b { tap "b0" }
}
allow a <-> b'

mkfifo fifo
ln -s fifo to_fifo
mkdir folder
check "a FIFO" 'fifo" is a FIFO or pipe, not a regular file; name a file' fifo
for what in to_fifo folder /dev/zero; do
	printf 'include "%s"\n%s\n' "$what" "$good" >t.conf
	check "an include of $what" \
		't\.conf:1:9: .*(not a regular file|No such file)' t.conf
done
is "... and standard input can be a pipe" \
	"$(echo "$good" | timeout 60 "$WEIR" check - 2>&1 | grep -c ': ok')" 1

# A resolver that takes the question and never answers. The mount namespace is
# this test's own.
echo 'nameserver 127.0.0.9' >resolv.conf
echo 'hosts: files dns' >nsswitch.conf
mount --bind resolv.conf "$(readlink -f /etc/resolv.conf)" &&
	mount --bind nsswitch.conf /etc/nsswitch.conf ||
	skip_all "the resolver cannot be replaced"
socat -u UDP4-RECV:53,bind=127.0.0.9 /dev/null &
{
	echo "$good"
	for i in {1..200}; do
		echo "allow a -> b when \"host h$i.example\""
	done
} >names.conf
timeout 60 "$WEIR" check names.conf >check.out 2>check.err
is "hc36: 200 names that no server resolves are refused" $? 1
like "... with the reason" "$(cat check.err)" \
	'h1\.example": names were not looked up within 4 s'
like "... and a count of the rest" "$(cat check.err)" '^\.\.\. and 150 more'
is "... and no resolving process is left" "$(pgrep -c weir-resolve)" 0

# --- a file an instance cannot be called after -----------------------------

echo "$good" >'my home.conf'
"$WEIR" check 'my home.conf' >check.out 2>check.err
is "a file with a space in its name is right" $? 0
like "... but cannot name an instance" "$(cat check.err)" 'weir run -n NAME'
"$WEIR" run 'my home.conf' >/dev/null 2>check.err
is "... and does not run without -n" $? 2
like "... which is said" "$(cat check.err)" 'weir run -n NAME'
if ! why=$(_no_tun); then
	"$WEIR" run -n home 'my home.conf' 2>run.err &
	ok "... but runs with it" wait_for 20 "$WEIR" show -n home ports
	ok "... and is loaded again" "$WEIR" reload -n home
	ok "... by that name" "$WEIR" reload -n home 'my home.conf'
	like "hc36: a change with a name nobody answers for says so" \
		"$("$WEIR" allow a b when 'host h0.example' 2>&1)" \
		'h0\.example": names were not looked up within 4 s'
	"$WEIR" stop -n home
	wait $!
else
	skip "... but runs with it" "$why"
fi

# --- mistakes without end --------------------------------------------------

yes 'allow a -> c' | head -n 18000 >many.conf
{ echo "$good" && cat many.conf; } >t.conf
check "a file of 18,000 errors" '^\.\.\. and [0-9]+ more errors' t.conf
is "... with as many as one can read" "$(wc -l <check.err)" 52
finish
