/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "cli/decision.h"
#include "tests/unit/decision_rig.h"

static void fill_switch(struct told *t)
{
	t->comp.kind = SYS_SWITCH;
	strcpy(t->comp.name, "sw0");
	t->comp.sw.n_ports = 3;
	strcpy(t->comp.sw.port[0].name, "a");
	strcpy(t->comp.sw.port[1].name, "b");
	strcpy(t->comp.sw.port[2].name, "c");
	t->comp.sw.port[0].wire.max_frame = 1518;
	t->sw.comp = &t->comp;
}

int told_setup(void **state)
{
	struct told *t = calloc(1, sizeof(*t));
	struct policy_image *image = &t->policy.image;

	fill_switch(t);
	image->n_rules = 2;
	image->n_entries = 6;
	image->entry[4] = 1;
	image->entry[5] = 0;
	image->pair[0][1] = (struct policy_pair){ .first = 4, .n = 2 };
	t->policy.rule = t->rule;
	t->rule[0] = (struct sys_rule){ .file = "home.conf",
					.line = 9,
					.action = POLICY_DENY };
	t->rule[1] = (struct sys_rule){ .text = "tcp port 443",
					.file = "home.conf",
					.line = 12,
					.reply = 1,
					.need = 100,
					.action = POLICY_ALLOW };
	t->request = (struct vswitch_ctl_request){
		.len = 60,
		.header = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0 }
	};
	t->v = (struct vswitch_verdict){
		.resolution = RESOLVED_UNICAST,
		.looked_up = true,
		.learned = { .outcome = FDB_REFRESHED, .was = FDB_NO_PORT },
		.out = 1,
		.candidates = 2,
		.deliver = 2,
		.entry = { [1] = 4 },
	};
	*state = t;
	return 0;
}

int told_teardown(void **state)
{
	free(*state);
	return 0;
}

const char *told_text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

json_t *told_shown(const struct told *t, const struct sys_policy *policy)
{
	json_t *facts = show_verdict(&t->sw, policy, &t->request, &t->v);
	json_t *data = decision_shown(facts);

	json_decref(facts);
	return data;
}

void told_refuse(struct told *t, enum vswitch_reason why)
{
	t->v.reason = why;
	t->v.deliver = 0;
	t->v.refused = 2;
	t->v.refusal[1] = (uint8_t)why;
}

void told_stop(struct told *t, enum vswitch_reason why)
{
	t->v = (struct vswitch_verdict){ .reason = why, .out = FDB_NO_PORT };
}

void expect_steps(const struct told *t, const char *name, const char *want)
{
	json_t *data = told_shown(t, &t->policy);
	char got[2048] = "";
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(data, "steps"), i, step)
		if (strcmp(told_text(step, "step"), name) == 0)
			sprintf(got + strlen(got), "%s: %s\n",
				told_text(step, "result"),
				told_text(step, "text"));
	assert_string_equal(got, want);
	json_decref(data);
}
