/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of the table of flows: what policy/flow.h says, with a plain array
 * and no regard to speed.  It never sees a frame: it is told what the frame
 * says.
 */
#ifndef WEIR_TESTS_FLOW_MODEL_H
#define WEIR_TESTS_FLOW_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/flow.h"

#define MODEL_CAPACITY 24u
#define MODEL_ENDS (MODEL_CAPACITY / 4 + 64)
#define MODEL_PORTS 4u

/* What frames say; the first ones are what flows are of, too. */
enum what {
	TCP,
	UDP,
	GRE,
	ECHO,
	ARP,
	ND,
	PART, /* a later fragment; the first, remembered */
	ECHO_REPLY,
	ARP_REPLY,
	ADVERTISEMENT,
	TO_ALL, /* an advertisement to all */
	FIRST,	/* the first fragment of UDP */
	ERROR,	/* about UDP from @to to @from */
	WHATS,
};

/**
 * struct said - what a frame says, seen from its sender
 * @fport, @tport: ports; of who asks with an echo, its identifier
 * @id:    of a fragment
 * @at:    of a later fragment, @len: of the first: bytes in eights
 */
struct said {
	enum what what;
	bool v6;
	unsigned int from, to;
	unsigned int fport, tport;
	unsigned int flags;
	unsigned int id, at, len;
	struct flow_path path;
};

/**
 * struct model_flow - a flow of the model, seen from who began
 * @order: grows with each change of @seen, @life or @used
 * @used:  it was answered, and is not at its end
 */
struct model_flow {
	enum what what;
	bool v6;
	unsigned int a, b;
	unsigned int aport, bport;
	struct flow_path path;
	enum flow_state state;
	bool fin_a, fin_b, used;
	unsigned int behind;
	uint32_t seen, life, rule, generation;
	uint64_t order;
};

/* Of what an address at an end of a flow is. */
enum end { OWN, NEAR };

/**
 * struct model_end - an address
 * @port: NEAR: where it was found; MODEL_PORTS: nowhere
 * @path: OWN: as the initiator sends; NEAR: without @dst
 */
struct model_end {
	enum end end;
	bool v6, answered;
	unsigned int addr, port;
	struct flow_path path;
	uint32_t seen, life;
	uint64_t order;
};

struct model {
	struct model_flow flow[MODEL_CAPACITY];
	unsigned int count;
	struct model_end near[MODEL_ENDS];
	unsigned int ends;
	uint64_t order, evicted, opened, forgotten;
};

/* Of what such a frame is a part. */
enum what flow_of(enum what what);

/* Forget what has expired: before anything else is asked at that time. */
void model_expire(struct model *m, uint32_t now);

/* As flow_opened(). */
void model_opened(struct model *m, const struct said *s, uint32_t rule,
		  uint32_t generation, uint32_t now);

/*
 * As flow_answers() of anything but address resolution.  Return: the flow, or
 * NULL.
 */
struct model_flow *model_answers(struct model *m, const struct said *s);

/* As flow_answers() of address resolution. */
bool model_resolves(struct model *m, const struct said *s);

/* As flow_answered(). */
void model_answered(struct model *m, const struct said *s, struct model_flow *f,
		    uint32_t generation, uint32_t now);
void model_resolved(struct model *m, const struct said *s, uint32_t now);

/* --- addresses (tests/unit/flow_model_near.c) --------------------------- */

void model_expire_ends(struct model *m, uint32_t now);
void model_own(struct model *m, const struct said *s, unsigned int addr,
	       const struct flow_path *path, uint32_t life, bool answered,
	       bool make, uint32_t now);
struct model_end *model_near(struct model *m, bool v6, unsigned int addr,
			     unsigned int vlan, unsigned int initiator);
bool model_is_own(const struct model *m, const struct said *s,
		  unsigned int addr);
void model_found(struct model *m, const struct said *s, unsigned int addr,
		 bool move, uint32_t now);
void model_missed(struct model *m, const struct said *s, uint32_t now);

#endif
