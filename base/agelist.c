/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/agelist.h"

static struct age_ends *list_of(const struct agelist *a, unsigned int port,
				unsigned int life)
{
	return &a->ends[life * MAX_PORTS + port];
}

void agelist_init(struct agelist *a, struct age_link *link,
		  struct age_ends *ends, unsigned int lives)
{
	*a = (struct agelist){ .link = link, .ends = ends };
	for (unsigned int i = 0; i < lives * MAX_PORTS; i++)
		ends[i] = (struct age_ends){ AGE_NONE, AGE_NONE };
}

void agelist_append(struct agelist *a, unsigned int port, unsigned int life,
		    uint32_t slot)
{
	struct age_ends *list = list_of(a, port, life);

	a->link[slot] = (struct age_link){ list->newest, AGE_NONE };
	if (list->newest != AGE_NONE)
		a->link[list->newest].newer = slot;
	else
		list->oldest = slot;
	list->newest = slot;
	a->held[port]++;
	a->holders |= bit(port);
}

void agelist_remove(struct agelist *a, unsigned int port, unsigned int life,
		    uint32_t slot)
{
	struct age_ends *list = list_of(a, port, life);
	struct age_link l = a->link[slot];

	if (l.older != AGE_NONE)
		a->link[l.older].newer = l.newer;
	else
		list->oldest = l.newer;
	if (l.newer != AGE_NONE)
		a->link[l.newer].older = l.older;
	else
		list->newest = l.older;
	if (--a->held[port] == 0)
		a->holders &= ~bit(port);
}

unsigned int agelist_greediest(const struct agelist *a)
{
	uint64_t ports = a->holders;
	unsigned int most = MAX_PORTS;

	while (ports) {
		unsigned int port = bit_pop(&ports);

		if (most == MAX_PORTS || a->held[port] > a->held[most])
			most = port;
	}
	return most;
}
