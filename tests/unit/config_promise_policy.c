/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds of every policy: the switch takes it, every number in it names
 * something that is there, and captures are told nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/unit/image_rig.h"
#include "tests/unit/config_promise.h"

uint64_t promise_lock(const struct system *sys, const struct sys_conn *c,
		      int end)
{
	const struct sys_switch *sw =
		&sys->pd[c->pd[end]].comp[c->comp[end]].sw;
	const struct policy_port *port =
		&sys->policy[sw->number].image.port[c->port[end]];

	return port->locked ? port->locked_mac : 0;
}

/* As the switch does it, so none that comes out here is refused there. */
static void is_taken(const struct policy_image *image)
{
	struct policy *policy = policy_new();
	uint32_t at;

	assert_int_equal(policy_load(policy, image, &at), POLICY_FAULT_SOUND);
	free(policy);
}

static void check_rule(const struct policy_image *image,
		       const struct sys_rule *about, uint32_t i)
{
	const struct policy_rule *rule = &image->rule[i];

	assert_int_not_equal(rule->id, 0);
	assert_int_equal(rule->action, about->action);
	assert_int_equal(rule->reply, about->reply);
	assert_true(about->line > 0 && about->column > 0);
	assert_true(strlen(about->file) > 0);
	assert_true(about->need <= FRAME_SNAP_MAX);
	if (!*about->text)
		assert_int_equal(rule->n, 0);
	/* The same id only for rules that do the same. */
	for (uint32_t k = 0; k < i; k++) {
		const struct policy_rule *other = &image->rule[k];
		bool same = other->action == rule->action &&
			    other->reply == rule->reply &&
			    other->n == rule->n &&
			    memcmp(&image->insn[other->first],
				   &image->insn[rule->first],
				   rule->n * sizeof(image->insn[0])) == 0;

		assert_int_equal(other->id == rule->id, same);
	}
}

/* Only the last one of a pair decides about every frame; each is there once. */
static void check_pair(const struct policy_image *image,
		       const struct policy_pair *pair)
{
	for (uint32_t i = 0; i < pair->n; i++) {
		const uint16_t *entry = &image->entry[pair->first];

		assert_true(entry[i] < image->n_rules);
		if (i + 1 < pair->n) {
			assert_true(image->rule[entry[i]].n > 0);
			assert_true(entry[i] < entry[i + 1]);
		}
	}
}

static void check_pairs(const struct sys_switch *sw,
			const struct policy_image *image)
{
	uint32_t entries = 0;

	for (unsigned int s = 0; s < MAX_PORTS; s++) {
		for (unsigned int d = 0; d < MAX_PORTS; d++) {
			const struct policy_pair *pair = &image->pair[s][d];

			check_pair(image, pair);
			entries += pair->n;
			if (!pair->n)
				continue;
			assert_int_not_equal(s, d);
			assert_true(s < sw->n_ports && d < sw->n_ports);
			assert_int_not_equal(sw->port[s].kind,
					     VSWITCH_PORT_CAPTURE);
			assert_int_not_equal(sw->port[d].kind,
					     VSWITCH_PORT_CAPTURE);
		}
	}
	assert_int_equal(entries, image->n_entries);
}

static void check_ports(const struct sys_switch *sw,
			const struct policy_image *image)
{
	static const struct policy_port nothing;

	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		const struct policy_port *port = &image->port[i];

		assert_int_equal(port->allow, 0);
		if (i >= sw->n_ports ||
		    sw->port[i].kind == VSWITCH_PORT_CAPTURE) {
			assert_memory_equal(port, &nothing, sizeof(*port));
			continue;
		}
		assert_int_equal(port->locked, port->locked_mac != 0);
		assert_false(port->locked && port->sticky);
		assert_int_equal(port->ip_locked, port->n_prefixes != 0);
	}
}

void promise_policy(const struct sys_switch *sw,
		    const struct sys_policy *policy)
{
	const struct policy_image *image = &policy->image;

	assert_true(image->magic == POLICY_MAGIC);
	is_taken(image);
	for (uint32_t i = 0; i < image->n_rules; i++) {
		check_rule(image, &policy->rule[i], i);
		if (image->rule[i].reply)
			assert_true(sw->tables.flows > 0);
	}
	check_pairs(sw, image);
	check_ports(sw, image);
}
