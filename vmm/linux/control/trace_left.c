/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports a flood is not offered to, each with the reason.
 *
 * The switch says which they are and why.  Captures it does not mention, for they
 * are sent no frames at all.
 */
#include "vmm/linux/control/story.h"

static bool is_capture(const struct story *s, uint32_t port)
{
	return s->sw->comp->sw.port[port].kind == VSWITCH_PORT_CAPTURE;
}

static bool is_left_out(const struct story *s, uint32_t port)
{
	if (s->v->resolution <= RESOLVED_UNICAST ||
	    s->v->reason == REASON_STORM || port == s->port)
		return false;
	if (is_capture(s, port))
		return true;
	return ((s->v->left | s->v->gone) >> port & 1) != 0;
}

static const char *reason_key(const struct story *s, uint32_t port)
{
	if (is_capture(s, port))
		return "capture";
	if ((s->v->gone >> port & 1) != 0)
		return "snooping";
	if (s->v->refusal[port] == REASON_NONE)
		return "flood_off";
	return vswitch_reason_key(s->v->refusal[port]);
}

/* One port the step `snooping` has not told of. */
static void tell(struct story *s, uint32_t port)
{
	char name[SYS_NAME], from[SYS_NAME];

	story_name(s, port, name);
	if (is_capture(s, port)) {
		story_step(s, "left-out", "skip",
			   "%s is a capture: it gets copies of what it "
			   "watches, and is sent nothing",
			   name);
		return;
	}
	switch ((int)s->v->refusal[port]) {
	case REASON_NONE:
		story_step(s, "left-out", "skip",
			   "%s: floods of this kind do not go there", name);
		break;
	case REASON_NOT_ALLOWED:
		story_step(s, "left-out", "skip",
			   "%s: no rule is about frames from %s to it", name,
			   story_name(s, s->port, from));
		break;
	case REASON_VLAN_OUT:
		if (s->v->vlan == 0)
			story_step(
				s, "left-out", "skip",
				"%s takes part in VLANs, and the frame is in "
				"none",
				name);
		else
			story_step(s, "left-out", "skip",
				   "%s is not in VLAN %u", name, s->v->vlan);
		break;
	case REASON_PORT_DOWN:
		story_step(s, "left-out", "skip", "%s is down", name);
		break;
	default:
		story_step(s, "left-out", "skip", "%s: %s", name,
			   vswitch_reason_text(s->v->refusal[port]));
		break;
	}
}

void story_left_out(struct story *s)
{
	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if (is_left_out(s, p) && (s->v->gone >> p & 1) == 0)
			tell(s, p);
}

json_t *story_left_out_rows(const struct story *s)
{
	json_t *rows = json_array();
	char name[SYS_NAME];

	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if (is_left_out(s, p))
			json_array_append_new(
				rows, json_pack("{s:s, s:s}", "port",
						story_name(s, p, name),
						"reason", reason_key(s, p)));
	return rows;
}
