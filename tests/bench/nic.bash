# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# The nic port by AF_PACKET and by AF_XDP.  Both ends of a veth pair are ports:
#
#	client -> attach, switch, nic -> veth -> nic, switch, attach -> client
#
# in one domain on CPU $far, which does the kernel's work on both sides as well.
# Beside the rate, its CPU time a frame, which other work disturbs less.  (A
# kernel that counts time in interrupts apart leaves receiving out.)
# The kernel's queue between them drops what comes too fast, so few frames are
# under way at a time.

# nic_spent: nanoseconds the domain has run, frames that have come through.
nic_spent()
{
	local pid

	pid=$("$WEIR" show -n "${tag}n" -j system | jq '.pds[0].pid')
	echo "$(cut -d ' ' -f 1 "/proc/$pid/schedstat")" \
		"$("$WEIR" show -n "${tag}n" -j ports |
			jq '.[] | select(.port == "s1.b").out_frames')"
}

# nic_slice NAME LENGTH [OPTION]: as results "nic" (a rate) and "cpu" (frames
# for each microsecond of CPU time) of that name.
nic_slice()
{
	local conf=$work/nic.conf log=$work/weir.nic monitor end before

	ip link add "$tag"n0 type veth peer name "$tag"n1 || return
	# What the host says by itself is not ours.
	for end in 0 1; do
		echo 1 >"/proc/sys/net/ipv6/conf/${tag}n$end/disable_ipv6"
	done
	cat >"$conf" <<-CONF
	switch s0 {
		port a { attach "$work/na.sock"; buffers 1024 }
		port n { nic "${tag}n0"; buffers 1024; ${3-} }
	}
	switch s1 {
		port b { attach "$work/nb.sock"; buffers 1024 }
		port m { nic "${tag}n1"; buffers 1024; ${3-} }
	}
	allow a <-> n
	allow b <-> m
	domain path { s0 s1 n m }
	placement { path; cpu $far }
	CONF
	: >"$log"
	"$WEIR" run -n "${tag}n" "$conf" 2>"$log" &
	monitor=$!
	pids+=("$monitor")
	wait_until 10 grep -q ': running' "$log" ||
		die "weir did not start: $(cat "$log")"
	sed -n "s/.*: by AF_PACKET, /  $1: by AF_PACKET, /p" "$log"
	before=$(nic_spent)
	slice "$1" "$2" nic "$BENCH/pair" "$work/na.sock" "$work/nb.sock" \
		"$2" "flight=$MS" "$near" "$far"
	echo "$before $(nic_spent)" | awk -v name="$1" -v len="$2" '$3 > $1 {
		print name, len, ($4 - $2) * 1000 / ($3 - $1), "cpu"
	}' >>"$work/results.cpu"
	kill "$monitor" && wait "$monitor"
	ip link del "${tag}n0"
}

# nic_rounds LENGTH...: both, in turn.
nic_rounds()
{
	local length

	for _ in $(seq "$ROUNDS"); do
		for length; do
			nic_slice nic-xdp "$length" xdp
			nic_slice nic-packet "$length"
		done
	done
}

# nic_ratio LENGTH AIM
nic_ratio()
{
	local what

	for what in nic cpu; do
		ratios "$what" nic-xdp nic-packet
	done | awk -v len="$1" -v aim="$2" '$1 == len {
		printf "ratio nic-xdp-%sB-of-packet %s aim %s %s\n", len, $3,
			aim, $2
	}'
}
