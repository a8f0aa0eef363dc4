#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Client PDs: programs of one's own on a switch, by the example of the echo
# program. It gets an address by DHCP, it answers, it is confined as any domain
# is, and it comes back when it is killed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

echo_pd=$(dirname "$WEIR")/client-echo
load=$(dirname "$WEIR")/bench/echo_load
[ -x "$echo_pd" ] || skip_all "there is no $echo_pd: \`make client-echo\`"
[ -x "$load" ] || skip_all "there is no $load: \`make benches\`"

quiet_host up 10.0.0.1/24
quiet_host other 10.0.0.2/24

weir_start - <<END
echo = "$echo_pd"
switch sw0 {
	port up    { tap "up0" netns "up" }
	port other { tap "other0" netns "other" }
	port web   { program \$echo; mac lock 02:00:00:00:00:10; follow up }
	port fixed {
		program \$echo args "port 7000 address 10.0.0.50/24 gateway 10.0.0.1"
	}
}
allow web <-> up
allow fixed <-> up
allow fixed <-> other
END

# --- an address ------------------------------------------------------------

finished='DHCP request finished, IP address for netif sw0.web is: '

# leases N: it has said that so many times.
leases()
{
	[ "$(grep -c "$finished" "$WEIR_LOG")" -ge "$1" ]
}

# address: the last one it has said it got.
address()
{
	sed -n "s/.*$finished//p" "$WEIR_LOG" | tail -n 1
}

serve_dhcp up
ok "it gets an address by DHCP" wait_for 30 leases 1
web=$(address)
like "one that is handed out" "$web" '^10\.0\.0\.1[0-9][0-9]$'
like "the server knows it by the port's name and address" "$(cat leases)" \
	"02:00:00:00:00:10 $web web "
like "the other one has the address it was given" "$(cat "$WEIR_LOG")" \
	'sw0\.fixed: IP address for netif sw0\.fixed is: 10\.0\.0\.50$'

# --- it answers ------------------------------------------------------------

ok "it answers ping" reach up "$web"
ok "also of 9000 bytes, in fragments" \
	on up ping -n -c 2 -W 2 -s 9000 "$web"
ok "1000 datagrams come back as they were" \
	on up "$load" udp "$web" 7 64 1000 8
ok "so do 1000 large ones" on up "$load" udp "$web" 7 1472 1000 8
ok "and 1000 messages by TCP" on up "$load" tcp "$web" 7 1000 1000 16
head -c 3000000 /dev/urandom >data
# through ADDRESS PORT: the file comes back, and the connection ends.
through()
{
	on up timeout 60 socat -t 30 - "TCP:$1:$2" <data >back &&
		cmp data back
}
ok "a file comes back, and then the end of it" through "$web" 7
ok "the other one does so on its own port" through 10.0.0.50 7000
nok "on no other port" on up timeout 10 socat -u OPEN:data "TCP:$web:8"
ok "who may talk to it does" reach other 10.0.0.50
ok "who may not does not" no_reach other "$web"

# --- it is confined --------------------------------------------------------

pd()
{
	"$WEIR" show -j system | jq ".pds[] | select(.name == \"$1\")"
}
pid_of()
{
	pd "$1" | jq .pid
}

confined()
{
	pd "$1" | jq -r '.maps[] | "\(.region) \(.perms)"' |
		bash "$_root/tests/sandbox/check.sh" "$(pid_of "$1")"
}
ok "it has no privilege and no memory but its port's" confined sw0.web
is "it runs the program" "$(readlink "/proc/$(pid_of sw0.web)/exe")" "$echo_pd"

# --- it is killed, and what it follows is ----------------------------------

again()
{
	[ "$(pid_of "$1")" != "$2" ] &&
		[ "$(pd "$1" | jq -r .state)" = running ]
}
# restarted NAME: kill it, and see it come back.
restarted()
{
	local pid
	pid=$(pid_of "$1")

	kill -KILL "$pid"
	ok "$1 is killed and started again" wait_for 20 again "$1" "$pid"
}

restarted sw0.web
ok "it asks for its address again" wait_for 30 leases 2
is "and gets the same one" "$(address)" "$web"
ok "it echoes as before" on up "$load" udp "$web" 7 64 100 8

# said TEXT: it has come back by the connection.
said()
{
	grep -q "$1" talk.out
}
mkfifo talk.in
on up socat - "TCP:$web:7" <talk.in >talk.out 2>&1 &
exec 5>talk.in
echo before >&5
ok "a connection is made" wait_for 10 said before
discovers()
{
	grep -c "DHCPDISCOVER(up0).*02:00:00:00:00:10" dnsmasq.log
}
before=$(discovers)
restarted sw0.up
like "it has seen the uplink go" "$(cat "$WEIR_LOG")" 'sw0\.web: link down'
ok "it has its address confirmed when it is back" wait_for 30 leases 3
is "which stays the same" "$(address)" "$web"
is "it did not have to look for a server" "$(discovers)" "$before"
echo after >&5
ok "the connection goes on" wait_for 30 said after
exec 5>&-
restarted sw0
ok "and after the switch's death" wait_for 30 leases 4
ok "it echoes still" wait_for 20 on up "$load" udp "$web" 7 64 100 8
weir_stop

# --- arguments it does not know --------------------------------------------

cat >wrong.conf <<END
switch sw0 { port web { program "$echo_pd" args "prot 7" } }
END
nok "wrong arguments are refused" timeout 20 "$WEIR" run wrong.conf
like "with the reason" "$(cat .out)" 'sw0\.web: argument "prot" is not known'

finish
