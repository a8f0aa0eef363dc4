#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What udhcpc does with a lease: take the address, and the way out.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
# shellcheck disable=SC2154
ip addr replace "$ip/$mask" dev "$interface" &&
	ip route replace default via "$router" dev "$interface"
