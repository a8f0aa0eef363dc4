/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policies in force, by switch, and where they come from.
 *
 * Policies come from the compiler, which may have run in another process.  So
 * indices inside one are not trusted: use the functions below.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_POLICY_H
#define WEIR_VMM_LINUX_MONITOR_POLICY_H

#include <stdint.h>

#include "config/system.h"
#include "vmm/linux/monitor/compile_result.h"

struct monitor;
struct mon_switch;

/**
 * held_begin - put the topology's policies in force
 */
void held_begin(struct monitor *m);

/**
 * held_replace - put other policies in force, with what they were made from
 * @result: taken over
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
 * policy_of - the policy it would have by another result
 */
const struct sys_policy *policy_of(const struct compile_result *result,
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
