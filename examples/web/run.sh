#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# web.conf with real clients: two that may look up names and fetch pages, a
# printer, and an uplink with a DNS and a web server; then a change while it
# runs.
. "$(dirname "$0")/../lib.sh"

echo "May reach the web, may not be reached; and what is changed while it runs."
begin web.conf
client ada 10.7.0.11/24
client ben 10.7.0.12/24
client printer 10.7.0.20/24
client uplink 10.7.0.1/24

step "the uplink: dnsmasq for DNS, httpd for pages"
echo "hello from the web" >index.html
on uplink dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts \
	--interface=uplink --except-interface=lo --bind-interfaces \
	--address=/www.example/10.7.0.1 >dnsmasq.log 2>&1 &
on uplink busybox httpd -f -p 10.7.0.1:80 -h "$W" &
on uplink busybox httpd -f -p 10.7.0.1:8080 -h "$W" &
on ada busybox httpd -f -p 10.7.0.11:80 -h "$W" &
until_ok 10 grep -q started dnsmasq.log || _die "$(cat dnsmasq.log)"
until_ok 10 on uplink sh -c 'ss -ltn | grep -q :8080'
until_ok 10 on ada sh -c 'ss -ltn | grep -q :80'

# fetches FROM ADDRESS [PORT]: print "yes" if FROM gets the page there.
fetches()
{
	printf 'GET / HTTP/1.0\r\n\r\n' |
		on "$1" timeout 4 busybox nc -w 3 "$2" "${3:-80}" |
		grep -q "hello from the web" && echo yes || echo no
}

looks_up()
{
	outcome on "$1" timeout 5 busybox nslookup -type=a www.example 10.7.0.1
}

step "what the kids may do"
check "ada looks a name up" yes looks_up ada
check "ada fetches a page" yes fetches ada 10.7.0.1
check "ben fetches a page" yes fetches ben 10.7.0.1
check "ada pings the printer" yes pings ada 10.7.0.20

step "what they may not, and what nobody may do to them"
check "ada fetches a page from port 8080" no fetches ada 10.7.0.1 8080
check "ada pings the uplink" no pings ada 10.7.0.1
check "the uplink fetches a page from ada" no fetches uplink 10.7.0.11
check "the uplink pings the printer" no pings uplink 10.7.0.20

step "weir show flows: what was begun, and may be answered"
"$WEIR" show flows | cut -f 3-10 | aligned

step "ben takes ada's address"
on ben ip addr add 10.7.0.11/32 dev ben
check "ben as ada -> printer" no \
	outcome on ben ping -c 2 -i 0.3 -W 1 -I 10.7.0.11 10.7.0.20
on ben ip addr del 10.7.0.11/32 dev ben

step "weir allow ada uplink when icmp reply; weir deny ben uplink"
check "the command" yes outcome "$WEIR" allow ada uplink when icmp reply
check "the other command" yes outcome "$WEIR" deny ben uplink
check "ada pings the uplink" yes pings ada 10.7.0.1
check "the uplink pings ada" no pings uplink 10.7.0.11
check "ben fetches a page" no fetches ben 10.7.0.1

step "weir reload: back to what the file says"
check "the command" yes outcome "$WEIR" reload
check "ada pings the uplink" no pings ada 10.7.0.1
check "ben fetches a page" yes fetches ben 10.7.0.1

step "weir show policy"
"$WEIR" show policy | aligned
step "weir show drops"
"$WEIR" show drops | cut -f 1-4 | aligned
verdict
