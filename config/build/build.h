/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The builder: from a topology without errors to a system.
 *
 * Four steps, each a file:
 *
 *	pds.c		which PDs there are and which component lives where
 *	conns.c		regions and channels of every connection, and who maps
 *			what with which permissions (parts.c)
 *	disks.c		the same of disks
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
 *
 * A disk in a file has nothing but its statistics.  One behind a driver VM has
 * a connection to the virtualiser, and that has one to the VM:
 *
 *	region			disk	virt	VM	why
 *	request, response	rw	rw	-	both publish an index
 *	info			r	rw	-	virt says what the disk is
 *	data			rw	-	rw	the card reads and writes it
 *	link			r	r	-	the monitor's alone
 *	driver.request, .response -	rw	rw	both publish an index
 *	driver.info		-	r	rw	the VM says what it has
 *	driver.link		-	r	r	the monitor's alone
 *	table			-	rw	rw	the card writes it
 *	stats			rw	rw	-	each its own
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
void build_disks(struct system *sys, struct topology *t);
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

/* Who may connect to a path. */
struct sys_access build_access(const struct option *mode,
			       const struct option *owner,
			       const struct option *group);

/* A new region, "owner.what", of whole pages. */
uint32_t build_region(struct system *sys, uint64_t size, const char *owner,
		      const char *what);
#define BUILD_PAGE 4096u
/* A new channel; @end: its second end, until a PD has it. */
uint32_t build_channel(struct system *sys, uint32_t end, const char *owner,
		       const char *what);
/* Maps a region, or widens the permissions if it is mapped; gives the slot. */
uint32_t build_map(struct sys_pd *pd, uint32_t region, uint32_t perms);
/* Gives a PD one end of a channel; returns the id. */
uint32_t build_join(struct system *sys, uint32_t index, uint32_t channel,
		    uint32_t end);
/* A region of one PD's own, as a slot. */
uint32_t build_own(struct system *sys, uint32_t pd, uint32_t perms,
		   uint64_t size, const char *owner, const char *what);
/* A channel between a PD and the monitor, as an id. */
uint32_t build_to_monitor(struct system *sys, uint32_t pd, const char *owner,
			  const char *what);
/* A new connection with nothing in it, as an index. */
uint32_t build_conn(struct system *sys);
/* A new PD, as an index. */
uint32_t build_pd(struct system *sys, const char *name, uint64_t poll_us,
		  const struct topo_placement *placement);
/* A new component of a PD; @index: out: of it there. */
struct sys_component *build_comp(struct system *sys, uint32_t in,
				 enum sys_kind kind, const char *name,
				 uint32_t *index);

/* Copies a text into a fixed array, cut to fit; NULL is none. */
#define build_copy(array, text) build_text(array, sizeof(array), text)
void build_text(char *to, size_t size, const char *text);

/*
 * Parts of system_dump(): what can change only with a restart, lines "thing TAB
 * property TAB value", and what one switch is told.
 */
void dump_facts(const struct system *sys, FILE *out);
void dump_fact(FILE *out, const char *noun, const char *name, const char *what,
	       const char *value, ...) __attribute__((format(printf, 5, 6)));
void dump_access(const struct sys_access *a, FILE *out);
void dump_policy(const struct sys_policy *policy, const struct sys_component *c,
		 FILE *out);
/* What is about disks: dump_disks.c. */
bool dump_is_disk(const struct sys_component *c);
bool dump_is_blk(const struct sys_conn *conn);
void dump_disk(const struct sys_component *c, FILE *out);
void dump_disk_comp(const struct sys_component *c, FILE *out);
void dump_storage(const struct sys_vm *vm, FILE *out);
void dump_blk_half(const struct sys_blk_half *half, FILE *out);
void disk_facts(const struct sys_component *c, FILE *out);

#endif
