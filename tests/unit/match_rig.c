/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/match_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/merge/merge.h"
#include "tests/unit/image_rig.h"

static uint32_t below(struct match_rig *r, uint32_t n)
{
	return cbpf_random(&r->random, n);
}

/* --- expressions -------------------------------------------------------- */

#define EXPR 512u

static const char *const hosts[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1",
				     "192.168.0.1", "224.0.0.1" };
static const char *const nets[] = { "10.0.0.0/8", "10.0.0.0/24",
				    "192.168.0.0/16", "224.0.0.0/4",
				    "10.0.0.0/31" };
static const char *const hosts6[] = { "fd00::1", "fd00::2", "ff02::1",
				      "2001:db8::2" };
static const char *const macs[] = { "02:00:00:00:00:01", "02:00:00:00:00:02",
				    "33:33:00:00:00:01" };
static const char *const ports[] = { "80",   "443",  "53",   "22",
				     "1500", "8080", "50000" };
static const char *const transports[] = { "", "tcp ", "udp " };
static const char *const ways[] = { "", "src ", "dst " };
static const char *const protos[] = { "tcp", "udp", "icmp", "icmp6",	  "arp",
				      "ip",  "ip6", "rarp", "ip proto 47" };
static const char *const wholes[] = {
	"icmp[icmptype] == icmp-echo",
	"icmp[icmptype] == icmp-echoreply",
	"icmp6[icmp6type] == 135",
	"tcp[tcpflags] & tcp-syn != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
	"ip[6:2] & 0x3fff != 0",
	"vlan",
	"vlan 5",
	"vlan and vlan 7",
	"vlan 5 and tcp port 80",
	"ether broadcast",
	"ip multicast",
};

#define ONE_OF(r, list) ((list)[below(r, sizeof(list) / sizeof((list)[0]))])

static void make_atom(struct match_rig *r, char *to)
{
	switch (below(r, 12)) {
	case 0:
		snprintf(to, EXPR, "%shost %s", ONE_OF(r, ways),
			 ONE_OF(r, hosts));
		break;
	case 1:
		snprintf(to, EXPR, "%snet %s", ONE_OF(r, ways),
			 ONE_OF(r, nets));
		break;
	case 2:
		snprintf(to, EXPR, "ip6 %shost %s", ONE_OF(r, ways),
			 ONE_OF(r, hosts6));
		break;
	case 3:
	case 4:
		snprintf(to, EXPR, "%s%sport %s", ONE_OF(r, transports),
			 ONE_OF(r, ways), ONE_OF(r, ports));
		break;
	case 5:
		snprintf(to, EXPR, "%sportrange %u-%u", ONE_OF(r, transports),
			 below(r, 100), 100 + below(r, 2000));
		break;
	case 6:
		snprintf(to, EXPR, "ether %s %s", below(r, 2) ? "src" : "dst",
			 ONE_OF(r, macs));
		break;
	case 7:
		snprintf(to, EXPR, "%s %u", below(r, 2) ? "greater" : "less",
			 14 + below(r, 150));
		break;
	case 8:
		snprintf(to, EXPR, "ip[%u] & %u != 0", below(r, 24),
			 1 + below(r, 255));
		break;
	case 9:
		snprintf(to, EXPR, "ether[%u] & 1 = 0", below(r, 100));
		break;
	case 10:
		snprintf(to, EXPR, "%s", ONE_OF(r, wholes));
		break;
	default:
		snprintf(to, EXPR, "%s", ONE_OF(r, protos));
		break;
	}
}

static void make_expression(struct match_rig *r, char *to)
{
	char atom[EXPR], so_far[EXPR * 3];

	make_atom(r, to);
	for (uint32_t n = below(r, 3); n; n--) {
		make_atom(r, atom);
		snprintf(so_far, sizeof(so_far), "(%s) %s %s(%s)", to,
			 below(r, 2) ? "and" : "or", below(r, 4) ? "" : "not ",
			 atom);
		assert_true(strlen(so_far) < EXPR);
		memcpy(to, so_far, strlen(so_far) + 1);
	}
}

static bool asks_length(const struct cbpf_program *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->insn[i].code == (BPF_LD | BPF_W | BPF_LEN))
			return true;
	return false;
}

/*
 * Return: false if there is no such filter, such as of what contradicts itself.
 */
static bool add_to_pool(struct match_rig *r, pcap_t *pcap, const char *expr)
{
	struct cbpf_program *to = &r->pool[r->n_pool];
	struct bpf_program program;
	struct cbpf_report report;

	if (pcap_compile(pcap, &program, expr, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	to->n = program.bf_len <= CBPF_RIG_PROGRAM ? program.bf_len : 0;
	memcpy(to->pcap, program.bf_insns, to->n * sizeof(*to->pcap));
	pcap_freecode(&program);
	if (!cbpf_validate(to->insn, to->n, &report) ||
	    report.need > FRAME_SNAP_MAX)
		return false;
	r->length[r->n_pool] = asks_length(to);
	r->deep[r->n_pool++] = report.need > CACHE_BYTES;
	return true;
}

static void fill_pool(struct match_rig *r)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	char expr[EXPR];

	assert_non_null(pcap);
	for (const char *const *e = cbpf_expressions; *e; e++)
		add_to_pool(r, pcap, *e);
	while (r->n_pool < MATCH_POOL) {
		make_expression(r, expr);
		add_to_pool(r, pcap, expr);
	}
	pcap_close(pcap);
}

/* --- policies ----------------------------------------------------------- */

static uint16_t add_rule(struct match_rig *r, bool deep)
{
	struct policy_image *image = r->image;
	uint16_t rule = image_rule(image, below(r, 2), false, NULL);
	const struct cbpf_program *p;
	uint32_t which;

	if (below(r, 30) == 0)
		return rule;
	do
		which = below(r, r->n_pool);
	while ((r->deep[which] && !deep) || (r->length[which] && below(r, 20)));
	p = &r->pool[which];
	image->rule[rule].n = (uint16_t)p->n;
	memcpy(image->insn + image->n_insns, p->insn, p->n * sizeof(*p->insn));
	image->n_insns += p->n;
	assert_true(image->n_insns + CBPF_RIG_PROGRAM < POLICY_MAX_INSNS);
	return rule;
}

void match_take(struct match_rig *r)
{
	uint32_t at;
	enum policy_fault fault = policy_load(r->policy, r->image, &at);

	if (fault != POLICY_FAULT_SOUND)
		fail_msg("the policy %s (at %u)", policy_fault_text(fault), at);
	r->policy->generation++;
}

void match_policy(struct match_rig *r, bool deep)
{
	uint16_t rules[20];

	free(r->image);
	r->image = image_new();
	for (unsigned int s = 0; s < MATCH_PORTS; s++)
		for (unsigned int d = 0; d < MATCH_PORTS; d++) {
			unsigned int n = 1 + below(r, 1 + below(r, 20));

			for (unsigned int i = 0; i < n; i++)
				rules[i] = add_rule(r, deep);
			image_pair(r->image, s, d, rules, n);
		}
	merge_pairs(r->image);
	match_take(r);
}

uint16_t match_naive(const struct match_rig *r, const struct frame *f,
		     unsigned int src, unsigned int dst)
{
	const struct policy_image *image = r->image;
	const struct policy_pair *pair = &image->pair[src][dst];

	for (unsigned int i = 0; i < pair->n; i++) {
		const struct policy_rule *rule =
			&image->rule[image->entry[pair->first + i]];
		const void *insns = image->insn + rule->first;

		if (rule->n == 0 ||
		    bpf_filter(insns, f->bytes, f->len, f->snap) != 0)
			return (uint16_t)(pair->first + i);
	}
	return POLICY_NO_ENTRY;
}

/* --- frames ------------------------------------------------------------- */

static void make_longer(struct match_rig *r, struct match_bytes *o,
			uint32_t len)
{
	while (o->len < len)
		o->bytes[o->len++] = (uint8_t)cbpf_random32(&r->random);
}

static void add_tag(struct match_rig *r, struct match_bytes *o)
{
	if (o->len + 4 > MATCH_FRAME)
		return;
	memmove(o->bytes + 16, o->bytes + 12, o->len - 12u);
	o->bytes[12] = 0x81;
	o->bytes[13] = 0;
	o->bytes[14] = 0;
	o->bytes[15] = below(r, 2) ? 5 : 7;
	o->len += 4;
}

static void change_byte(struct match_rig *r, struct match_bytes *o,
			uint32_t among)
{
	uint32_t at = below(r, o->len < among ? o->len : among);

	o->bytes[at] ^= (uint8_t)(1u << below(r, 8));
}

void match_family(struct match_rig *r)
{
	for (unsigned int i = 0; i < MATCH_ANCESTORS; i++) {
		struct match_bytes *o = &r->ancestor[i];

		o->len = cbpf_frame(&r->random, o->bytes);
		if (below(r, 4) == 0)
			add_tag(r, o);
		if (below(r, 4) == 0)
			make_longer(r, o, 160 + below(r, MATCH_FRAME - 159));
	}
}

void match_member(struct match_rig *r, struct match_bytes *out)
{
	*out = r->ancestor[below(r, MATCH_ANCESTORS)];
	switch (below(r, 12)) {
	case 0:
		change_byte(r, out, 64);
		break;
	case 1:
		change_byte(r, out, MATCH_FRAME);
		break;
	case 2:
		out->len = FRAME_MIN + below(r, out->len - FRAME_MIN + 1);
		break;
	case 3:
		make_longer(r, out,
			    out->len < MATCH_FRAME - 8 ? out->len + below(r, 8)
						       : out->len);
		break;
	case 4:
		add_tag(r, out);
		break;
	default:
		break;
	}
}

void match_snapshot(struct frame *f, const struct match_bytes *bytes,
		    unsigned int snap)
{
	/* Behind the snapshot is anything, but zeros in the first bytes. */
	memset(f, 0x5a, sizeof(*f));
	memset(f->bytes, 0, FRAME_SNAP);
	f->len = (uint16_t)bytes->len;
	f->snap = (uint16_t)(bytes->len < snap ? bytes->len : snap);
	memcpy(f->bytes, bytes->bytes, f->snap);
	frame_parse(f);
}

/* --- making and unmaking ------------------------------------------------ */

struct match_rig *match_rig_new(uint64_t seed)
{
	struct match_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	cbpf_rig_init(&r->random, seed);
	r->policy = policy_new();
	r->cache = calloc(1, sizeof(*r->cache));
	r->places = calloc(MAX_PORTS, sizeof(*r->places));
	assert_true(r->cache && r->places);
	cache_init(r->cache, r->places, MAX_PORTS, seed);
	r->image = image_new();
	fill_pool(r);
	return r;
}

void match_rig_free(struct match_rig *r)
{
	cbpf_rig_exit(&r->random);
	free(r->image);
	free(r->policy);
	free(r->places);
	free(r->cache);
	free(r);
}
