#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# deps.sh SET...: install the Debian packages of these sets that are missing, by
# apt-get. Silent if none is.
#
# Sets: build  to compile
#       run    to run the examples (clients, a DHCP server, tcpdump)
#       machine
#              to make and run the arm64 machine
#       vm     to make and run guests of QEMU on this machine
#       test   what tests and linters need besides
#       bench  to measure
#       peers  to measure beside other switches
#       deb    to make Debian packages
set -u
export LC_ALL=C

build='gcc libc6-dev pkg-config libpcap-dev libseccomp-dev'
build="$build libcap-ng-dev libjansson-dev libfdt-dev zlib1g-dev"
build="$build libxdp-dev libbpf-dev liburing-dev"
run='netbase iproute2 procps iputils-ping dnsmasq-base udhcpc busybox iperf3'
run="$run tcpdump jq"
machine='qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
machine="$machine linux-source-6.1 bc bison cpio flex kmod"
vm='qemu-system-x86 cpio kmod e2fsprogs'
test='libcmocka-dev libexpat1-dev clang libclang-rt-14-dev clang-tidy'
test="$test clang-format"
test="$test gcc-aarch64-linux-gnu"
test="$test shellcheck mandoc spin tshark socat"
test="$test bind9-dnsutils curl openssl openssh-client strace keepalived uidmap"
bench='valgrind jq strace procps qemu-system-common'
peers='dpdk dpdk-dev libdpdk-dev librte-net-memif23 librte-net-vhost23'
peers="$peers librte-net-virtio23 librte-net-af-packet23 openvswitch-switch"
peers="$peers openvswitch-switch-dpdk ethtool bsdextrautils vde2"
peers="$peers libvdeplug-dev"
deb='build-essential debhelper dpkg-dev fakeroot lintian'

wanted=
for set; do
	case $set in
	build) wanted="$wanted $build" ;;
	run) wanted="$wanted $run" ;;
	machine) wanted="$wanted $machine" ;;
	vm) wanted="$wanted $vm" ;;
	test) wanted="$wanted $test" ;;
	bench) wanted="$wanted $bench" ;;
	peers) wanted="$wanted $peers" ;;
	deb) wanted="$wanted $deb" ;;
	*) echo "deps.sh: no set '$set'; there are build, run, machine," \
			"vm, test, bench, peers, deb" >&2
		exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "weir: not a Debian system, so nothing is installed for you." >&2
	echo "weir: needed are what Debian calls$wanted" >&2
	exit 0
fi

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# No recommended packages: they would bring desktops and daemons.
# noninteractive: tshark and iperf3 would ask a question otherwise. Wait for
# another apt's lock.
apt="env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get"
apt="$apt -o DPkg::Lock::Timeout=300"
install="$apt install -y --no-install-recommends"

if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null &&
	{ sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	root=sudo
else
	echo "weir: packages are missing and only root can install them. Type:" >&2
	echo "  su -c 'apt-get update && apt-get install -y" \
		"--no-install-recommends$missing'" >&2
	exit 1
fi

echo "weir: installing$missing"
# Word splitting is intended: each of these is a command with arguments.
# shellcheck disable=SC2086
$root $apt update && $root $install $missing && exit 0
echo "weir: apt-get could not install$missing (see above)." >&2
echo "weir: check the network and /etc/apt/sources.list, then try again." >&2
exit 1
