#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make bench-disk: Weir's disk beside qemu-storage-daemon's (disk.bash).
set -u -o pipefail
here=$(dirname "$0")
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/bench/disk.bash
. "$here/disk.bash"

ROUNDS=${ROUNDS:-5}
tag=wb$$

clean_more()
{
	rm -f "/dev/shm/$tag.img"
}

disk_rounds
print_disks
