#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# DPDK's virtio-user devices on vhost-user ports: every kind of ring, a port that
# connects, and either side killed again and again under traffic. testpmd answers
# pings. TIMES is how often each side is killed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

command -v dpdk-testpmd >/dev/null ||
	skip_all "there is no DPDK: \`apt install dpdk librte-net-virtio23\`"
TIMES=${TIMES:-4}

quiet_host host 10.0.0.1/24
weir_start - <<END
switch sw0 {
	port host { tap "host0" netns "host" }
	port a { vhost-user "$W/a.sock" }
	port b { vhost-user connect "$W/b.sock" }
}
allow host <-> { a, b }
END

pid_of()
{
	"$WEIR" show -j system | jq -r --arg name "$1" \
		'.pds[] | select(.name == $name).pid'
}
port_is()
{
	[ "$("$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).state')" = "$2" ]
}
# held PID: descriptors and mappings.
held()
{
	echo "$(find "/proc/$1/fd" -type l | wc -l) $(wc -l <"/proc/$1/maps")"
}

# testpmd PORT MAC OPTION...: in the background; it is given commands that never
# come. Its memory is shared, without huge pages.
testpmd()
{
	local port=$1 address=$2
	shift 2

	[ -p silence ] || mkfifo silence
	exec 8<>silence
	dpdk-testpmd --lcores 0@0,1@0 --no-huge --no-pci -m 128 \
		--no-telemetry --file-prefix "weir-$port" \
		"--vdev=net_virtio_user0,path=$W/$port.sock,mac=$address$*" \
		-- --nb-cores=1 --total-num-mbufs=4096 --no-mlockall \
		--forward-mode=icmpecho -a <&8 >"$port.log" 2>&1 &
	testpmd=$!
}
# testpmd answers for any address.
answers()
{
	on host ping -n -c 1 -W 1 "$1"
}
end()
{
	kill -KILL "$testpmd"
	wait "$testpmd" 2>/dev/null
}

# Not by on(): the process itself is wanted.
flood()
{
	nsenter --net=/run/netns/host ping -n -i 0.002 -q "$1" \
		>"flood.$1" 2>&1 &
	flood=$!
}

# --- every kind of ring ---------------------------------------------------

number=10
try()
{
	number=$((number + 1))
	testpmd a 02:00:00:00:00:0a "$2"
	ok "testpmd answers: $1" wait_for 20 answers "10.0.0.$number"
	end
	ok "it has gone: no peer" wait_for 10 port_is a "no peer"
}
try "a split ring" ,packed_vq=0,in_order=0
try "a split ring in order" ,packed_vq=0,in_order=1,mrg_rxbuf=0
try "a packed ring" ,packed_vq=1,in_order=0
try "a packed ring in order" ,packed_vq=1,in_order=1,mrg_rxbuf=0

# --- the front-end is killed under traffic --------------------------------

port=$(pid_of sw0.a)
idle=$(held "$port")
flood 10.0.0.20
served=0
for _ in $(seq "$TIMES"); do
	testpmd a 02:00:00:00:00:0a ,packed_vq=1
	! wait_for 20 answers 10.0.0.20 || served=$((served + 1))
	end
	wait_for 10 port_is a "no peer"
done
is "it is killed $TIMES times, and each next one is served" "$served" "$TIMES"
is "descriptors and mappings are as many as before" "$(held "$port")" "$idle"
is "the port's process is the same" "$(pid_of sw0.a)" "$port"
ok "pings were under way all the time" kill "$flood"

# --- the port's process is killed under traffic ---------------------------

testpmd b 02:00:00:00:00:0b ,packed_vq=1,server=1
ok "a port that connects is served" wait_for 20 answers 10.0.0.30
flood 10.0.0.30
served=0
port=$(pid_of sw0.b)
before=$(held "$port")
anew()
{
	[ "$(pid_of sw0.b)" != "$port" ] && port_is b up
}
for _ in $(seq "$TIMES"); do
	port=$(pid_of sw0.b)
	kill -KILL "$port"
	wait_for 60 anew && wait_for 20 answers 10.0.0.30 &&
		served=$((served + 1))
done
is "it is killed $TIMES times, and traffic resumes" "$served" "$TIMES"
is "descriptors and mappings are as many as before" \
	"$(held "$(pid_of sw0.b)")" "$before"
ok "pings were under way all the time" kill "$flood"
end
finish
