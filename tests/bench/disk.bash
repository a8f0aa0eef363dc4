# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# Weir's disk beside qemu-storage-daemon's: both serve the same file to the same
# front-end (disk_load.c) by vhost-user-blk, in turn.  The file is in memory, so
# that what is measured is the way to it.  qemu-storage-daemon has it twice: as it
# is by default (aio=threads), and with io_uring.  All run as real-time processes:
# each request is a sleep or two, after which a busy machine lets one wait.
#
# Beside requests a second: microseconds of CPU a request, threads included, and
# system calls a request, counted by strace in a run of their own.

disk_names=(weir qsd qsd-io_uring)
# What is asked for: kind, bytes, order, requests under way, requests.
disk_loads=(
	"reads 4096 random 32 =60000"
	"writes 4096 random 32 =30000"
	"reads 131072 ordered 8 =4000"
	"writes 131072 ordered 8 =4000"
)
declare -A disk_pid=()

# serve_qsd NAME AIO
serve_qsd()
{
	chrt -f 1 taskset -c "$far" qemu-storage-daemon \
		--blockdev "driver=file,node-name=f,filename=$disk_file,aio=$2,locking=off" \
		--export "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$work/$1.blk" \
		>"$work/$1.log" 2>&1 &
	disk_pid[$1]=$!
	pids+=("${disk_pid[$1]}")
	wait_until 10 test -S "$work/$1.blk" ||
		die "qemu-storage-daemon: $(tail -n 1 "$work/$1.log")"
}

disk_begin()
{
	disk_file=/dev/shm/$tag.img
	head -c 256M /dev/zero >"$disk_file" || die "cannot make $disk_file"
	cat >"$work/disk.conf" <<-CONF
	disk data { file "$disk_file"; vhost-user "$work/weir.blk" }
	CONF
	: >"$work/disk.log"
	chrt -f 1 taskset -c "$far" "$WEIR" run -n "${tag}d" "$work/disk.conf" \
		2>"$work/disk.log" &
	disk_monitor=$!
	pids+=("$disk_monitor")
	wait_until 10 grep -q ': running' "$work/disk.log" ||
		die "weir did not start: $(cat "$work/disk.log")"
	grep -o 'there is no io_uring here.*' "$work/disk.log"
	disk_pid[weir]=$(pgrep -P "$disk_monitor" -f -- 'data --pd')
	serve_qsd qsd threads
	serve_qsd qsd-io_uring io_uring
}

disk_end()
{
	local name

	for name in qsd qsd-io_uring; do
		kill "${disk_pid[$name]}"
	done
	kill "$disk_monitor" && wait "$disk_monitor"
	rm -f "$disk_file"
}

# disk_spent NAME: microseconds of CPU so far; the clock's ticks are 10 ms.
disk_spent()
{
	sed 's/.*) //' "/proc/${disk_pid[$1]}/stat" |
		awk '{ print ($12 + $13) * 10000 }'
}

# disk_slice NAME LOAD: "NAME KIND-BYTES RATE" and "... MICROSECONDS"
disk_slice()
{
	local name=$1 load=$2 key spent line

	read -r -a load <<<"$2"
	key="$name ${load[0]}-${load[1]}"
	spent=$(disk_spent "$name")
	line=$(timeout 60 chrt -f 1 taskset -c "$near" "$BENCH/disk_load" \
		"$work/$name.blk" "${load[@]}" 2>"$work/client.log") || {
		echo "  $key: no result: $(tail -n 1 "$work/client.log")"
		return 1
	}
	spent=$(($(disk_spent "$name") - spent))
	awk -v key="$key" -v spent="$spent" -v n="${load[4]#=}" \
		-v to="$work/results.disk" '{
		printf "  %-30s %9d a second, %6.1f us of CPU each\n", key, $2,
			spent / n
		print key, $2 >> (to)
		print key, spent / n >> (to "-cpu")
	}' <<<"$line"
}

# disk_calls NAME LOAD: system calls a request, of all of the server's threads.
disk_calls()
{
	local tracer load

	read -r -a load <<<"$2"
	strace -f -q -c -U calls -o "$work/calls" -p "${disk_pid[$1]}" \
		2>"$work/strace.log" &
	tracer=$!
	wait_until 5 grep -q '^TracerPid:[[:space:]]*[1-9]' \
		"/proc/${disk_pid[$1]}/status"
	timeout 60 taskset -c "$near" "$BENCH/disk_load" "$work/$1.blk" \
		"${load[@]:0:4}" =5000 >/dev/null 2>&1
	kill -INT "$tracer" && wait "$tracer"
	awk -v key="$1 ${load[0]}-${load[1]}" '$2 == "total" { n = $1 }
		END { printf "%s %.2f\n", key, n / 5000 }' "$work/calls" |
		tee -a "$work/results.disk-calls" | sed 's/^/  calls /'
}

disk_rounds()
{
	local load name

	: >"$work/results.disk" && : >"$work/results.disk-cpu"
	disk_begin
	for _ in $(seq "$ROUNDS"); do
		for load in "${disk_loads[@]}"; do
			for name in "${disk_names[@]}"; do
				disk_slice "$name" "$load"
			done
		done
	done
	for load in "${disk_loads[@]}"; do
		for name in "${disk_names[@]}"; do
			disk_calls "$name" "$load"
		done
	done
	disk_end
}

# disk_ratio FILE WHAT OF AIM LOWER: medians of rounds; LOWER: theirs to ours.
disk_ratio()
{
	medians_of <"$work/results.$1" | awk -v what="$2" -v of="$3" -v aim="$4" \
		-v lower="$5" '
	{ v[$1, $2] = $3; load[$2] = 1 }
	END {
		for (l in load) {
			ours = v["weir", l]
			theirs = v[of, l]
			if (ours <= 0 || theirs <= 0)
				continue
			ratio = lower ? theirs / ours : ours / theirs
			printf "ratio disk-%s%s-of-%s %.2f aim %s\n", what, l,
				of, ratio, aim
		}
	}' | sort
}

print_disks()
{
	local of

	for of in qsd qsd-io_uring; do
		disk_ratio disk "" $of 1.00 ""
		disk_ratio disk-cpu cpu- $of 1.00 lower
		disk_ratio disk-calls calls- $of 1.00 lower
	done
}
