/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processors PDs run on.
 *
 * A PD is placed by its affinity, which the monitor sets before it executes
 * anything, whenever it starts; inside the sandbox there is no system call that
 * changes it.
 */
#ifndef WEIR_VMM_LINUX_PLACEMENT_H
#define WEIR_VMM_LINUX_PLACEMENT_H

#include <sched.h>

#include "config/system.h"
#include "vmm/linux/error.h"

/**
 * placement_choose - see that the processors are there, and choose
 * @sys: in/out: PDs to be kept together get a processor
 *
 * A process may use what its own affinity and its cgroup's cpuset leave, and
 * PDs inherit both.  PDs to be kept together get the last of these processors,
 * the next such group the one before it and so on: device interrupts prefer the
 * first ones.
 *
 * Return: 0; -1 if a processor cannot be used, with @err set.
 */
int placement_choose(struct system *sys, struct error *err);

/**
 * placement_set - a set of processors, for the system call
 *
 * Return: false if there is none in it: any will do.
 */
bool placement_set(const struct sys_cpus *cpus, cpu_set_t *set);

#endif
