#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# attach: programs at a port by libweir.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
finish
