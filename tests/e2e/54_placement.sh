#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Placement: domains run on the processors the topology says, also when they are
# started again; what cannot be is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
host c 10.0.0.3/24

cpus_of()
{
	awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$1/status"
}
here=$(cpus_of $$)
first=${here%%[,-]*}
last=${here##*[,-]}

topology()
{
	cat <<-END
	switch sw0 {
		port a { tap "a0" netns "a" }
		port b { tap "b0" netns "b" }
		port c { tap "c0" netns "c" }
	}
	allow { a, b } <-> c
	domain pair { c }
	placement { sw0 pair }
	placement { a; cpu $1 }
	END
}
topology "$first" >file.weir
weir_start file.weir

pid_of()
{
	"$WEIR" show -j system | jq --arg pd "$1" \
		'.pds[] | select(.name == $pd).pid'
}
shown()
{
	"$WEIR" show -j system | jq -r --arg pd "$1" \
		'.pds[] | select(.name == $pd).cpus'
}
is "a port runs where it is placed" "$(cpus_of "$(pid_of sw0.a)")" "$first"
is "a switch on one processor" "$(cpus_of "$(pid_of sw0)")" "$last"
is "a domain of its placement beside it" "$(cpus_of "$(pid_of pair)")" "$last"
is "what is not placed runs anywhere" "$(cpus_of "$(pid_of sw0.b)")" "$here"
is "the monitor as well" "$(cpus_of "$WEIR_PID")" "$here"
is "show tells it of one" "$(shown sw0.a)" "$first"
is "of what is kept together" "$(shown pair)" "$last"
is "of what is not placed" "$(shown sw0.b)" ""
like "it is in the table" "$("$WEIR" show --table system)" 'COMPONENTS +CPUS'
ok "frames flow" reach a 10.0.0.3

old=$(pid_of sw0)
again()
{
	[ "$(pid_of sw0)" != "$old" ] && reach a 10.0.0.3
}
kill -KILL "$old"
ok "the switch is killed and started again" wait_for 20 again
is "on the same processor" "$(cpus_of "$(pid_of sw0)")" "$last"
is "as are its ports" "$(cpus_of "$(pid_of sw0.a)")" "$first"

# --- changes ---------------------------------------------------------------

grep -v '{ a; cpu' file.weir >other.weir
cp other.weir file.weir
nok "another placement is not taken while it runs" "$WEIR" reload
like "that takes a restart" "$("$WEIR" reload 2>&1)" \
	"port sw0.a: placement on cpu $first is gone"
is "and nothing has moved" "$(cpus_of "$(pid_of sw0.a)")" "$first"
weir_stop

# --- what cannot be --------------------------------------------------------

topology 1023 >far.weir
nok "a processor that is not there" "$WEIR" run far.weir
like "is named, with those there are" "$("$WEIR" run far.weir 2>&1)" \
	"sw0.a is placed on cpu 1023, and this machine has no such processor"
if [ "$first" != "$last" ]; then
	topology "$last" >taken.weir
	nok "a processor weir is kept from" \
		taskset -c "$first" "$WEIR" run taken.weir
	like "is named, with what weir has" \
		"$(taskset -c "$first" "$WEIR" run taken.weir 2>&1)" \
		"cpu $last, which weir may not use, but $first; "
else
	skip 2 "one processor only"
fi
nok "no processor at all" "$WEIR" check <(topology all)
finish
