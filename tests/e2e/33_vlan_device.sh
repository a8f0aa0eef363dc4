#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A VLAN trunk to Linux's own VLAN devices. In the emulated machine, because its
# kernel is Debian's and has them whatever the host's kernel has; 42_vlan.sh has
# the rest.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.bash"

mkdir -p add/echo
cat >add/echo/vlan.conf <<-'END'
	switch sw0 {
		port a { tap "a0" netns "a"; vlan access 10 }
		port b { tap "b0" netns "b"; vlan access 20 }
		port r { tap "r0" netns "r"; vlan trunk 10, 20 native 30 }
		port n { tap "n0" netns "n"; vlan access 30 }
	}
	group all-of-them { a, b, r, n }
	allow all-of-them <-> all-of-them
END
in_machine add
inside "modprobe 8021q; for name in a b r n; do
	/bin/ip netns add \$name; /bin/ip -n \$name link set lo up; done"
weir_inside /echo/vlan.conf
ok "weir runs in the machine" wait_for 60 said ': running$'

# addressed NAME DEVICE ADDRESS
addressed()
{
	inside "/bin/ip -n $1 addr add $3/24 dev $2; /bin/ip -n $1 link set $2 up"
}
addressed a a0 10.1.0.1
addressed b b0 10.2.0.1
addressed n n0 10.3.0.1
addressed r r0 10.3.0.9
for vlan in 10 20; do
	ok "Linux makes a device for VLAN $vlan" inside \
		"/bin/ip -n r link add link r0 name r0.$vlan type vlan id $vlan"
	addressed r r0.$vlan 10.$((vlan / 10)).0.9
done

# Four requests, for the first may be lost while nobody is known.
pings()
{
	inside "/bin/ip netns exec $1 ping -q -c 4 -W 2 $2 >/dev/null 2>&1"
}
ok "the device of VLAN 10 reaches the access port of VLAN 10" pings r 10.1.0.1
ok "and is reached from it" pings a 10.1.0.9
ok "the device of VLAN 20 reaches that of VLAN 20" pings r 10.2.0.1
ok "the device of VLAN 20 is reached from it" pings b 10.2.0.9
ok "the interface itself reaches that of the native VLAN" pings r 10.3.0.1

# b as a station of a's network: in its own VLAN nobody answers.
addressed b b0 10.1.0.2
nok "an access port of VLAN 20 does not reach one of VLAN 10" pings b 10.1.0.1
inside "/bin/ip -n b addr del 10.1.0.2/24 dev b0"
addressed a a0 10.2.0.3
nok "nor does one of VLAN 10 reach the device of VLAN 20" pings a 10.2.0.9

is "each address is known in its VLAN" "$(inside weir show -j fdb |
	jq -r '.[] | "\(.port) \(.vlan)"' | sort | uniq | paste -sd,)" \
	"sw0.a 10,sw0.b 20,sw0.n 30,sw0.r 10,sw0.r 20,sw0.r 30"
inside "/bin/ip -n r link add link r0 name r0.40 type vlan id 40"
addressed r r0.40 10.4.0.9
nok "a VLAN that the trunk does not carry goes nowhere" pings r 10.4.0.1
ok "its frames are refused at the trunk" \
	inside "weir show drops | grep -q 'sw0.r.vlan_in'"
finish
