#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Clients that may do DNS and HTTPS, and nothing else: shown by real programs
# that do and do not get through, by the counts of rules and drops, and by
# `weir trace`, which names the rule. A port without the restriction shows that
# what is refused would be there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

host client 10.0.0.1/24 fd00::1/64
host tablet 10.0.0.2/24 fd00::2/64
host admin 10.0.0.3/24 fd00::3/64
host net 10.0.0.9/24 fd00::9/64

weir_start - <<'END'
group kids { client, tablet }
switch sw0 {
	port client { tap "client0" netns "client" }
	port tablet { tap "tablet0" netns "tablet" }
	port admin { tap "admin0" netns "admin" }
	port uplink { tap "net0" netns "net" }
	port pcap { capture "client.pcapng" of client; drops
		filter "tcp or udp or icmp" }
}
deny tablet -> uplink when "dst host 10.0.0.9 and tcp port 443"
allow kids -> uplink when "port 53 or tcp port 443" reply
allow admin <-> uplink
END
here=$W/topology.weir

# --- what there is to reach ------------------------------------------------

# Large answers are spread over records of 255 octets.
big=$(printf '%0200d' 7)
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	echo "txt-record=big.example,$i$big"
done >dnsmasq.conf
on net dnsmasq --no-daemon --conf-file="$W/dnsmasq.conf" --no-resolv --no-hosts \
	--edns-packet-max=4096 --address=/web.example/10.0.0.9 \
	--address=/six.example/fd00::9 >dnsmasq.log 2>&1 &
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-subj /CN=web.example -addext subjectAltName=DNS:web.example,DNS:six.example \
	-days 2 -keyout key.pem -out cert.pem 2>openssl.log || cat openssl.log
mkdir www
echo "from the web" >www/page
for address in 10.0.0.9 '[fd00::9]'; do
	(cd www && on net openssl s_server -quiet -accept "$address:443" -WWW \
		-key ../key.pem -cert ../cert.pem) >https.log 2>&1 </dev/null &
done
on net busybox httpd -f -p 80 -h "$W/www" >http.log 2>&1 &
# Who comes gets a greeting, and no more: ssh is there.
on net socat TCP6-LISTEN:22,fork,reuseaddr SYSTEM:'echo SSH-2.0-weir' \
	>ssh.log 2>&1 &
listens()
{
	# Two of them have a socket for each kind of address.
	[ "$(on net ss -Hltn | grep -cE ':(22|53|80|443) ')" -ge 6 ]
}
ok "name, web and login servers run" wait_for 20 listens

# Programs ask the name server that the network has.
echo "nameserver 10.0.0.9" >resolv.conf
mount --bind resolv.conf "$(realpath /etc/resolv.conf)" ||
	skip_all "/etc/resolv.conf cannot be another one for a test"

# ask HOST NAME [ARGS...]: the answer, or what dig has to say
ask()
{
	on "$1" dig +time=2 +tries=2 +short "${@:2}" 2>&1
}
# page HOST URL: the page, or why there is none
page()
{
	on "$1" curl -sS --noproxy '*' --connect-timeout 2 -m 10 \
		--cacert cert.pem "$2" 2>&1 </dev/null
}
login()
{
	on "$1" timeout 10 ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=2 \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		"root@$2" true 2>&1 </dev/null
}
# hits FROM FILTER: how often the rule of this filter let through what FROM sent
hits()
{
	"$WEIR" show -j policy | jq --arg from "sw0.$1" --arg filter "$2" \
		'[.[] | select(.from == $from and .to == "sw0.uplink" and
			.filter == $filter).hits] | add'
}
kids='port 53 or tcp port 443'
tablets='dst host 10.0.0.9 and tcp port 443'

# --- what is allowed -------------------------------------------------------

before=$(hits client "$kids")
is "DNS: an address" "$(ask client web.example)" 10.0.0.9
is "DNS by TCP" "$(ask client +tcp web.example)" 10.0.0.9
is "DNS over IPv6" "$(ask client @fd00::9 six.example AAAA)" fd00::9
is "an answer in fragments" "$(ask client +notcp +ignore +bufsize=4096 \
	big.example TXT | grep -c '[0-9]7"$')" 12
is "HTTPS, with the address from DNS" \
	"$(page client https://web.example/page)" \
	"from the web"
is "HTTPS over IPv6" "$(page client 'https://[fd00::9]/page' 2>&1 |
	grep -c 'subject name')" 1
now=$(hits client "$kids")
ok "its rule counts these" [ "$now" -ge $((before + 10)) ]
# refused_ports: where to the client's refused TCP and UDP packets were to go,
# when at least so many frames have been written
caught()
{
	[ "$(tcpdump -n -r client.pcapng 2>/dev/null | wc -l)" -ge "$1" ]
}
refused_ports()
{
	tshark -r client.pcapng -Y 'frame.comment and not icmp' -T fields \
		-e tcp.dstport -e udp.dstport 2>/dev/null | tr -d '\t' |
		sort -nu | paste -sd ' '
}
ok "a capture of the client" wait_for 10 caught 30
is "not once was anything of them refused" "$(refused_ports)" ""

# --- what is not -----------------------------------------------------------

# What gets no answer takes a while to find out: all at the same time.
login client 10.0.0.9 >ssh4.txt &
tries=($!)
login client fd00::9 >ssh6.txt &
tries+=($!)
page client http://web.example/page >http.txt &
tries+=($!)
page tablet https://web.example/page >https.txt &
tries+=($!)
ok "ping: no way" no_reach client 10.0.0.9
wait "${tries[@]}"
ok "... although it is there" reach admin 10.0.0.9
like "ssh: no way" "$(cat ssh4.txt)" 'timed out'
like "ssh over IPv6: no way" "$(cat ssh6.txt)" 'timed out'
like "... although it is there" "$(login admin 10.0.0.9)" \
	'(closed|reset|banner|kex)'
like "HTTP: no way" "$(cat http.txt)" 'imed out|imeout'
is "... although it is there" "$(page admin http://web.example/page)" \
	"from the web"
refused_22_80()
{
	[ "$(refused_ports)" = '22 80' ]
}
ok "the capture: refused was what was for these two, and no more" \
	wait_for 10 refused_22_80
ok "all of it was refused for want of a rule" \
	[ "$(dropped sw0.client no_rule)" -ge 5 ]
is "nothing was refused by deny" "$(dropped sw0.client denied)" 0

# A rule that is asked before the others of the pair.
is "the tablet has DNS" "$(ask tablet web.example)" 10.0.0.9
like "but no HTTPS to this one" "$(cat https.txt)" \
	'imed out|imeout'
ok "refused by its own rule" [ "$(dropped sw0.tablet denied)" -ge 1 ]
is "which counted as many" "$(hits tablet "$tablets")" \
	"$(dropped sw0.tablet denied)"
like "IPv6 is not what the rule says" \
	"$(page tablet 'https://[fd00::9]/page')" 'subject name'

# The kids' ports are no servers, for nobody.
on client busybox httpd -f -p 443 -h "$W/www" >/dev/null 2>&1 &
ok "something at the client listens" wait_for 10 \
	on client sh -c 'ss -Hltn sport = :443 | grep -q .'
like "nobody from outside gets at it" "$(page net http://10.0.0.1:443/page)" \
	'imed out|imeout|No route|onnect'
ok "counted at the uplink" [ "$(dropped sw0.uplink no_flow)" -ge 1 ]

# --- what trace says about it ----------------------------------------------

line_of()
{
	grep -n "$1" "$here" | cut -d : -f 1
}
C=$(mac client) T=$(mac tablet) N=$(mac net)
# said FROM PACKET [TYPE]: verdict, reason, and rule or what else decided
said()
{
	"$WEIR" trace -j "sw0.$1" "$(ether "$N" "$(mac "$1")" "${3-0800}" "$2")" |
		jq -r --arg w "$W/" '[.verdict, .reason, ([.steps[] |
			select(.step == "allow").rule.where // empty] |
			join(" ") | sub($w; ""))] | join(" ")'
}
allow=topology.weir:$(line_of '^allow kids') deny=topology.weir:$(line_of '^deny')
is "trace: DNS" "$(said client "$(udp 10.0.0.1 10.0.0.9 5000 53 x)")" \
	"deliver none $allow"
is "trace: DNS over IPv6" \
	"$(said client "$(udp fd00::1 fd00::9 5000 53 x)" 86dd)" \
	"deliver none $allow"
is "trace: HTTPS" "$(said client "$(syn 10.0.0.1 10.0.0.9 5000 443)")" \
	"deliver none $allow"
is "trace: ARP, without which none of it would work" \
	"$(said client "$(arp request "$C" 10.0.0.1 "$N" 10.0.0.9)" 0806)" \
	"deliver none $allow"
is "trace: ssh" "$(said client "$(syn 10.0.0.1 10.0.0.9 5000 22)")" \
	"drop no_rule "
is "trace: ping" "$(said client "$(ping4 10.0.0.1 10.0.0.9)")" "drop no_rule "
is "trace: the tablet's HTTPS" \
	"$(said tablet "$(syn 10.0.0.2 10.0.0.9 5000 443)")" \
	"drop denied $deny"
like "for people: the rule with its line and its words" \
	"$("$WEIR" trace sw0.tablet "$(ether "$N" "$T" 0800 \
		"$(syn 10.0.0.2 10.0.0.9 5000 443)")")" \
	"deny, rule .*$deny when \"$tablets\""
like "also in what is shown" "$("$WEIR" show policy)" \
	"^sw0.tablet	deny	sw0.uplink	-	$tablets	no	[0-9]+	.*$deny	"
finish
