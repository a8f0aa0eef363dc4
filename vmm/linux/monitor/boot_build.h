/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a boot record (vmm/linux/boot.h) and gathering what goes with it.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_BOOT_BUILD_H
#define WEIR_VMM_LINUX_MONITOR_BOOT_BUILD_H

#include "vmm/linux/boot.h"
#include "vmm/linux/monitor/backing.h"
#include "vmm/linux/monitor/spawn.h"

/* The descriptors a PD will start with. */
struct boot_fds {
	uint32_t n; /* how many */
	/* by number in the PD: the monitor's number, -1 for none */
	int *from;
	/* by number in the PD: whether the monitor's was made for this PD */
	bool *close;
};

/**
 * boot_build - make the record of a PD and gather its descriptors
 * @b:    the system's backing
 * @pd:   index into the system's pd[]
 * @fds:  by component: descriptors from outside
 * @log:  its end of the log
 * @ctl:  its end of the control socket
 * @out:  out: all a PD starts with, the record at BOOT_FD
 * @err:  out
 *
 * Return: 0, or -1 with @err set and nothing left behind.
 */
int boot_build(const struct backing *b, uint32_t pd, const struct pd_fds *fds,
	       int log, int ctl, struct boot_fds *out, struct error *err);

/**
 * boot_release - the monitor's copies are not needed any more
 */
void boot_release(struct boot_fds *fds);

#endif
