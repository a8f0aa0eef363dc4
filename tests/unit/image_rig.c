/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/image_rig.h"

#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct policy *policy_new(void)
{
	static const struct policy_room any;
	void *memory = aligned_alloc(64, policy_size(&any));

	assert_non_null(memory);
	return policy_init(memory, &any);
}

struct policy_image *image_new(void)
{
	struct policy_image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	image->magic = POLICY_MAGIC;
	return image;
}

static uint32_t fold(uint32_t hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

/*
 * Compile an expression behind the instructions there are; 0: libpcap refuses.
 */
static uint16_t add_program(struct policy_image *image, const char *expr)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	uint32_t first = image->n_insns;
	struct bpf_program program;

	assert_non_null(pcap);
	if (pcap_compile(pcap, &program, expr, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		assert_true(first + program.bf_len <= POLICY_MAX_INSNS);
		memcpy(image->insn + first, program.bf_insns,
		       program.bf_len * sizeof(struct cbpf_insn));
		image->n_insns += program.bf_len;
		pcap_freecode(&program);
	}
	pcap_close(pcap);
	return (uint16_t)(image->n_insns - first);
}

bool image_try_rule(struct policy_image *image, uint8_t action, bool reply,
		    const char *expr, uint16_t *number)
{
	struct policy_rule *r = &image->rule[image->n_rules];

	assert_true(image->n_rules < POLICY_MAX_RULES);
	r->first = image->n_insns;
	r->n = expr ? add_program(image, expr) : 0;
	if (expr && r->n == 0)
		return false;
	r->action = action;
	r->reply = reply;
	r->id = fold(2166136261u, &action, 1);
	r->id = fold(r->id, &r->reply, 1);
	r->id = fold(r->id, image->insn + r->first, r->n * 8u);
	*number = (uint16_t)image->n_rules++;
	return true;
}

uint16_t image_rule(struct policy_image *image, uint8_t action, bool reply,
		    const char *expr)
{
	uint16_t number;

	if (!image_try_rule(image, action, reply, expr, &number))
		fail_msg("libpcap does not accept \"%s\"", expr);
	return number;
}

void image_pair(struct policy_image *image, unsigned int src, unsigned int dst,
		const uint16_t *rules, unsigned int n)
{
	struct policy_pair *pair = &image->pair[src][dst];

	assert_int_equal(pair->n, 0);
	assert_true(image->n_entries + n <= POLICY_MAX_ENTRIES);
	pair->first = (uint16_t)image->n_entries;
	pair->n = (uint16_t)n;
	memcpy(image->entry + image->n_entries, rules, n * sizeof(*rules));
	image->n_entries += n;
}

void image_allow(struct policy_image *image, unsigned int src, unsigned int dst,
		 const char *expr)
{
	uint16_t rule = image_rule(image, POLICY_ALLOW, false, expr);

	image_pair(image, src, dst, &rule, 1);
}

void image_allow_reply(struct policy_image *image, unsigned int src,
		       unsigned int dst, const char *expr)
{
	uint16_t rule = image_rule(image, POLICY_ALLOW, true, expr);

	image_pair(image, src, dst, &rule, 1);
}

void image_set(struct vswitch *sw, const struct policy_image *image)
{
	uint32_t at;
	enum policy_fault fault = vswitch_set_policy(sw, image, &at);

	if (fault != POLICY_FAULT_SOUND)
		fail_msg("the policy %s (at %u)", policy_fault_text(fault), at);
}
