/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The builder: from a topology without errors to a system.
 *
 * Three steps, each a file:
 *
 *	pds.c		which PDs there are and which component lives where
 *	conns.c		regions and channels of every connection, and who maps
 *			what with which permissions
 *	policy.c	what each switch is told about who may do what
 *
 * Permissions are the least that work.  Per connection:
 *
 *	region				switch	peer	why
 *	ingress.active, ingress.free	rw	rw	both publish an index
 *	egress.active, egress.free	rw	rw	likewise
 *	ingress.data			r	rw	the switch copies out
 *	egress.data			rw	r	the switch copies in
 *	link				r	r	the monitor's alone
 *
 * and of its own a switch has
 *
 *	region				switch	why
 *	stats, ctl.reply		rw	the monitor reads
 *	ctl.request, policy		r	the monitor writes
 *
 * A link has the same regions: what is egress to its first switch is ingress to
 * its second.  Components that share a PD share its maps, each region once.
 *
 * A driver VM's port has two connections with queues and link pages of their
 * own, and the same two data regions: nothing is copied between them.  The
 * virtualisers are the peer of the first and stand where the switch does in the
 * second, whose peer is the VM.  What differs:
 *
 *	region			switch	virt	VM	why
 *	ingress.data		r	r	rw	the card writes it,
 *						and virt maintains caches
 *	egress.data		rw	r	r	the card reads it
 *	stats.rx, stats.tx	-	rw	-	the monitor reads
 *	VM.ram			-	-	rw	the guest's alone
 *	VM.status, VM.vmm	-	-	rw	the monitor reads
 *
 * A client VM maps its RAM, VM.vmm, and for the carrier the link page of each
 * of its ports, whose queues and data it does not see.
 */
#ifndef WEIR_CONFIG_BUILD_H
#define WEIR_CONFIG_BUILD_H

#include <stdio.h>

#include "config/config.h"
#include "config/lang/topology.h"

/**
 * build_system - make the system
 * @t:    has passed all checks
 * @name: instance name, shorter than SYS_SHORT
 *
 * Return: the system; NULL if a domain has too much, which has been reported.
 */
struct system *build_system(struct topology *t, const char *name);

/* The steps, in order. */
void build_pds(struct system *sys, struct topology *t);
void build_conns(struct system *sys, struct topology *t);
void build_policies(struct system *sys, const struct topology *t);

/* A new element, zeroed, at the end of an array of @n; evaluates to it. */
#define build_new(array, n)                                                    \
	((array) = build_grow(array, n, sizeof(*(array))), &(array)[(n)++])
void *build_grow(void *array, size_t n, size_t size);

/* FNV-1a, which gives the same in every run; @h: what is hashed on. */
uint64_t build_hash(uint64_t h, const void *data, size_t size);
/* Folds a hash to fewer bits, so that all of its own count. */
uint64_t build_fold(uint64_t h, unsigned int bits);
#define BUILD_HASH 0xcbf29ce484222325ull

/* Who may connect to a port's path. */
struct sys_access build_access(const struct topo_port *port);

/* Copies a text into a fixed array, cut to fit; NULL is none. */
#define build_copy(array, text) build_text(array, sizeof(array), text)
void build_text(char *to, size_t size, const char *text);

/*
 * Parts of system_dump(): what can change only with a restart, lines "thing TAB
 * property TAB value", and what one switch is told.
 */
void dump_facts(const struct system *sys, FILE *out);
void dump_policy(const struct sys_policy *policy, const struct sys_component *c,
		 FILE *out);

#endif
