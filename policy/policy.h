/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may send to whom.
 *
 * The switch asks policy two questions and no others:
 *
 *	policy_admit()		may this port send this frame at all?  Asked
 *				before anything is learned from the frame.
 *	vswitch_can_send()	may this frame go from this port to that one?
 *				Asked once per (frame, destination).
 *
 * Behind vswitch_can_send() policies are stacked.  Each can refuse, and none
 * can allow what an earlier one refused: is there a rule for the pair at all;
 * the pair's rules, first match wins (or the frame answers a flow its
 * destination began); then the user's own C file (policy/user/, `make
 * POLICY=file.c`).
 *
 * A policy is asked for every frame, changes while frames flow, and has state
 * (flows, buckets, homes of addresses).  So there are two structures:
 *
 *	struct policy		what the topology says: made from an image by
 *				policy_load(), never changed after that, and
 *				replaced as a whole between two frames
 *	struct policy_state	what was seen: outlives policies
 *
 * The questions change neither.  When a frame passes, policy_sent(),
 * bucket_take() and flap_moved() update the state.  So `weir trace` can ask the
 * same questions without effect.
 *
 * A verdict cache (policy/cache.h) makes this fast; it does not change any
 * verdict.
 *
 * Policies see a private snapshot of the frame, never shared memory, keep no
 * globals and do bounded work.
 */
#ifndef WEIR_POLICY_POLICY_H
#define WEIR_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "policy/bucket.h"
#include "policy/cache.h"
#include "policy/flap.h"
#include "policy/flow.h"
#include "policy/image.h"
#include "policy/room.h"
#include "base/frame.h"
#include "base/reason.h"
#include "base/with.h"

/**
 * struct policy_words - numbers the topology passes to the user's own policy
 * @word: `policy 443 10.0.0.1 02:00:00:00:00:07` gives three of them: a number
 *        as it is, an IPv4 address and a MAC address as numbers
 * @n:    how many
 */
struct policy_words {
	const uint64_t *word;
	unsigned int n;
};

/**
 * struct policy_said - what a rule says of a frame that its filter matches
 * @id:   the rule's
 * @says: POLICY_SAYS_*
 */
struct policy_said {
	uint32_t id;
	uint32_t says;
};

#define POLICY_SAYS_ALLOW 1u
#define POLICY_SAYS_REPLY 2u
/* It does not match every frame. */
#define POLICY_SAYS_FILTER 4u

/**
 * struct policy - the policy of one switch
 * @port, and from @pair on: as in struct policy_image, as long as @room says;
 *              @port all zero refuses everything
 * @asks:       by source: bit d set: the pair's rules are asked.  Where it is
 *              clear, @port's bits decide
 * @counted:    by source: bit d set: the pair's first entry lets every frame
 *              pass, and these are counted for it
 * @reaches:    by source: ports a frame may reach, by @allow or by rules
 * @answers:    by source: bit d set: d has a rule with `reply` towards source
 * @guarded:    ports whose frames policy_admit() must look at
 * @limited:    ports to which there is a limit
 * @known_only: ports that frames to unknown addresses are not flooded to
 * @tagged:     ports that are not transparent to VLANs
 * @replies:    whether any rule has `reply`
 * @snap:       by source: bytes its frames are judged by, a multiple of 8
 * @said:       by entry of a pair that asks
 * @need:       by source: bytes the filters of its rules may look at
 * @generation: counts policies; never 0
 * @n_entries:  entries used
 * @words:      what the user's own policy gets
 * @snooping:   see struct policy_image
 * @room:       how long the arrays are
 */
struct policy {
	uint64_t asks[MAX_PORTS];
	uint64_t counted[MAX_PORTS];
	uint64_t answers[MAX_PORTS];
	uint64_t reaches[MAX_PORTS];
	uint64_t guarded;
	uint64_t limited;
	uint64_t known_only;
	uint64_t tagged;
	uint16_t snap[MAX_PORTS];
	uint16_t need[MAX_PORTS];
	uint32_t generation;
	uint32_t n_entries;
	struct policy_words words;
	bool snooping;
	bool replies;
	struct policy_room room;
	struct policy_pair *pair[MAX_PORTS];
	struct policy_rule *rule;
	uint16_t *entry;
	struct policy_said *said;
	struct policy_prefix *prefix;
	struct policy_trunk *trunk;
	uint64_t *word;
	uint64_t *mac;
	struct policy_program *program;
	struct cbpf_insn *insn;
	/* Copied in words. */
	_Alignas(8) struct policy_port port[];
};

/**
 * struct policy_buckets - what one port may still do
 * @in, @out: send and receive
 * @storm:    flood
 */
struct policy_buckets {
	struct bucket in;
	struct bucket out;
	struct bucket storm[STORMS];
};

/**
 * struct policy_state - what has been seen
 * @flows: table of flows, or NULL
 * @flap:  homes of addresses, blocked ports
 * @bucket: by port, for as many as there are
 * @cache: the verdict cache
 */
struct policy_state {
	struct flow_table *flows;
	struct flap flap;
	struct policy_buckets *bucket;
	struct policy_cache cache;
};

/* The table of flows, if there is one. */
static inline struct flow_table *policy_flows(const struct policy_state *state)
{
	return WITH_FLOWS ? state->flows : NULL;
}

/* Ports that are not transparent to VLANs. */
static inline uint64_t policy_tagged(const struct policy *policy)
{
	return WITH_VLANS ? policy->tagged : 0;
}

/* Ports that are asked about frames from @src. */
static inline uint64_t policy_asks(const struct policy *policy,
				   unsigned int src)
{
	return WITH_FILTERS ? policy->asks[src] : 0;
}

/**
 * struct policy_answer - may it go to a port, and which entry decided
 * @why:   REASON_NONE, or why not
 * @entry: the pair's entry that decided; POLICY_NO_ENTRY if none did
 * @reply: it passes because it answers a flow; @entry is then NO_ENTRY
 * @noted: policy_sent() has nothing to note, if it passes
 */
struct policy_answer {
	enum vswitch_reason why;
	uint16_t entry;
	bool reply;
	bool noted;
};

/**
 * struct policy_ask - a question to policy, about one frame
 * @frame:  parsed snapshot
 * @src:    port it comes from, less than MAX_PORTS
 * @parsed: @packet is filled in; false at first
 * @answered: one more than the port it was asked about before, nothing having
 *          changed since; or 0
 * @answer: of @answered
 * @now_ns: the time
 * @packet: the frame parsed as a packet, once that is needed
 */
struct policy_ask {
	const struct frame *frame;
	unsigned int src;
	bool parsed;
	unsigned int answered;
	struct policy_answer answer;
	uint64_t now_ns;
	struct packet packet;
};

/* --- changing ---------------------------------------------------------- */

/* What can be wrong with an image.  POLICY_FAULT(symbol, text for a person) */
#define POLICY_FAULTS(POLICY_FAULT)                                            \
	POLICY_FAULT(SOUND, "is sound")                                        \
	POLICY_FAULT(NO_IMAGE, "is not a policy")                              \
	POLICY_FAULT(COUNTS, "has more of something than there is room for")   \
	POLICY_FAULT(PAIR, "names entries that are not there")                 \
	POLICY_FAULT(ENTRY, "names a rule that is not there")                  \
	POLICY_FAULT(RULE, "has an impossible rule")                           \
	POLICY_FAULT(PROGRAM, "has a filter that may not be run")              \
	POLICY_FAULT(DEEP, "has a filter that looks at more than 256 bytes")   \
	POLICY_FAULT(MERGED, "has a merged program that may not be run")       \
	POLICY_FAULT(PORT, "has an impossible port setting")                   \
	POLICY_FAULT(LOCKS, "locks an address to two ports, or too many")      \
	POLICY_FAULT(PREFIX, "has an impossible address prefix")               \
	POLICY_FAULT(NO_FLOWS, "has rules with reply, and no table of flows")

#define POLICY_FAULT_ENUM(symbol, text) POLICY_FAULT_##symbol,
enum policy_fault { POLICY_FAULTS(POLICY_FAULT_ENUM) POLICY_FAULT_COUNT };
#undef POLICY_FAULT_ENUM

/**
 * policy_fault_text - what is wrong with an image, after "the policy "
 */
const char *policy_fault_text(enum policy_fault fault);

/**
 * policy_load - make a policy from an image, if the image is valid
 * @to:    made by policy_init(); overwritten, also on failure
 * @image: may be changed by others all the time; each word is read once
 * @at:    out: which rule, port, ... is wrong; may be NULL
 *
 * @to->generation is left alone.  Return: POLICY_FAULT_SOUND, or what is wrong.
 */
enum policy_fault policy_load(struct policy *to,
			      const volatile struct policy_image *image,
			      uint32_t *at);

/**
 * policy_settle - compute derived fields (@asks to @need)
 * For tests that fill in a policy by hand; policy_load() does it itself.
 */
void policy_settle(struct policy *policy);

/**
 * policy_begin - adapt the state to a new policy
 * @state:  its buckets get the policy's settings; flows stay, and are found to
 *          have lost their rule when they are next asked for
 * @policy: the one that holds from now on
 */
void policy_begin(struct policy_state *state, const struct policy *policy);

/* --- asking ------------------------------------------------------------ */

/* A locked port's addresses: from 0 to @p->n_macs. */
static inline uint64_t policy_mac(const struct policy *policy,
				  const struct policy_port *p, unsigned int i)
{
	return i == 0 ? p->locked_mac : policy->mac[p->first_mac + i - 1];
}

/**
 * policy_has_mac - is a port locked to this address, among others?
 */
static inline bool policy_has_mac(const struct policy *policy,
				  unsigned int port, uint64_t mac)
{
	const struct policy_port *p = &policy->port[port];

	for (unsigned int i = 0; p->locked && i <= p->n_macs; i++)
		if (policy_mac(policy, p, i) == mac)
			return true;
	return false;
}

/**
 * policy_guard - policy_admit() for a port with anything to check
 */
enum vswitch_reason policy_guard(const struct policy *policy,
				 const struct policy_state *state,
				 const struct policy_ask *ask);

/**
 * policy_admit - may this port send this frame at all?
 *
 * In this order: blocked port, MAC lock, IP lock, rate.  Return: REASON_NONE,
 * or why not.
 */
static inline enum vswitch_reason policy_admit(const struct policy *policy,
					       const struct policy_state *state,
					       const struct policy_ask *ask)
{
	uint64_t looked_at = policy->guarded | state->flap.blocked;

	return looked_at >> ask->src & 1 ? policy_guard(policy, state, ask)
					 : REASON_NONE;
}

/**
 * policy_match_plainly - the first of a pair's rules that matches
 *
 * Return: its entry, or POLICY_NO_ENTRY.
 */
uint16_t policy_match_plainly(const struct policy *policy,
			      const struct frame *frame, unsigned int src,
			      unsigned int dst);

/**
 * policy_match_slowly - the same, of a verdict that is not a recent one
 *
 * If it is not in the cache at all, it is from now on.
 */
uint16_t policy_match_slowly(const struct policy *policy,
			     struct policy_cache *cache,
			     const struct frame *frame, unsigned int src,
			     unsigned int dst);

/**
 * policy_match - the same, from the verdict cache if it is there
 * @cache: the verdict cache, or NULL
 */
static FAST_PATH uint16_t policy_match(const struct policy *policy,
				       struct policy_cache *cache,
				       const struct frame *frame,
				       unsigned int src, unsigned int dst)
{
	uint32_t generation = policy->generation;
	uint16_t entry;

	if (cache == NULL)
		return policy_match_plainly(policy, frame, src, dst);
	if (likely(cache_recent(cache, frame, src, dst, generation, &entry)))
		return entry;
	return policy_match_slowly(policy, cache, frame, src, dst);
}

/**
 * policy_ruled - what a pair's rules say of a frame, flows left out
 *
 * Arguments as of vswitch_can_send(), for a pair that asks.
 */
static FAST_PATH enum vswitch_reason policy_ruled(const struct policy *policy,
						  struct policy_cache *cache,
						  const struct policy_ask *ask,
						  unsigned int dst,
						  struct policy_answer *answer)
{
	unsigned int says;

	answer->reply = false;
	answer->noted = true;
	answer->entry = policy_match(policy, cache, ask->frame, ask->src, dst);
	/* A pair without rules of its own is asked only because of answers. */
	if (unlikely(answer->entry == POLICY_NO_ENTRY))
		return policy->pair[ask->src][dst].n > 0 ? REASON_NO_RULE
							 : REASON_NO_FLOW;
	says = policy->said[answer->entry].says;
	answer->noted = !(says & POLICY_SAYS_REPLY);
	return says & POLICY_SAYS_ALLOW ? REASON_NONE : REASON_DENIED;
}

/**
 * policy_user - the user's own policy, last in the stack
 * @frame: parsed snapshot; bytes from @frame->snap on mean nothing
 * @src:   port the frame came from
 * @dst:   port it would go to; allow list and rules have agreed already
 * @words: what the topology says
 *
 * Exactly one C file defines it: policy/user/none.c, or the one named by
 * `make POLICY=`.  It must be a pure function of its arguments.
 *
 * Return: false to refuse (REASON_POLICY).
 */
bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words);

/* Only policy/user/none.c has it: nobody needs to be asked. */
extern const bool policy_user_is_none __attribute__((weak));

static inline bool policy_has_user(void)
{
	return &policy_user_is_none == NULL;
}

/**
 * policy_asked - what a pair's rules, and flows, say of a frame
 *
 * Arguments as of vswitch_can_send(), for a pair that asks.
 */
enum vswitch_reason policy_asked(const struct policy *policy,
				 const struct policy_state *state,
				 struct policy_cache *cache,
				 struct policy_ask *ask, unsigned int dst,
				 struct policy_answer *answer);

/* The allow list, without a rule to be asked. */
static inline enum vswitch_reason policy_listed(const struct policy *policy,
						const struct policy_ask *ask,
						unsigned int dst,
						struct policy_answer *answer)
{
	const struct policy_pair *pair = &policy->pair[ask->src][dst];

	answer->reply = false;
	answer->entry = pair->n > 0 ? pair->first : POLICY_NO_ENTRY;
	return policy->port[ask->src].allow >> dst & 1 ? REASON_NONE
						       : REASON_NOT_ALLOWED;
}

/**
 * vswitch_can_send - may this frame go from this port to that one?
 * @policy: the switch's policy
 * @state:  what has been seen
 * @cache:  @state's verdict cache; NULL to change nothing at all
 * @ask:    the frame
 * @dst:    port it would go to, less than MAX_PORTS
 * @answer: out
 *
 * The switch's only question about a pair of ports.
 */
static inline bool vswitch_can_send(const struct policy *policy,
				    const struct policy_state *state,
				    struct policy_cache *cache,
				    struct policy_ask *ask, unsigned int dst,
				    struct policy_answer *answer)
{
	if (unlikely(ask->answered == dst + 1)) {
		*answer = ask->answer;
		return answer->why == REASON_NONE;
	}
	if (unlikely(bit_in(policy_asks(policy, ask->src), dst)))
		answer->why =
			policy_asked(policy, state, cache, ask, dst, answer);
	else
		answer->why = policy_listed(policy, ask, dst, answer);
	if (answer->why == REASON_NONE &&
	    !policy_user(ask->frame, ask->src, dst, &policy->words))
		answer->why = REASON_POLICY;
	return answer->why == REASON_NONE;
}

/**
 * policy_noted - policy_sent() where there is a rule with `reply`
 */
unsigned int policy_noted(const struct policy *policy,
			  struct policy_state *state, struct policy_ask *ask,
			  unsigned int dst, const struct policy_answer *answer);

/**
 * policy_sent - a frame goes to a port whose rules were asked
 * @ask:    as vswitch_can_send() was asked, nothing having changed since
 * @answer: what it said: that it may
 *
 * Begins and refreshes flows.
 *
 * Return: where padding begins that has to be zeroed in this port's copy,
 * because the frame passes for address resolution and for nothing else; or 0.
 */
static inline unsigned int policy_sent(const struct policy *policy,
				       struct policy_state *state,
				       struct policy_ask *ask, unsigned int dst,
				       const struct policy_answer *answer)
{
	if (!WITH_FLOWS)
		return 0;
	if (!answer->reply &&
	    (answer->entry == POLICY_NO_ENTRY ||
	     !(policy->said[answer->entry].says & POLICY_SAYS_REPLY)))
		return 0;
	return policy_noted(policy, state, ask, dst, answer);
}

/**
 * policy_flood_set - ports a flooded frame from @src may be offered to
 * @src:    less than MAX_PORTS
 *
 * The allow list narrows a flood silently (a denied port is not a drop);
 * vswitch_can_send() is then asked for each port of the set.
 */
static inline uint64_t policy_flood_set(const struct policy *policy,
					unsigned int src)
{
	return (policy->port[src].allow | policy->reaches[src]) &
	       ~(1ull << src);
}

#endif
