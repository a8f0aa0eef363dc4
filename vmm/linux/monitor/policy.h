/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policies in force, by switch, and where they come from.
 *
 * Policies come from the compiler, which may have run in another process.  So
 * indices inside one are not trusted: use the functions below.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_POLICY_H
#define WEIR_VMM_LINUX_MONITOR_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "config/system.h"
#include "vmm/linux/monitor/statement.h"

struct compile_result;
struct monitor;
struct mon_switch;

/* What is in force. */
struct held {
	struct sys_policy *policy; /* by number of the switch */
	size_t n_policies;	   /* how many */
	/* the topology it was made from, if it has been loaded again */
	struct sys_source *source;
	/* files of it; 0: it is that of monitor.origin */
	size_t n_sources;
	struct statements statements; /* what was changed since */
};

/**
 * held_begin - put the topology's policies in force
 *
 * Return: 0, or -1 with @m->err set.
 */
int held_begin(struct monitor *m);

/**
 * held_free - for the end of the monitor
 */
void held_free(struct monitor *m);

/**
 * held_replace - put other policies in force
 * @result: its policies, sources and statements are taken over
 */
void held_replace(struct monitor *m, struct compile_result *result);

/**
 * held_system - the system as it was compiled, with the sources and policies
 * that hold
 *
 * Return: it, not owned.
 */
struct system held_system(const struct monitor *m);

/**
 * held_policy - the policy a switch is to have
 *
 * Return: it, or NULL if the system has none for it.
 */
const struct sys_policy *held_policy(const struct monitor *m,
				     const struct mon_switch *sw);

/**
 * policy_of - the same in another array of policies
 */
const struct sys_policy *policy_of(const struct sys_policy *policy, size_t n,
				   const struct mon_switch *sw);

/**
 * policy_write - put a policy into a switch's region
 * @policy: NULL: one that allows nothing
 *
 * The switch must not be reading it: it is dead, or has answered all requests.
 */
void policy_write(struct mon_switch *sw, const struct sys_policy *policy);

/**
 * policy_pair - the entries of a pair of ports
 * @first: out: in entry[]
 *
 * Return: how many; all of them exist.
 */
uint32_t policy_pair(const struct sys_policy *policy, uint32_t from,
		     uint32_t to, uint32_t *first);

/**
 * policy_entry - the rule an entry stands for
 * @entry: any number
 *
 * Return: its number, or SYS_NONE if there is no such entry.
 */
uint32_t policy_entry(const struct sys_policy *policy, uint32_t entry);

/**
 * policy_by_id - a rule by its id
 *
 * Return: its number, or SYS_NONE.
 */
uint32_t policy_by_id(const struct sys_policy *policy, uint32_t id);

/**
 * rule_is_runtime - was a rule given by command?
 */
bool rule_is_runtime(const struct sys_rule *rule);

#endif
