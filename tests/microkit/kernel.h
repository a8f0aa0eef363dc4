/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel for PDs on Linux: what of seL4 and Microkit a PD can notice.
 *
 * Each PD is a process with its regions at their addresses with their
 * permissions, and with nothing else of the others.  One runs at a time, the
 * one of highest priority that is not waiting; PDs of one priority take turns.
 * It runs until its next call, so a PD of higher priority that is notified runs
 * at once.  Time is a number in the kernel: each call takes a microsecond, and
 * a test can let more pass.
 *
 * A PD without a program is played by the test.
 *
 * Not as on seL4: budgets and periods mean nothing; a fault says no more than
 * who faulted; nobody is preempted between calls, so a PD that loops for ever
 * without one is an error.
 */
#ifndef WEIR_TESTS_MICROKIT_KERNEL_H
#define WEIR_TESTS_MICROKIT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define KERNEL_PDS 63
#define KERNEL_NONE (-1)

struct kernel;

struct kernel *kernel_new(void);

/* Ends all processes. */
void kernel_free(struct kernel *k);

/**
 * kernel_region - a memory region, all zero
 * @size: bytes, a multiple of 4096
 *
 * Return: its number.
 */
int kernel_region(struct kernel *k, const char *name, size_t size);

/** kernel_memory - a region in our own address space */
void *kernel_memory(struct kernel *k, int region);

size_t kernel_region_size(const struct kernel *k, int region);

/** kernel_find_region - by name; KERNEL_NONE: there is none */
int kernel_find_region(const struct kernel *k, const char *name);

/**
 * kernel_pd - a PD
 * @program: path; NULL: the test plays it
 *
 * Return: its number.
 */
int kernel_pd(struct kernel *k, const char *name, int priority,
	      const char *program);

/** kernel_program - a PD's program, if it was not known before */
void kernel_program(struct kernel *k, int pd, const char *program);

/** kernel_parent - @id: the child's number for its parent */
void kernel_parent(struct kernel *k, int child, int parent, unsigned int id);

/**
 * kernel_map - let a PD see a region
 * @symbol: variable that gets the address, or NULL
 */
void kernel_map(struct kernel *k, int pd, int region, uint64_t vaddr,
		bool writable, const char *symbol);

/**
 * kernel_channel - connect two PDs
 * @a, @a_id: one end
 * @call:     @a may call @b, which has the higher priority
 */
void kernel_channel(struct kernel *k, int a, unsigned int a_id, int b,
		    unsigned int b_id, bool call);

/* Start all programs; none has run yet. */
void kernel_start(struct kernel *k);

/**
 * kernel_run - until all wait
 *
 * Return: false: a PD ended or looped, which is said on standard error.
 */
bool kernel_run(struct kernel *k);

/* --- playing a PD ------------------------------------------------------- */

/** kernel_notify - on behalf of a PD without a program */
void kernel_notify(struct kernel *k, int pd, unsigned int channel);

/** kernel_notified - take the notifications of such a PD, as bits */
uint64_t kernel_notified(struct kernel *k, int pd);

/**
 * kernel_call - call another PD on behalf of such a one, and run
 * @m: in: label, count, mr; out: the reply's
 *
 * Return: whether there was a reply.
 */
bool kernel_call(struct kernel *k, int pd, unsigned int channel,
		 struct message *m);

/** kernel_crash - have a PD, of either sort, fault at its next step */
void kernel_crash(struct kernel *k, int pd);

/* How often a PD was restarted; whether it is stopped. */
unsigned int kernel_restarts(const struct kernel *k, int pd);
bool kernel_stopped(const struct kernel *k, int pd);

/* Let time pass. */
void kernel_pass(struct kernel *k, uint64_t ns);

/* What has been printed so far. */
const char *kernel_console(const struct kernel *k);

/* What is printed goes to standard output as well. */
void kernel_echo(struct kernel *k);

/* For timers: calls of a PD without a program are answered by this. */
void kernel_on_call(struct kernel *k, int pd,
		    void (*answer)(void *arg, unsigned int channel,
				   struct message *m),
		    void *arg);

#endif
