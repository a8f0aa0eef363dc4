/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir compile --microkit: a system for the seL4 Microkit, from the same
 * topology that `weir run` takes.
 *
 * What the topology's compiler made (config/system.h) is nearly what Microkit's
 * tool wants to read: protection domains, regions, who maps which with which
 * rights, channels.  What is done here:
 *
 *	plan.c		the layout: a monitor PD as the parent of all, private
 *			memory, where everything is mapped, channel numbers; and
 *			what this platform cannot do
 *	blobs.c		the configuration of each PD (vmm/microkit/config.h)
 *	blob_monitor.c	that of the monitor
 *	write.c		the files
 *
 *	NAME.system	for the tool
 *	PD.config	a configuration, placed by `prefill_path`
 *	SWITCH.policy	allow lists, rules, locks: the image a switch reads
 *	NAME.mk		which programs and files the image is made of
 *
 * Rights are the least: those of the topology's compiler, and for the monitor
 * those of config_monitor.h.  Nothing is mapped twice, a hole separates two
 * regions, and regions of whole 2 MiB get pages of that size.
 *
 * Priorities follow what was measured: a switch above those who send to it, so
 * that it wakes once for a batch and loses nothing; the monitor above all,
 * because protected procedure calls go up only, and it hardly ever runs.
 */
#ifndef WEIR_VMM_MICROKIT_COMPILE_COMPILE_H
#define WEIR_VMM_MICROKIT_COMPILE_COMPILE_H

#include "config/system.h"

/**
 * microkit_compile - write a system for Microkit
 * @sys: from the topology's compiler
 * @dir: where to; made if it is missing
 * @err: out: on failure, everything this platform cannot do, a line each, or
 *       why a file cannot be written; to be released with free()
 *
 * Files of an earlier system of the same name are replaced.
 *
 * Return: 0 or -1.
 */
int microkit_compile(const struct system *sys, const char *dir, char **err);

#endif
