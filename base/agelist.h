/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of a table's entries by age, and who loses one when the table is full.
 *
 * Stations fill the tables of a switch, and no port may push the entries of the
 * others out.  So each port has lists of its entries, oldest first, and a full
 * table takes the next place from the port that has the most.
 *
 * A port has one list for every *life*: all entries of a life last equally
 * long.  An entry goes to the end of its list when the second in which it was
 * last seen changes.  Seconds do not go backwards, so each list is sorted.
 * Expired entries are therefore found at the heads of lists, and so is a port's
 * oldest one.
 *
 * Entries are slots of the table, which owns all memory.
 */
#ifndef WEIR_BASE_AGELIST_H
#define WEIR_BASE_AGELIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

#define AGE_NONE UINT32_MAX

struct age_link {
	uint32_t older;
	uint32_t newer;
};

struct age_ends {
	uint32_t oldest;
	uint32_t newest;
};

/**
 * struct agelist - lists of a table
 * @link:     per slot
 * @ends:     per life and port
 * @holders:  ports that have entries
 * @held:     per port: entries of all lives
 * @fresh_at: one more than the second in which no entry was found expired: as
 *            seconds only grow, none can be then.  0: not known
 */
struct agelist {
	struct age_link *link;
	struct age_ends *ends;
	uint64_t holders;
	uint32_t held[MAX_PORTS];
	uint64_t fresh_at;
};

/**
 * agelist_init - empty lists
 * @link:  one for each slot of the table
 * @ends:  @lives times MAX_PORTS
 */
void agelist_init(struct agelist *a, struct age_link *link,
		  struct age_ends *ends, unsigned int lives);

/**
 * agelist_append - an entry that is in no list is the newest of one
 */
void agelist_append(struct agelist *a, unsigned int port, unsigned int life,
		    uint32_t slot);

/**
 * agelist_remove - take an entry out of the list it is in
 */
void agelist_remove(struct agelist *a, unsigned int port, unsigned int life,
		    uint32_t slot);

/**
 * agelist_greediest - the port with the most entries
 *
 * Return: the lowest number among equals, or MAX_PORTS if there are no entries.
 */
unsigned int agelist_greediest(const struct agelist *a);

/**
 * agelist_oldest - the entry of a list longest unseen, or AGE_NONE
 */
static inline uint32_t agelist_oldest(const struct agelist *a,
				      unsigned int port, unsigned int life)
{
	return a->ends[life * MAX_PORTS + port].oldest;
}

/* Whether it is known that no entry has expired in this second. */
static inline bool agelist_is_fresh(const struct agelist *a, uint32_t now)
{
	return a->fresh_at == (uint64_t)now + 1;
}

static inline void agelist_set_fresh(struct agelist *a, uint32_t now)
{
	a->fresh_at = (uint64_t)now + 1;
}

#endif
