/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all Microkit PDs of Weir share: their configuration, time, and words for
 * the debug console.
 *
 * A PD is a program with the entry points of Microkit: init(), notified(),
 * protected(), fault().  There is no C library.
 *
 * Restarts.  microkit_pd_restart() begins a program anew and restores nothing,
 * neither .data nor .bss, so init() sets every variable, and none relies on a
 * value from the image but `weir_config`, which nobody writes.
 *
 * Wake-ups.  libmicrokit takes all notifications that have arrived and calls
 * notified() once for each.  It does not say which call is the last one.  So a
 * PD does at the first call what there is to do for all its channels, and looks
 * at the others of that wake-up only as far as to see that there is no more.
 */
#ifndef WEIR_VMM_MICROKIT_PD_H
#define WEIR_VMM_MICROKIT_PD_H

#include <stddef.h>
#include <stdint.h>

#include <microkit.h>

#include "vmm/microkit/config.h"

/* Written by the Microkit tool (setvar_vaddr). */
extern uintptr_t weir_config;

/**
 * mk_config - this PD's configuration
 * @kind: what this program is
 * @size: bytes of that structure
 *
 * Return: the configuration; NULL if it is another kind's or version's, which
 * is said on the console.
 */
const void *mk_config(enum mk_kind kind, size_t size);

/**
 * mk_notify - notify a channel, if there is one
 * @channel: or MK_NONE
 */
void mk_notify(uint32_t channel);

/**
 * mk_now - the time
 *
 * Return: nanoseconds since some moment before the start, from the counter of
 * the processor that every PD may read.
 */
uint64_t mk_now(void);

/**
 * mk_ticks, mk_ticks_a_second - that counter
 */
uint64_t mk_ticks(void);
uint64_t mk_ticks_a_second(void);

/**
 * mk_wake_after - have sDDF's timer PD notify us
 * @channel: to the timer PD, of higher priority; or MK_NONE: does nothing
 * @ns:      from now
 */
void mk_wake_after(uint32_t channel, uint64_t ns);

/**
 * mk_say - a line on the debug console, behind the PD's name
 * @text: texts, up to a NULL
 *
 * Nothing is printed where the kernel has no console (release).
 */
void mk_say(const char *text, ...);

/* Bytes that mk_decimal() needs. */
#define MK_DECIMAL 21u

/**
 * mk_decimal - a number as text
 * @buf: MK_DECIMAL bytes
 *
 * Return: where in @buf it begins.
 */
const char *mk_decimal(char *buf, uint64_t n);

#endif
